/* tolka attention as JSON: tokens, words and every weight. */
#include "tools/attention_show.h"

#include <jansson.h>

static json_t *json_row(const float *weights, size_t n) {
    json_t *row = json_array();
    for (size_t i = 0; i < n; i++) json_array_append_new(row, json_real((double)weights[i]));
    return row;
}

static json_t *json_head(const float *weights, size_t n_queries, size_t n_keys) {
    json_t *rows = json_array();
    for (size_t i = 0; i < n_queries; i++)
        json_array_append_new(rows, json_row(weights + i * n_keys, n_keys));
    return rows;
}

/* [layer][head][query][key], as the library gives them. */
static json_t *json_weights(const tolka_attention *attention, tolka_attention_kind kind) {
    json_t *layers = json_array();
    for (size_t layer = 0; layer < tolka_attention_layers(attention, kind); layer++) {
        json_t *heads = json_array();
        for (size_t head = 0; head < tolka_attention_heads(attention, kind); head++) {
            size_t n_queries, n_keys;
            const float *weights =
                tolka_attention_weights(attention, kind, layer, head, &n_queries, &n_keys);
            if (weights) json_array_append_new(heads, json_head(weights, n_queries, n_keys));
        }
        json_array_append_new(layers, heads);
    }
    return layers;
}

static json_t *json_tokens(const tolka_pieces *pieces, const int32_t *ids) {
    json_t *object = json_object(), *id_list = json_array(), *texts = json_array();
    json_t *word = json_array(), *words = json_array();
    for (size_t i = 0; i < pieces->n; i++) {
        json_array_append_new(id_list, json_integer(ids[i]));
        json_array_append_new(texts, json_string(pieces->pieces[i]));
        json_array_append_new(word, json_integer((json_int_t)pieces->word[i]));
    }
    for (size_t i = 0; i < pieces->n_words; i++)
        json_array_append_new(words, json_string(pieces->words[i]));
    json_object_set_new(object, "ids", id_list);
    json_object_set_new(object, "pieces", texts);
    json_object_set_new(object, "word", word);
    json_object_set_new(object, "words", words);
    return object;
}

static json_t *json_alignment(const struct view *view) {
    json_t *list = json_array();
    for (size_t i = 0; i < view->n_links; i++) {
        const struct link *link = &view->links[i];
        json_t *pair = json_object();
        json_object_set_new(pair, "source", json_integer((json_int_t)link->source));
        json_object_set_new(pair, "target", json_integer((json_int_t)link->target));
        json_object_set_new(pair, "weight", json_real((double)link->weight));
        json_array_append_new(list, pair);
    }
    return list;
}

void show_attention_json(FILE *out, const struct looked *looked) {
    const tolka_attention *attention = looked->attention;
    json_t *object = json_object();
    json_object_set_new(object, "text", json_string(looked->source_text));
    json_object_set_new(object, "translation", json_string(looked->target_text));
    json_object_set_new(object, "source", json_tokens(looked->source, looked->source_ids));
    json_object_set_new(object, "target", json_tokens(looked->target, looked->target_ids));
    json_object_set_new(object, "alignment", json_alignment(&looked->words));
    json_object_set_new(object, "encoder", json_weights(attention, TOLKA_ENCODER_ATTENTION));
    json_object_set_new(object, "decoder", json_weights(attention, TOLKA_DECODER_ATTENTION));
    json_object_set_new(object, "cross", json_weights(attention, TOLKA_CROSS_ATTENTION));
    json_dumpf(object, out, JSON_REAL_PRECISION(7));
    fputc('\n', out);
    json_decref(object);
}
