#include "tests/fuzz/json_change.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static const char *const words[] = {"{",    "}",    "[",      "]",   ",",    ":",         "\"",
                                    "\\u0", "true", "null",   "-1",  "1e30", "\"\\ud800", "{}",
                                    "[]",   "0",    "\"id\"", "4e9", "\\n",  NULL};

/* A place in a tree: the value of a key, or an element. */
struct place {
    json_t *parent, *value;
    const char *key;
    size_t index;
};

/* One of all places, each as likely as another; n counts those seen. */
static void choose_place(struct chance *chance, json_t *parent, size_t *n, struct place *chosen) {
    const char *key;
    json_t *value;
    size_t index;
    json_object_foreach(parent, key, value) {
        if (chance_one_in(chance, ++*n)) *chosen = (struct place){parent, value, key, 0};
        choose_place(chance, value, n, chosen);
    }
    json_array_foreach(parent, index, value) {
        if (chance_one_in(chance, ++*n)) *chosen = (struct place){parent, value, NULL, index};
        choose_place(chance, value, n, chosen);
    }
}

/* json_integer and others give a reference away. */
static json_t *changed_text(struct chance *chance, const json_t *value) {
    struct blob text = {0};
    blob_put(&text, json_string_value(value), json_string_length(value));
    change_blob(chance, &text);
    json_t *changed = json_stringn((const char *)text.bytes, text.n);
    blob_free(&text);
    return changed ? changed : json_string("\xf0\x9f\x98\x80");
}

static json_t *other_value(struct chance *chance, json_t *value, json_t *another) {
    size_t what = chance_below(chance, 12);
    if (what < 5 && json_is_string(value)) return changed_text(chance, value);
    if (what < 5 && json_is_integer(value)) {
        uint64_t near = (uint64_t)json_integer_value(value) + chance_below(chance, 5) - 2;
        return json_integer((json_int_t)(chance_one_in(chance, 2) ? chance_number(chance) : near));
    }
    if (what < 6 && json_is_boolean(value)) return json_boolean(!json_is_true(value));
    if (what < 8) return json_deep_copy(another);
    if (what == 8) return json_null();
    if (what == 9) return json_pack("[O, O]", value, value);
    if (what == 10) return json_real(1e300 * ((double)chance_below(chance, 5) - 2));
    return chance_one_in(chance, 2) ? json_object()
                                    : json_integer((json_int_t)chance_number(chance));
}

static void put_value(const struct place *place, json_t *value) {
    if (place->key)
        json_object_set_new(place->parent, place->key, value);
    else
        json_array_set_new(place->parent, place->index, value);
}

static void change_tree(struct chance *chance, json_t *root) {
    struct place place = {0}, another = {0};
    size_t n = 0;
    choose_place(chance, root, &n, &place);
    if (n == 0) return;
    n = 0;
    choose_place(chance, root, &n, &another);
    if (!chance_one_in(chance, 4))
        put_value(&place, other_value(chance, place.value, another.value));
    else if (chance_one_in(chance, 2) && place.key)
        json_object_del(place.parent, place.key);
    else if (chance_one_in(chance, 2) && !place.key)
        json_array_remove(place.parent, place.index);
    else if (json_is_object(another.parent))
        json_object_set_new(another.parent, place.key ? place.key : "other",
                            json_deep_copy(place.value));
    else
        json_array_append_new(another.parent, json_deep_copy(place.value));
}

void change_json(struct chance *chance, struct blob *text) {
    json_t *root = json_loadb((const char *)text->bytes, text->n, JSON_DECODE_ANY, NULL);
    char *written = NULL;
    if (root && !chance_one_in(chance, 6)) {
        change_tree(chance, root);
        written = json_dumps(root, JSON_COMPACT | JSON_ENCODE_ANY);
    }
    json_decref(root);
    if (written)
        blob_replace(text, 0, text->n, written, strlen(written));
    else
        change_text(chance, text, words);
    free(written);
}
