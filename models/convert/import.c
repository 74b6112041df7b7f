#include "models/convert/import.h"

#include "engine/architecture.h"
#include "models/checkpoint/detect.h"
#include "models/convert/beside.h"
#include "models/convert/import_roles.h"
#include "models/convert/import_settings.h"
#include "models/convert/import_shown.h"
#include "models/convert/say.h"
#include "models/convert/unread.h"
#include "models/families.h"

#include <stdlib.h>

/* Files that carry all that there is to know. */
static tolka_status choose_by_architecture(struct import *import, tolka_error *err) {
    enum architecture architecture;
    tolka_status status = gguf_architecture(&import->source.gguf, &architecture, err);
    if (architecture == ARCHITECTURE_T5) import->family = &family_t5_gguf;
    if (architecture == ARCHITECTURE_TOLKA) import->family = &family_tolka;
    return status;
}

/* What the container, or config.json, says; NULL: nothing. */
static tolka_status find_type(const struct import *import, const char **type, tolka_error *err) {
    const struct settings *config = import->config_json;
    *type = NULL;
    switch (import->source.settings) {
    case SETTINGS_MARIAN:
        *type = "marian-native";
        return TOLKA_OK;
    case SETTINGS_CTRANSLATE2:
        *type = "ctranslate2";
        return TOLKA_OK;
    case SETTINGS_GGUF:
    case SETTINGS_CONFIG_JSON:
        break;
    }
    tolka_status status = settings_string(config, "model_type", NULL, type, err);
    if (status != TOLKA_OK || *type) return status;
    return settings_string(config, "architectures.0", NULL, type, err);
}

static tolka_status choose_by_type(struct import *import, tolka_error *err) {
    const char *path = import->source.weights_path, *type;
    tolka_status status = find_type(import, &type, err);
    if (status != TOLKA_OK) return status;
    import->family = type ? family_by_type(type) : NULL;
    if (import->family) return TOLKA_OK;
    if (type)
        return fail(err, TOLKA_UNSUPPORTED, "%s: tolka has no family for model_type \"%s\"", path,
                    type);
    return fail(err, TOLKA_FORMAT,
                "%s: the config.json beside it has no model_type; --family names the family", path);
}

static tolka_status choose_family(struct import *import, tolka_error *err) {
    const char *wanted = import->options.family;
    if (wanted) {
        import->family = family_by_name(wanted);
        if (import->family) return TOLKA_OK;
        return fail(err, TOLKA_ARGUMENT, "no family is called \"%s\"", wanted);
    }
    tolka_status status = choose_by_architecture(import, err);
    return status != TOLKA_OK || import->family ? status : choose_by_type(import, err);
}

static tolka_status check_role(void *user, const struct role *role, tolka_error *err) {
    struct role_source found;
    return import_find(user, role, &found, err);
}

tolka_status import_open(struct import *import, const char *path,
                         const struct import_options *options, tolka_error *err) {
    *import = (struct import){.options = *options};
    tolka_status status = source_open(&import->source, path, err);
    if (status != TOLKA_OK) return status;
    if (import->source.left_aside)
        import_note(import, "%s taken; left aside: %s", import->source.weights_path,
                    import->source.left_aside);
    status = import_open_settings(import, err);
    if (status == TOLKA_OK) status = choose_family(import, err);
    import_show(import);
    if (status == TOLKA_OK)
        status =
            import->family->configure(&import->checkpoint, &import->config, &import->plan, err);
    if (status == TOLKA_OK)
        status = config_check(&import->config, import->source.weights_path, err);
    if (status == TOLKA_OK) status = for_each_role(&import->config, check_role, import, err);
    status = import_was_searched(import, status, err);
    if (status == TOLKA_OK) warn_of_unread(import);
    if (status != TOLKA_OK) import_close(import);
    return status;
}

void import_close(struct import *import) {
    for (size_t i = 0; i < import->n_owned; i++) free(import->owned[i]);
    free(import->owned);
    import_close_vocabularies(import);
    settings_free(import->config_json);
    settings_free(import->generation_json);
    settings_free(import->tokenizer_json);
    source_close(&import->source);
    *import = (struct import){0};
}
