#include "models/families.h"

#include <string.h>

static const struct family *const families[] = {
    &family_marian, &family_m2m100,  &family_bart,          &family_mbart,
    &family_t5,     &family_t5_gguf, &family_marian_native, &family_ctranslate2,
    &family_tolka,  &family_vaswani, &family_fairseq,       NULL};

const struct family *family_by_name(const char *name) {
    for (size_t i = 0; families[i]; i++)
        if (strcmp(families[i]->name, name) == 0) return families[i];
    return NULL;
}

const struct family *family_by_type(const char *model_type) {
    for (size_t i = 0; families[i]; i++)
        for (const char *const *type = families[i]->model_types; *type; type++)
            if (strcmp(*type, model_type) == 0) return families[i];
    return NULL;
}
