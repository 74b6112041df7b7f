#define _POSIX_C_SOURCE 200809L
#include "models/convert/import_settings.h"

#include "models/convert/beside.h"

#include <stdlib.h>
#include <string.h>

static tolka_status open_beside(const struct import *import, const char *name, bool required,
                                struct settings **out, tolka_error *err) {
    char *path = import_path(import, name);
    if (!path) return fail(err, TOLKA_NOMEM, "out of memory");
    tolka_status status = settings_open(out, path, required, err);
    free(path);
    return status;
}

static bool has_beside(const struct import *import, const char *name) {
    char *path = import_file(import, name);
    free(path);
    return path != NULL;
}

static tolka_status open_yaml(struct settings **out, const char *path, tolka_error *err) {
    struct map map;
    tolka_status status = map_open(&map, path, err);
    if (status != TOLKA_OK) return status;
    status = settings_parse_yaml(out, (const char *)map.bytes, map.n_bytes, path, err);
    map_close(&map);
    return status;
}

/* Marian keeps the model's settings in the weights; how to search with it is said by the file that
 * marian-decoder is called with. */
static tolka_status open_marian_settings(struct import *import, tolka_error *err) {
    static const char usual[] = "decoder.yml|*decoder.yml|config.yml";
    const struct source *source = &import->source;
    const char *yml = source->model_yml ? source->model_yml : "";
    char *path =
        import->options.config ? strdup(import->options.config) : import_file(import, usual);
    tolka_status status =
        settings_parse_yaml(&import->config_json, yml, strlen(yml), source->weights_path, err);
    if (status == TOLKA_OK)
        status = path ? open_yaml(&import->generation_json, path, err)
                      : settings_parse(&import->generation_json, "{}", 2, "decoder.yml", err);
    if (status == TOLKA_OK)
        status = settings_parse(&import->tokenizer_json, "{}", 2, "tokenizer_config.json", err);
    free(path);
    return status;
}

/* Do the weights come with a config.json that says what they are? */
static bool is_hugging_face(const struct source *source) {
    const struct gguf_value *said = gguf_find(&source->gguf, "general.architecture");
    return source->settings == SETTINGS_CONFIG_JSON ||
           (source->settings == SETTINGS_GGUF && !(said && said->type == GGUF_STRING));
}

tolka_status import_open_settings(struct import *import, tolka_error *err) {
    const struct source *source = &import->source;
    tolka_status status;
    if (source->settings == SETTINGS_MARIAN) return open_marian_settings(import, err);
    if (import->options.config)
        status = settings_open(&import->config_json, import->options.config, true, err);
    else if (source->pickled_settings && !has_beside(import, "config.json"))
        status = settings_parse(&import->config_json, source->pickled_settings,
                                strlen(source->pickled_settings), source->weights_path, err);
    else
        status =
            open_beside(import, "config.json", is_hugging_face(source), &import->config_json, err);
    if (status == TOLKA_OK)
        status =
            open_beside(import, "generation_config.json", false, &import->generation_json, err);
    if (status == TOLKA_OK)
        status = open_beside(import, "tokenizer_config.json", false, &import->tokenizer_json, err);
    return status;
}
