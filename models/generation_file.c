#include "models/generation_file.h"

bool has_generation_file(const struct checkpoint *checkpoint) {
    return checkpoint->file(checkpoint->user, "generation_config.json");
}

struct reading generation_reading(const struct checkpoint *checkpoint, const char *key,
                                  tolka_error *err) {
    bool newer = has_generation_file(checkpoint);
    /* Asked in any case, so that it does not count as unread. */
    (void)settings_has(checkpoint->config, key);
    return (struct reading){newer ? checkpoint->generation : checkpoint->config, TOLKA_OK, err};
}
