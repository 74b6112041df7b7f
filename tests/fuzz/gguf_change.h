/* GGUF files, taken apart into header, values, tensors and data, and put together again with one
 * thing changed. */
#ifndef GGUF_CHANGE_H
#define GGUF_CHANGE_H

#include "tests/fuzz/fuzz.h"

void change_gguf(struct chance *chance, struct blob *file);

#endif
