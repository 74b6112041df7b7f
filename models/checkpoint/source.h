/* Other people's checkpoints, all seen the same way: a list of named tensors that stay where they
 * lie in mapped files, settings (config.json, YAML, scalar variables), and files that stand beside
 * them (vocabularies). A family in models/ says which tensor plays which role. */
#ifndef SOURCE_H
#define SOURCE_H

#include "engine/gguf.h"
#include "engine/map.h"
#include "models/checkpoint/scratch.h"

#include <stdbool.h>

enum source_dtype {
    SOURCE_F32,
    SOURCE_F16,
    SOURCE_BF16,
    SOURCE_F64,
    SOURCE_I8,
    SOURCE_I16,
    SOURCE_I32,
    SOURCE_I64,
    SOURCE_U8,
    SOURCE_Q8_0,   /* ggml's blocks of 32 */
    SOURCE_BLOCKS, /* other blocks of ggml's: ggml_type says which */
    SOURCE_OTHER,  /* listed by inspect, refused as a weight */
};

struct source_tensor {
    char *name;
    enum source_dtype type;
    uint32_t ggml_type; /* SOURCE_BLOCKS */
    char type_name[12]; /* as the container calls it, for messages */
    uint32_t rank;
    uint64_t dims[8];    /* outermost first, as PyTorch prints shapes */
    int64_t strides[8];  /* in elements */
    const uint8_t *data; /* element [0, 0, ...]; any alignment; n_bytes can be read from here */
    size_t n_bytes;
    /* Quantized weights: value = q * scale[row] (n_scales == dims[0]) or q * scale[0] (1). The
     * readers turn whatever the container stores (multipliers, divisors) into this. NULL: none. */
    const float *scale;
    size_t n_scales;
    float input_multiplier; /* a stored activation multiplier ("alpha"); 0: none */
    int32_t shares;         /* index of an earlier tensor with the same storage; -1: none */
};

/* Who says what the tensors of a container are. */
enum source_settings {
    SETTINGS_CONFIG_JSON, /* a config.json beside the weights, which must be there */
    SETTINGS_MARIAN,      /* YAML in the weights and beside them */
    SETTINGS_CTRANSLATE2, /* the weights, and perhaps a config.json */
    SETTINGS_GGUF,        /* the file's metadata; without any, a config.json */
};

struct source {
    enum source_settings settings;
    const char *kind_name;   /* "safetensors", "PyTorch zip", ... */
    char *directory;         /* where vocabularies and configs are looked for */
    char *weights_path;      /* what was opened (the first of several shards) */
    char *left_aside;        /* other checkpoints in the directory, "a, b"; NULL: none */
    struct scratch *scratch; /* where an archive was unpacked; NULL: nowhere */
    size_t n_tensors, capacity;
    struct source_tensor *tensors; /* in file order, then sorted by name by source_sort */
    /* Settings that come with the weights: Marian's special:model.yml text, CTranslate2's spec
     * name; owned; NULL if there are none. */
    char *model_yml;
    char *spec_name;
    char *pickled_settings; /* fairseq's, as a JSON object; owned; NULL: none */
    struct gguf gguf;       /* a GGUF file's metadata; n_bytes 0 for all other kinds */
    /* What must live as long as the tensors. */
    struct map *maps;
    size_t n_maps;
    void **owned;
    size_t n_owned;
};

void source_close(struct source *source);

const struct source_tensor *source_find(const struct source *source,
                                        const char *name); /* or NULL */

/* Product of dims; readers have checked that it does not overflow. */
uint64_t source_elements(const struct source_tensor *tensor);
/* Row-major and contiguous? */
bool source_is_contiguous(const struct source_tensor *tensor);
/* Row `row` of a matrix (or the whole vector: row 0) as floats, scales applied, whatever the type,
 * strides and alignment. `transposed`: rows are columns of what is stored. */
void source_read_row(const struct source_tensor *tensor, uint64_t row, bool transposed, float *out);

/* ---- for readers (one file per container) ---------------------------------------------------- */

/* Adds an entry (shares -1; strides become row-major in source_sort unless the reader sets them);
 * NULL when out of memory or past 2^20 tensors. */
struct source_tensor *source_add(struct source *source, const char *name, size_t name_length);
void source_set_type(struct source_tensor *tensor, enum source_dtype type, const char *name);
/* Strides of a tensor that lies row after row. */
void source_set_row_major(struct source_tensor *tensor);
/* Registers memory to be freed by source_close; returns it (NULL stays NULL). */
void *source_own(struct source *source, void *memory);
/* Maps a file that lives as long as the source. */
tolka_status source_map(struct source *source, const char *path, struct map *map, tolka_error *err);
/* Sorts by name, renumbers `shares` and refuses duplicates. A second call changes nothing. */
tolka_status source_sort(struct source *source, tolka_error *err);

#endif
