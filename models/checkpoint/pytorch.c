/* PyTorch checkpoints of both kinds: since 1.6, and before. */
#include "engine/file_kind.h"
#include "models/checkpoint/containers.h"
#include "models/checkpoint/index.h"
#include "models/checkpoint/pytorch_legacy.h"
#include "models/checkpoint/pytorch_zip.h"

static tolka_status load_file(struct source *source, const char *path, tolka_error *err) {
    struct map map;
    tolka_status status = source_map(source, path, &map, err);
    if (status != TOLKA_OK) return status;
    struct state_dict dict = {.path = path};
    enum file_kind kind = file_kind_of(map.bytes, map.n_bytes);
    if (kind == FILE_PYTORCH)
        status = read_zipped_state_dict(&dict, &map, err);
    else if (kind == FILE_PYTORCH_OLD || kind == FILE_PICKLE)
        status = read_legacy_state_dict(&dict, &map, err);
    else
        status = fail(err, TOLKA_UNSUPPORTED, "%s: not a PyTorch checkpoint: %s", path,
                      file_kind_phrase(kind));
    if (status == TOLKA_OK) status = state_dict_add(source, &dict, err);
    state_dict_free(&dict);
    return status;
}

tolka_status read_pytorch(struct source *source, const char *path, tolka_error *err) {
    tolka_status status = load_file(source, path, err);
    return status == TOLKA_OK ? source_sort(source, err) : status;
}

tolka_status read_pytorch_index(struct source *source, const char *path, tolka_error *err) {
    return read_index(source, path, load_file, err);
}
