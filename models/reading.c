#include "models/reading.h"

#include <string.h>

uint32_t read_u32(struct reading *reading, const char *key, uint32_t absent) {
    int64_t value = absent;
    if (reading->status != TOLKA_OK) return absent;
    reading->status = settings_integer(reading->settings, key, absent, &value, reading->err);
    if (reading->status == TOLKA_OK && (value < 0 || value > INT32_MAX))
        reading->status = fail(reading->err, TOLKA_FORMAT, "%s: key %s is %lld; expected a size",
                               settings_name(reading->settings), key, (long long)value);
    return (uint32_t)value;
}

int32_t read_token(struct reading *reading, const char *key, int32_t absent) {
    if (reading->status != TOLKA_OK || !settings_has(reading->settings, key)) return absent;
    return (int32_t)read_u32(reading, key, 0);
}

float read_f32(struct reading *reading, const char *key, float absent) {
    double value = absent;
    if (reading->status == TOLKA_OK)
        reading->status =
            settings_number(reading->settings, key, (double)absent, &value, reading->err);
    return (float)value;
}

bool read_flag(struct reading *reading, const char *key, bool absent) {
    bool value = absent;
    if (reading->status == TOLKA_OK)
        reading->status = settings_boolean(reading->settings, key, absent, &value, reading->err);
    return value;
}

const char *read_text(struct reading *reading, const char *key, const char *absent) {
    const char *value = absent;
    if (reading->status == TOLKA_OK)
        reading->status = settings_string(reading->settings, key, absent, &value, reading->err);
    return value;
}

enum activation named_activation(struct reading *reading, const char *key, const char *name) {
    static const struct {
        const char *name;
        enum activation activation;
    } names[] = {
        {"relu", ACTIVATION_RELU},
        {"swish", ACTIVATION_SWISH},
        {"silu", ACTIVATION_SWISH},
        {"gelu", ACTIVATION_GELU_ERF},
        {"gelu_new", ACTIVATION_GELU_TANH},
        {"gelu_fast", ACTIVATION_GELU_TANH},
        {"gelu_pytorch_tanh", ACTIVATION_GELU_TANH},
        {"quick_gelu", ACTIVATION_GELU_QUICK},
        {"tanh", ACTIVATION_TANH},
        {"sigmoid", ACTIVATION_SIGMOID},
        {"linear", ACTIVATION_NONE},
    };
    if (reading->status != TOLKA_OK) return ACTIVATION_NONE;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i].name) == 0) return names[i].activation;
    reading->status =
        fail(reading->err, TOLKA_UNSUPPORTED, "%s: key %s: no activation is called \"%s\"",
             settings_name(reading->settings), key, name);
    return ACTIVATION_NONE;
}

enum activation read_activation(struct reading *reading, const char *key, const char *absent) {
    return named_activation(reading, key, read_text(reading, key, absent));
}
