/* tolka's own files as a source: to another number format, or to another layout of it. */
#include "models/family.h"

static const char *const no_types[] = {NULL};

static tolka_status configure(const struct checkpoint *checkpoint, struct config *config,
                              struct tokenizer_plan *plan, tolka_error *err) {
    *plan = (struct tokenizer_plan){.kind = TOKENIZER_COPIED, .bos = -1};
    if (!checkpoint->gguf)
        return fail(err, TOLKA_ARGUMENT, "%s: not a GGUF file, as family tolka expects",
                    checkpoint->name);
    return config_read(config, checkpoint->gguf, err);
}

const struct family family_tolka = {
    .name = "tolka", .model_types = no_types, .configure = configure};
