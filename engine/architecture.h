/* The architectures of GGUF files that tolka runs. */
#ifndef ARCHITECTURE_H
#define ARCHITECTURE_H

#include "engine/gguf.h"

enum architecture {
    ARCHITECTURE_UNSAID, /* a file with tensors alone */
    ARCHITECTURE_TOLKA,
    ARCHITECTURE_T5,
};

/* What general.architecture says; another one than these is an error. */
tolka_status gguf_architecture(const struct gguf *gguf, enum architecture *out, tolka_error *err);

#endif
