/* Settings with the error kept until the end. */
#ifndef READING_H
#define READING_H

#include "engine/config.h"
#include "models/checkpoint/settings.h"

struct reading {
    const struct settings *settings;
    tolka_status status; /* the first failure; later reads do nothing */
    tolka_error *err;
};
uint32_t read_u32(struct reading *reading, const char *key, uint32_t absent);
int32_t read_token(struct reading *reading, const char *key, int32_t absent);
float read_f32(struct reading *reading, const char *key, float absent);
bool read_flag(struct reading *reading, const char *key, bool absent);
const char *read_text(struct reading *reading, const char *key, const char *absent);
/* An activation by the name that PyTorch code gives it. */
enum activation read_activation(struct reading *reading, const char *key, const char *absent);
/* The same for a name that was found as (part of) the value of `key`. */
enum activation named_activation(struct reading *reading, const char *key, const char *name);

#endif
