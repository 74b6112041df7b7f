/* The containers in which checkpoints come: the table of them, and beside it the readers that are
 * its rows, each defined in a file of its own. */
#ifndef CONTAINERS_H
#define CONTAINERS_H

#include "models/checkpoint/source.h"

struct container {
    enum source_settings settings;
    const char *kind_name; /* "safetensors", "PyTorch zip", ... */
    int rank;              /* in a directory, the least is preferred */
    tolka_status (*read)(struct source *source, const char *path, tolka_error *err);
};

/* The container that a file is, told by what stands in it, never by its name. */
tolka_status container_of(const char *path, const struct container **out, tolka_error *err);

tolka_status read_safetensors(struct source *source, const char *path, tolka_error *err);
tolka_status read_safetensors_index(struct source *source, const char *path, tolka_error *err);
tolka_status read_pytorch(struct source *source, const char *path, tolka_error *err);
tolka_status read_pytorch_index(struct source *source, const char *path, tolka_error *err);
tolka_status read_npz(struct source *source, const char *path, tolka_error *err);
tolka_status read_marian_bin(struct source *source, const char *path, tolka_error *err);
tolka_status read_ctranslate2(struct source *source, const char *path, tolka_error *err);
tolka_status read_gguf_source(struct source *source, const char *path, tolka_error *err);

#endif
