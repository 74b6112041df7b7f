/* What a file is, told by its bytes: the one place that knows the signatures of other people's
 * formats. Whoever opens files asks here, to choose a reader or to say why there is none. */
#ifndef FILE_KIND_H
#define FILE_KIND_H

#include <stddef.h>
#include <stdint.h>

enum file_kind {
    FILE_UNKNOWN,
    FILE_EMPTY,
    /* Checkpoints and model files. */
    FILE_GGUF,
    FILE_SAFETENSORS,
    FILE_SAFETENSORS_INDEX,
    FILE_PYTORCH, /* any zip archive that is no npz */
    FILE_PYTORCH_INDEX,
    FILE_PYTORCH_OLD, /* a pickle and more, without the zip */
    FILE_PICKLE,
    FILE_NPZ,
    FILE_MARIAN_BIN,
    FILE_CTRANSLATE2,
    /* What people take for one. */
    FILE_GGUF_BIG_ENDIAN,
    FILE_GGML,
    FILE_HDF5,
    FILE_NPY,
    FILE_SENTENCEPIECE,
    FILE_LFS_POINTER,
    FILE_GZIP,
    FILE_XZ,
    FILE_ZSTD,
    FILE_BZIP2,
    FILE_TAR,
    FILE_HTML,
    FILE_PROGRAM,
    FILE_PDF,
    FILE_JSON,
    FILE_TEXT,
    N_FILE_KINDS,
};

/* `bytes` are the whole file: an index of shards is told by what stands in it. */
enum file_kind file_kind_of(const uint8_t *bytes, size_t n_bytes);
/* A phrase with advice: "a gzip file; unpack it first". */
const char *file_kind_phrase(enum file_kind kind);
/* Both at once, for messages. */
const char *describe_file(const uint8_t *bytes, size_t n_bytes);

#endif
