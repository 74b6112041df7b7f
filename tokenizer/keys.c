#include "tokenizer/keys.h"

static tolka_status wrong_type(const tolka_model *model, const char *key, const char *expected,
                               tolka_error *err) {
    return fail(err, TOLKA_FORMAT, "%s: key %s should be %s", model->name, key, expected);
}

tolka_status key_missing(const tolka_model *model, const char *key, tolka_error *err) {
    return fail(err, TOLKA_FORMAT, "%s: key %s is missing", model->name, key);
}

tolka_status key_string(const tolka_model *model, const char *key, struct gguf_string *string,
                        tolka_error *err) {
    const struct gguf_value *value = gguf_find(&model->gguf, key);
    *string = (struct gguf_string){NULL, 0};
    if (!value) return TOLKA_OK;
    if (value->type != GGUF_STRING) return wrong_type(model, key, "a string", err);
    *string = (struct gguf_string){(const char *)value->data, value->n_bytes};
    return TOLKA_OK;
}

tolka_status key_strings(const tolka_model *model, const char *key, const struct gguf_value **array,
                         tolka_error *err) {
    *array = gguf_find(&model->gguf, key);
    if (*array && ((*array)->type != GGUF_ARRAY || (*array)->element != GGUF_STRING))
        return wrong_type(model, key, "an array of strings", err);
    return TOLKA_OK;
}

tolka_status key_integers(const tolka_model *model, const char *key,
                          const struct gguf_value **array, tolka_error *err) {
    *array = gguf_find(&model->gguf, key);
    if (*array && ((*array)->type != GGUF_ARRAY || !gguf_is_integer((*array)->element)))
        return wrong_type(model, key, "an array of integers", err);
    return TOLKA_OK;
}

tolka_status key_bytes(const tolka_model *model, const char *key, const struct gguf_value **array,
                       tolka_error *err) {
    *array = gguf_find(&model->gguf, key);
    if (*array && ((*array)->type != GGUF_ARRAY ||
                   ((*array)->element != GGUF_U8 && (*array)->element != GGUF_I8)))
        return wrong_type(model, key, "an array of bytes", err);
    return TOLKA_OK;
}

tolka_status key_id(const tolka_model *model, const char *key, int32_t *id, tolka_error *err) {
    const struct config *config = &model->model.config;
    uint32_t vocab =
        config->source_vocab > config->target_vocab ? config->source_vocab : config->target_vocab;
    const struct gguf_value *value = gguf_find(&model->gguf, key);
    int64_t integer = -1;
    if (value && !gguf_integer(value, &integer)) return wrong_type(model, key, "an integer", err);
    if (integer < -1 || integer >= vocab)
        return fail(err, TOLKA_FORMAT, "%s: key %s is %lld, the vocabulary has %u tokens",
                    model->name, key, (long long)integer, vocab);
    *id = (int32_t)integer;
    return TOLKA_OK;
}

tolka_status key_flag(const tolka_model *model, const char *key, bool *flag, tolka_error *err) {
    const struct gguf_value *value = gguf_find(&model->gguf, key);
    int64_t integer = 0;
    if (value && !gguf_integer(value, &integer))
        return wrong_type(model, key, "true or false", err);
    *flag = integer != 0;
    return TOLKA_OK;
}
