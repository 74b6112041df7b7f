#include "models/convert/config_meta.h"

#include "engine/token_lists.h"

#include <stdio.h>

static void write_field(struct gguf_writer *writer, const struct config *config,
                        const struct config_field *field) {
    char key[64];
    double value = config_field_get(config, field);
    snprintf(key, sizeof key, "tolka.%s", field->key);
    switch (field->type) {
    case FIELD_U32:
        write_u32(writer, key, (uint32_t)value);
        break;
    case FIELD_I32:
        write_i32(writer, key, (int32_t)value);
        break;
    case FIELD_F32:
        write_f32(writer, key, (float)value);
        break;
    case FIELD_BOOL:
        write_bool(writer, key, value != 0);
        break;
    case FIELD_ENUM:
        write_string(writer, key, config_field_name(config, field));
        break;
    }
}

/* Flat: how many, ids, how many, ids, ... */
static void write_sequences(struct gguf_writer *writer, const struct token_sequences *sequences) {
    int32_t flat[MAX_SEQUENCES + MAX_SEQUENCE_IDS];
    size_t used = 0;
    for (uint32_t i = 0; i < sequences->n; i++) {
        size_t n;
        const int32_t *ids = sequence_ids(sequences, i, &n);
        flat[used++] = (int32_t)n;
        for (size_t k = 0; k < n; k++) flat[used++] = ids[k];
    }
    write_i32s(writer, "tolka.search.sequences", flat, used);
    write_f32s(writer, "tolka.search.sequence_bias", sequences->bias, sequences->n);
}

/* For each word how many alternatives, for each of these how many tokens, and the tokens. */
static void write_force_words(struct gguf_writer *writer, const struct required_words *words) {
    int32_t flat[MAX_FORCE_WORDS + MAX_SEQUENCES + MAX_SEQUENCE_IDS];
    size_t used = 0;
    for (uint32_t i = 0, k = 0; i < words->n; i++) {
        flat[used++] = words->end[i] - (int32_t)k;
        for (; k < words->end[i]; k++) {
            size_t n;
            const int32_t *ids = sequence_ids(&words->sequences, k, &n);
            flat[used++] = (int32_t)n;
            for (size_t t = 0; t < n; t++) flat[used++] = ids[t];
        }
    }
    write_i32s(writer, "tolka.search.force_words", flat, used);
}

static void write_token_lists(struct gguf_writer *writer, const struct config *config) {
    if (config->n_suppressed)
        write_i32s(writer, "tolka.token.suppressed", config->suppressed, config->n_suppressed);
    if (config->n_begin_suppressed)
        write_i32s(writer, "tolka.token.begin_suppressed", config->begin_suppressed,
                   config->n_begin_suppressed);
    if (config->sequences.n) write_sequences(writer, &config->sequences);
    if (config->force_words.n) write_force_words(writer, &config->force_words);
}

void write_config(struct gguf_writer *writer, const struct config *config) {
    for (const struct config_field *field = config_fields; field->key; field++)
        write_field(writer, config, field);
    write_token_lists(writer, config);
}
