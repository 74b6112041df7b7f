/* A file proves itself: sentences with the ids and log-probabilities that the source weights gave
 * in f32, stored by convert and run again by check (references_check.h). */
#ifndef REFERENCES_H
#define REFERENCES_H

#include "models/convert/gguf_writer.h"
#include "models/convert/import.h"

/* Translates a few sentences with the checkpoint's own weights and writes tolka.check.*. The
 * tokenizer's metadata must be in `writer` already. */
tolka_status write_references(struct gguf_writer *writer, struct import *import, tolka_error *err);

#endif
