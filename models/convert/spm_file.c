#include "models/convert/spm_file.h"

#include "models/convert/unigram_json.h"
#include "tokenizer/spm_check.h"

#include <stdlib.h>

bool spm_file_is_json(const struct spm_file *file) {
    return file->map.n_bytes > 0 && file->map.bytes[0] == '{';
}

static tolka_status find_model(struct spm_file *file, const char *path, tolka_error *err) {
    tolka_status status = map_open(&file->map, path, err);
    if (status != TOLKA_OK) return status;
    file->model = file->map.bytes;
    file->n_model = file->map.n_bytes;
    if (!spm_file_is_json(file)) return TOLKA_OK;
    status = unigram_from_json(file->map.bytes, file->map.n_bytes, path, &file->built,
                               &file->n_model, err);
    file->model = file->built;
    return status;
}

tolka_status spm_file_open(struct spm_file *file, const char *path, tolka_error *err) {
    char why[SPM_WHY] = "out of memory";
    uint8_t *checked = NULL;
    size_t n;
    *file = (struct spm_file){0};
    tolka_status status = find_model(file, path, err);
    if (status != TOLKA_OK) return status;
    enum spm_status loaded = spm_check(file->model, file->n_model, SPM_DECODE, &checked, &n, why);
    if (loaded == SPM_OK) loaded = spm_load(&file->spm, checked, n, why);
    free(checked);
    if (loaded == SPM_OK) return TOLKA_OK;
    tolka_status status_of_file = loaded == SPM_UNSUPPORTED ? TOLKA_UNSUPPORTED : TOLKA_FORMAT;
    return fail(err, loaded == SPM_NOMEM ? TOLKA_NOMEM : status_of_file, "%s: %s", path, why);
}

void spm_file_close(struct spm_file *file) {
    map_close(&file->map);
    free(file->built);
    spm_free(file->spm);
    *file = (struct spm_file){0};
}
