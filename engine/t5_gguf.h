/* T5 models as llama.cpp writes them. */
#ifndef T5_GGUF_H
#define T5_GGUF_H

#include "engine/config.h"
#include "engine/gguf.h"

/* The configuration of a GGUF file of architecture "t5"; its tensors have the names of roles. */
tolka_status t5_configure_gguf(struct config *config, const struct gguf *gguf, tolka_error *err);

#endif
