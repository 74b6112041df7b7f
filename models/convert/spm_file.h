/* A SentencePiece model beside a checkpoint: a file of its own, or part of a tokenizer.json. */
#ifndef SPM_FILE_H
#define SPM_FILE_H

#include "engine/map.h"
#include "tokenizer/spm.h"

#include <stdbool.h>

struct spm_file {
    struct map map;
    uint8_t *built;       /* a model made from a tokenizer.json, whose pieces are numbered as ids */
    const uint8_t *model; /* what is mapped, or built */
    size_t n_model;
    struct spm *spm;
};

/* Free with spm_file_close, after a failure too. */
tolka_status spm_file_open(struct spm_file *file, const char *path, tolka_error *err);
void spm_file_close(struct spm_file *file);

/* Did it fail over a tokenizer.json, without which the weights can still be used? */
bool spm_file_is_json(const struct spm_file *file);

#endif
