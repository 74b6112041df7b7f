#include "engine/file_kind.h"

#include "engine/bytes.h"

#include <string.h>

/* ---- phrases --------------------------------------------------------------------------------- */

#define CONVERT_IT "; tolka convert makes a model file of it"
#define CONVERT_DIRECTORY "; tolka convert makes a model file of its directory"

/* The commonest mistake deserves the clearest answer. */
static const char *const phrases[N_FILE_KINDS] = {
    [FILE_UNKNOWN] = "of a kind unknown to tolka",
    [FILE_EMPTY] = "an empty file",
    [FILE_GGUF] = "a GGUF file",
    [FILE_SAFETENSORS] = "a safetensors checkpoint" CONVERT_DIRECTORY,
    [FILE_SAFETENSORS_INDEX] = "the index of safetensors shards" CONVERT_DIRECTORY,
    [FILE_PYTORCH] = "a zip archive (a PyTorch checkpoint or .npz)" CONVERT_IT,
    [FILE_PYTORCH_INDEX] = "the index of PyTorch shards" CONVERT_DIRECTORY,
    [FILE_PYTORCH_OLD] = "a PyTorch checkpoint of before 1.6" CONVERT_IT,
    [FILE_PICKLE] = "a bare Python pickle; save the checkpoint as safetensors",
    [FILE_NPZ] = "a zip archive (a PyTorch checkpoint or .npz)" CONVERT_IT,
    [FILE_MARIAN_BIN] = "a Marian .bin checkpoint" CONVERT_IT,
    [FILE_CTRANSLATE2] = "a CTranslate2 model" CONVERT_DIRECTORY,
    [FILE_GGUF_BIG_ENDIAN] = "a big-endian GGUF file",
    [FILE_GGML] = "a GGML file of the time before GGUF",
    [FILE_HDF5] = "an HDF5 file (a Keras or TensorFlow checkpoint)",
    [FILE_NPY] = "a single numpy array",
    [FILE_SENTENCEPIECE] = "perhaps a SentencePiece model; the model file is made by tolka convert",
    [FILE_LFS_POINTER] = "a Git LFS pointer, not the file itself; fetch it with git lfs pull",
    [FILE_GZIP] = "a gzip file" CONVERT_IT,
    [FILE_XZ] = "an xz file" CONVERT_IT,
    [FILE_ZSTD] = "a zstd file" CONVERT_IT,
    [FILE_BZIP2] = "a bzip2 file" CONVERT_IT,
    [FILE_TAR] = "a tar archive" CONVERT_IT,
    [FILE_HTML] = "an HTML page (a download that failed?)",
    [FILE_PROGRAM] = "a program",
    [FILE_PDF] = "a PDF document",
    [FILE_JSON] = "a JSON file",
    [FILE_TEXT] = "a text file",
};

const char *file_kind_phrase(enum file_kind kind) {
    return phrases[kind];
}

/* ---- the first bytes ------------------------------------------------------------------------- */

/* The first that fits counts. */
static const struct signature {
    enum file_kind kind;
    size_t length;
    const char *bytes;
} signatures[] = {
    {FILE_GGUF, 4, "GGUF"},
    {FILE_LFS_POINTER, 23, "version https://git-lfs"},
    {FILE_PYTORCH_OLD, 8, "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46"},
    {FILE_PYTORCH_OLD, 8, "\x80\x03\x8a\x0a\x6c\xfc\x9c\x46"},
    {FILE_PICKLE, 2, "\x80\x02"},
    {FILE_PICKLE, 2, "\x80\x03"},
    {FILE_PICKLE, 2, "\x80\x04"},
    {FILE_PICKLE, 2, "\x80\x05"},
    {FILE_GZIP, 2, "\x1f\x8b"},
    {FILE_XZ, 5, "\3757zXZ"},
    {FILE_ZSTD, 4, "\x28\xb5\x2f\xfd"},
    {FILE_BZIP2, 3, "BZh"},
    {FILE_HTML, 9, "<!DOCTYPE"},
    {FILE_HTML, 9, "<!doctype"},
    {FILE_HTML, 5, "<html"},
    {FILE_HTML, 5, "<HTML"},
    {FILE_GGML, 4, "ggml"},
    {FILE_GGML, 4, "lmgg"},
    {FILE_GGML, 4, "tjgg"},
    {FILE_GGUF_BIG_ENDIAN, 4, "FUGG"},
    {FILE_HDF5, 4, "\x89HDF"},
    {FILE_NPY, 6, "\x93NUMPY"},
    {FILE_PROGRAM, 4, "\177ELF"},
    {FILE_PDF, 4, "%PDF"},
};

static enum file_kind kind_by_signature(const uint8_t *bytes, size_t n) {
    for (size_t i = 0; i < sizeof signatures / sizeof *signatures; i++) {
        const struct signature *s = &signatures[i];
        if (n >= s->length && memcmp(bytes, s->bytes, s->length) == 0) return s->kind;
    }
    return FILE_UNKNOWN;
}

