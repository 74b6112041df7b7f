#include "engine/architecture.h"

tolka_status gguf_architecture(const struct gguf *gguf, enum architecture *out, tolka_error *err) {
    const struct gguf_value *value = gguf_find(gguf, "general.architecture");
    *out = ARCHITECTURE_UNSAID;
    if (!value || value->type != GGUF_STRING) return TOLKA_OK;
    struct gguf_string name = {(const char *)value->data, value->n_bytes};
    if (gguf_string_equals(name, "tolka")) *out = ARCHITECTURE_TOLKA;
    if (gguf_string_equals(name, "t5")) *out = ARCHITECTURE_T5;
    if (*out != ARCHITECTURE_UNSAID) return TOLKA_OK;
    return fail(err, TOLKA_UNSUPPORTED,
                "%s: a GGUF file of architecture \"%.*s\"; tolka runs encoder-decoder models "
                "(\"tolka\", \"t5\")",
                gguf->name, (int)(name.length < 40 ? name.length : 40), name.bytes);
}
