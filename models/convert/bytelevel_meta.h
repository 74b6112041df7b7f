/* Byte-level BPE on its way into a model file. */
#ifndef BYTELEVEL_META_H
#define BYTELEVEL_META_H

#include "models/convert/gguf_writer.h"
#include "models/convert/import.h"

/* Writes tolka.tokenizer.kind, .vocab, .merges and .extra from a vocabulary and a list of merges:
 * vocab.json and merges.txt, or a tokenizer.json for both. */
tolka_status write_bytelevel(struct gguf_writer *writer, struct import *import,
                             const char *vocab_path, const char *merges_path, tolka_error *err);

#endif
