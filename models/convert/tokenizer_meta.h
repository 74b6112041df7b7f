/* The tokenizer's part of a model file (docs/format.md), from the files beside a checkpoint. */
#ifndef TOKENIZER_META_H
#define TOKENIZER_META_H

#include "models/convert/gguf_writer.h"
#include "models/convert/import.h"

/* Writes tolka.tokenizer.*; sets config.unknown_token if it is not known yet. `vocab` (or NULL) is
 * what --vocab names: one file, or source,target. A checkpoint without tokenizer files gives a
 * model that takes --ids only, and a warning. */
tolka_status write_tokenizer(struct gguf_writer *writer, struct import *import, const char *vocab,
                             tolka_error *err);

#endif
