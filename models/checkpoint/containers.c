#include "models/checkpoint/containers.h"

#include "engine/file_kind.h"

/* A pickle of protocol 4 may be a checkpoint; of one that is none the reader says so. */
static const struct container containers[N_FILE_KINDS] = {
    [FILE_SAFETENSORS] = {SETTINGS_CONFIG_JSON, "safetensors", 0, read_safetensors},
    [FILE_SAFETENSORS_INDEX] = {SETTINGS_CONFIG_JSON, "safetensors shards", 1,
                                read_safetensors_index},
    [FILE_PYTORCH] = {SETTINGS_CONFIG_JSON, "PyTorch zip", 2, read_pytorch},
    [FILE_PYTORCH_OLD] = {SETTINGS_CONFIG_JSON, "PyTorch before 1.6", 2, read_pytorch},
    [FILE_PICKLE] = {SETTINGS_CONFIG_JSON, "PyTorch before 1.6", 2, read_pytorch},
    [FILE_PYTORCH_INDEX] = {SETTINGS_CONFIG_JSON, "PyTorch shards", 3, read_pytorch_index},
    [FILE_NPZ] = {SETTINGS_MARIAN, "Marian npz", 4, read_npz},
    [FILE_MARIAN_BIN] = {SETTINGS_MARIAN, "Marian bin", 5, read_marian_bin},
    [FILE_CTRANSLATE2] = {SETTINGS_CTRANSLATE2, "CTranslate2", 6, read_ctranslate2},
    [FILE_GGUF] = {SETTINGS_GGUF, "GGUF", 7, read_gguf_source},
};

tolka_status container_of(const char *path, const struct container **out, tolka_error *err) {
    struct map map;
    *out = NULL;
    tolka_status status = map_open(&map, path, err);
    if (status != TOLKA_OK) return status;
    enum file_kind kind = file_kind_of(map.bytes, map.n_bytes);
    map_close(&map);
    if (containers[kind].read) *out = &containers[kind];
    if (*out) return TOLKA_OK;
    return fail(err, TOLKA_FORMAT, "%s: not a checkpoint that tolka can import: %s", path,
                file_kind_phrase(kind));
}
