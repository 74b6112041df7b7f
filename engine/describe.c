/* Says what a file is that is not a model: the commonest mistake deserves the clearest answer. */
#include "engine/gguf.h"

#include <string.h>

struct signature {
    size_t offset;
    const char *bytes;
    size_t length;
    const char *what;
};

static const struct signature signatures[] = {
    {0, "version https://git-lfs", 23,
     "a Git LFS pointer, not the file itself; fetch it with git lfs pull"},
    {0, "PK\3\4", 4,
     "a zip archive (a PyTorch checkpoint or .npz); tolka convert makes a model file of it"},
    {0, "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46", 8,
     "a PyTorch checkpoint of the old kind; save it again with torch 1.6 or later"},
    {0, "\x80\x02", 2, "a bare Python pickle; save the checkpoint as safetensors"},
    {0, "\x80\x04", 2, "a bare Python pickle; save the checkpoint as safetensors"},
    {0, "\x1f\x8b", 2, "a gzip file; unpack it first"},
    {0,
     "\xfd"
     "7zXZ",
     5, "an xz file; unpack it first"},
    {0, "\x28\xb5\x2f\xfd", 4, "a zstd file; unpack it first"},
    {0, "BZh", 3, "a bzip2 file; unpack it first"},
    {257, "ustar", 5, "a tar archive; unpack it first"},
    {0, "<!DOCTYPE", 9, "an HTML page (a download that failed?)"},
    {0, "<!doctype", 9, "an HTML page (a download that failed?)"},
    {0, "<html", 5, "an HTML page (a download that failed?)"},
    {0, "<HTML", 5, "an HTML page (a download that failed?)"},
    {0, "ggml", 4, "a GGML file of the time before GGUF"},
    {0, "lmgg", 4, "a GGML file of the time before GGUF"},
    {0, "tjgg", 4, "a GGML file of the time before GGUF"},
    {0, "FUGG", 4, "a big-endian GGUF file"},
    {0, "\x89HDF", 4, "an HDF5 file (a Keras or TensorFlow checkpoint)"},
    {0, "\x93NUMPY", 6, "a single numpy array"},
    {0,
     "\x7f"
     "ELF",
     4, "a program"},
    {0, "%PDF", 4, "a PDF document"},
};

static bool is_safetensors(const uint8_t *bytes, size_t n_bytes) {
    if (n_bytes < 10) return false;
    uint64_t header;
    memcpy(&header, bytes, 8);
    return header >= 2 && header <= 100000000 && bytes[8] == '{';
}

static bool is_marian_bin(const uint8_t *bytes, size_t n_bytes) {
    if (n_bytes < 48) return false;
    uint64_t words[3];
    memcpy(words, bytes, sizeof words);
    return words[0] == 1 && words[1] > 0 && words[1] < 100000 && words[2] > 1 && words[2] < 512;
}

static bool is_ctranslate2(const uint8_t *bytes, size_t n_bytes) {
    static const char spec[] = "Transformer";
    return n_bytes > 6 + sizeof spec && bytes[0] >= 2 && bytes[0] <= 9 && !bytes[1] && !bytes[2] &&
           memcmp(bytes + 6, spec, sizeof spec - 1) == 0;
}

static bool is_text(const uint8_t *bytes, size_t n_bytes) {
    size_t n = n_bytes < 256 ? n_bytes : 256;
    for (size_t i = 0; i < n; i++)
        if (bytes[i] < 9 || (bytes[i] > 13 && bytes[i] < 32) || bytes[i] == 127) return false;
    return true;
}

const char *describe_file(const uint8_t *bytes, size_t n_bytes) {
    if (n_bytes == 0) return "an empty file";
    for (size_t i = 0; i < sizeof signatures / sizeof *signatures; i++) {
        const struct signature *s = &signatures[i];
        if (n_bytes >= s->offset + s->length && memcmp(bytes + s->offset, s->bytes, s->length) == 0)
            return s->what;
    }
    if (is_safetensors(bytes, n_bytes))
        return "a safetensors checkpoint; tolka convert makes a model file of its directory";
    if (is_marian_bin(bytes, n_bytes))
        return "a Marian .bin checkpoint; tolka convert makes a model file of it";
    if (is_ctranslate2(bytes, n_bytes))
        return "a CTranslate2 model; tolka convert makes a model file of its directory";
    if (bytes[0] == '\n' && n_bytes > 2 && bytes[1] > 0 && bytes[1] < 64)
        return "perhaps a SentencePiece model; the model file is made by tolka convert";
    if (is_text(bytes, n_bytes))
        return bytes[0] == '{' || bytes[0] == '[' ? "a JSON file" : "a text file";
    return "of a kind unknown to tolka";
}