/* ---- what has to be looked at ---------------------------------------------------------------- */

/* What an archive is shows in the name of its first entry. */
static enum file_kind kind_of_zip(const uint8_t *bytes, size_t n) {
    enum { HEADER = 30, LENGTH_AT = 26 };
    if (n < 4 || memcmp(bytes, "PK\3\4", 4) != 0) return FILE_UNKNOWN;
    size_t length = n < HEADER ? 0 : load_u16(bytes + LENGTH_AT);
    bool npy =
        length > 4 && length <= n - HEADER && memcmp(bytes + HEADER + length - 4, ".npy", 4) == 0;
    return npy ? FILE_NPZ : FILE_PYTORCH;
}

static bool may_start_json(uint8_t byte) {
    return byte && strchr("{ \t\r\n", byte);
}

static bool is_safetensors(const uint8_t *bytes, size_t n) {
    if (n < 10) return false;
    uint64_t header = load_u64(bytes);
    return header >= 2 && header <= 100000000 && may_start_json(bytes[8]);
}

static bool is_marian_bin(const uint8_t *bytes, size_t n) {
    if (n < 16 || load_u64(bytes) < 1 || load_u64(bytes) > 2) return false;
    uint64_t count = load_u64(bytes + 8);
    return count > 0 && count < 1u << 20;
}

/* A name of `length` bytes with its final NUL. */
static bool is_name(const uint8_t *bytes, size_t n, size_t length) {
    if (length == 0 || length > n || bytes[length - 1] != 0) return false;
    for (size_t i = 0; i + 1 < length; i++)
        if (bytes[i] <= ' ' || bytes[i] > '~') return false;
    return true;
}

/* Version 1 has a count where Marian's 64-bit version has zeros. */
static bool is_ctranslate2(const uint8_t *bytes, size_t n) {
    if (n < 12) return false;
    uint32_t version = load_u32(bytes), length = load_u16(bytes + 4);
    if (version == 1) {
        length = load_u16(bytes + 8);
        return load_u32(bytes + 4) != 0 && length > 1 && is_name(bytes + 10, n - 10, length);
    }
    return version > 1 && version < 64 && length <= 64 && is_name(bytes + 6, n - 6, length);
}

static bool contains(const uint8_t *bytes, size_t n, const char *text) {
    size_t length = strlen(text);
    for (size_t i = 0; i + length <= n; i++)
        if (memcmp(bytes + i, text, length) == 0) return true;
    return false;
}

static enum file_kind kind_of_index(const uint8_t *bytes, size_t n) {
    if (!may_start_json(bytes[0]) || !contains(bytes, n, "\"weight_map\"")) return FILE_UNKNOWN;
    return contains(bytes, n, ".safetensors\"") ? FILE_SAFETENSORS_INDEX : FILE_PYTORCH_INDEX;
}

static bool is_tar(const uint8_t *bytes, size_t n) {
    return n >= 262 && memcmp(bytes + 257, "ustar", 5) == 0;
}

/* Begins with a piece: a field of a few bytes. */
static bool is_sentencepiece(const uint8_t *bytes, size_t n) {
    return n > 2 && bytes[0] == '\n' && bytes[1] > 0 && bytes[1] < 64;
}

static enum file_kind kind_of_text(const uint8_t *bytes, size_t n_bytes) {
    size_t n = n_bytes < 256 ? n_bytes : 256;
    for (size_t i = 0; i < n; i++)
        if (bytes[i] < 9 || (bytes[i] > 13 && bytes[i] < 32) || bytes[i] == 127)
            return FILE_UNKNOWN;
    return bytes[0] == '{' || bytes[0] == '[' ? FILE_JSON : FILE_TEXT;
}

enum file_kind file_kind_of(const uint8_t *bytes, size_t n_bytes) {
    if (n_bytes == 0) return FILE_EMPTY;
    enum file_kind kind = kind_by_signature(bytes, n_bytes);
    if (kind == FILE_UNKNOWN) kind = kind_of_zip(bytes, n_bytes);
    if (kind != FILE_UNKNOWN) return kind;
    if (is_safetensors(bytes, n_bytes)) return FILE_SAFETENSORS;
    if (is_marian_bin(bytes, n_bytes)) return FILE_MARIAN_BIN;
    if (is_ctranslate2(bytes, n_bytes)) return FILE_CTRANSLATE2;
    if (is_tar(bytes, n_bytes)) return FILE_TAR;
    kind = kind_of_index(bytes, n_bytes);
    if (kind != FILE_UNKNOWN) return kind;
    return is_sentencepiece(bytes, n_bytes) ? FILE_SENTENCEPIECE : kind_of_text(bytes, n_bytes);
}

const char *describe_file(const uint8_t *bytes, size_t n_bytes) {
    return file_kind_phrase(file_kind_of(bytes, n_bytes));
}
