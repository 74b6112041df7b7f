/* Keys that nothing reads: checkpoints as they are published bring none that is worth a word, and
 * one that might change a translation is named. */
#define _POSIX_C_SOURCE 200809L
#include "models/convert/unread.h"
#include "models/families.h"
#include "tests/import_files.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TCase *import_unread_case(void);

#define FIXTURES "tests/fixtures/"

struct said {
    size_t n;
    char text[2048]; /* lines about unread keys */
};

static void keep(void *user, const char *line) {
    struct said *said = user;
    size_t used = strlen(said->text);
    if (!strstr(line, "keys that tolka does not use")) return;
    snprintf(said->text + used, sizeof said->text - used, "%s\n", line);
    said->n++;
}

static void open_quietly(const char *path, const char *config) {
    struct said said = {0};
    struct import_options options = {.config = config, .say = keep, .user = &said};
    struct import import;
    tolka_error err = {0};
    ck_assert_msg(import_open(&import, path, &options, &err) == TOLKA_OK, "%s", err.text);
    import_close(&import);
    ck_assert_msg(said.n == 0, "%s", said.text);
}

START_TEST(fixtures_are_silent) {
    static const char *const folders[] = {"bart",
                                          "ct2-marian-float32",
                                          "ct2-marian-int8",
                                          "ct2-t5",
                                          "fsmt",
                                          "m2m100",
                                          "marian",
                                          "marian-bin",
                                          "mbart25-tiny",
                                          "mbart50-tiny",
                                          "nllb-tiny",
                                          "t5",
                                          "t5-gguf-tiny/candle",
                                          "t5-gguf-tiny/llama.gguf",
                                          "t5-madlad-tiny",
                                          "t5-mt5-tiny",
                                          "t5-rel-tiny",
                                          "t5-umt5-tiny",
                                          "t5-v11-tiny",
                                          "vaswani"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        char path[128];
        snprintf(path, sizeof path, FIXTURES "%s", folders[i]);
        open_quietly(path, NULL);
    }
}
END_TEST

/* What config.json of well-known checkpoints has besides the keys of our fixtures. */
static const struct published {
    const char *folder, *more;
} published[] = {
    /* opus-mt-en-de */
    {"marian", "{'_name_or_path':'x','_num_labels':3,'add_bias_logits':false,'classif_dropout':0.0,"
               "'classifier_dropout':0.0,'extra_pos_embeddings':58101,"
               "'force_bos_token_to_be_generated':false,'gradient_checkpointing':false,"
               "'id2label':{'0':'LABEL_0'},'label2id':{'LABEL_0':0},'max_length':512,'num_beams':6,"
               "'torch_dtype':'float16','bad_words_ids':[[58100]],'tokenizer_class':null}"},
    /* nllb-200-distilled-600M, m2m100_418M */
    {"nllb-tiny", "{'_name_or_path':'x','max_length':200,'tokenizer_class':'NllbTokenizer',"
                  "'torch_dtype':'float32'}"},
    {"m2m100", "{'early_stopping':true,'gradient_checkpointing':false,'max_length':200,"
               "'num_beams':5,'tokenizer_class':'M2M100Tokenizer','torch_dtype':'float32'}"},
    /* t5-small, flan-t5-base, mt5-small */
    {"t5", "{'n_positions':512,'output_past':true,'task_specific_params':{'summarization':{"
           "'early_stopping':true,'length_penalty':2.0,'prefix':'summarize: '}},"
           "'torch_dtype':'float32','_name_or_path':'x','num_decoder_layers':null}"},
    {"t5-v11-tiny", "{'n_positions':512,'relative_attention_max_distance':128,"
                    "'dense_act_fn':'gelu_new','is_gated_act':true,'classifier_dropout':0.0,"
                    "'initializer_factor':1.0,'tokenizer_class':'T5Tokenizer'}"},
    /* bart-large-cnn */
    {"bart", "{'_num_labels':3,'classif_dropout':0.0,'early_stopping':true,"
             "'forced_bos_token_id':0,'gradient_checkpointing':false,'length_penalty':2.0,"
             "'max_length':142,'min_length':56,'no_repeat_ngram_size':3,'num_beams':4,"
             "'output_past':true,'prefix':' ','task_specific_params':{'summarization':{"
             "'min_length':56}},'torch_dtype':'float32'}"},
    /* mbart-large-cc25, mbart-large-50-many-to-many-mmt */
    {"mbart25-tiny", "{'_num_labels':3,'add_bias_logits':false,'add_final_layer_norm':true,"
                     "'id2label':{},'max_length':1024,'normalize_before':true,'save_step':7,"
                     "'normalize_embedding':true,'num_beams':5,'output_past':true,"
                     "'static_position_embeddings':false,'task_specific_params':{}}"},
    {"mbart50-tiny", "{'_name_or_path':'x','gradient_checkpointing':false,'max_length':200,"
                     "'tokenizer_class':'MBart50Tokenizer','static_position_embeddings':false}"},
    /* wmt19-en-de */
    {"fsmt", "{'decoder':{'model_type':'fsmt_decoder'},'num_hidden_layers':6,"
             "'transformers_version':'4'}"},
};

/* The fixture's config.json with more keys, where --config can name it. */
static const char *extended(const char *folder, const char *more) {
    char path[128], text[2048];
    snprintf(path, sizeof path, FIXTURES "%s/config.json", folder);
    snprintf(text, sizeof text, "%s", more);
    for (char *quote = text; (quote = strchr(quote, '\''));) *quote = '"';
    json_t *config = json_load_file(path, 0, NULL), *added = json_loads(text, 0, NULL);
    ck_assert_msg(config && added, "%s: %s", path, text);
    json_object_update(config, added);
    const char *file = temporary("config.json");
    ck_assert_int_eq(json_dump_file(config, file, 0), 0);
    json_decref(config);
    json_decref(added);
    return file;
}

START_TEST(published_checkpoints_are_silent) {
    char path[128];
    const char *config = extended(published[_i].folder, published[_i].more);
    snprintf(path, sizeof path, FIXTURES "%s", published[_i].folder);
    open_quietly(path, config);
    unlink(config);
}
END_TEST

static struct settings *parse(const char *text, const char *name) {
    struct settings *settings;
    ck_assert_int_eq(settings_parse(&settings, text, strlen(text), name, NULL), TOLKA_OK);
    return settings;
}

START_TEST(strange_keys_are_named) {
    struct said said = {0};
    struct import import = {
        .options = {.say = keep, .user = &said},
        .family = &family_bart,
        .config_json = parse("{\"rope_theta\": 1, \"use_cache\": true, \"d_model\": 8, "
                             "\"sliding\\nwindow\": 2, \"nothing\": null}",
                             "config.json"),
        .generation_json =
            parse("{\"mystery_alpha\": 0.6, \"use_cache\": true}", "generation.json")};
    ck_assert(settings_has(import.config_json, "d_model"));
    warn_of_unread(&import);
    ck_assert_str_eq(
        said.text,
        "warning: config.json: keys that tolka does not use: rope_theta, sliding?window\n"
        "warning: generation.json: keys that tolka does not use: mystery_alpha\n");
    /* Marian's YAML repeats every option of a training. */
    said = (struct said){0};
    import.family = &family_marian_native;
    warn_of_unread(&import);
    ck_assert_uint_eq(said.n, 0);
    settings_free(import.config_json);
    settings_free(import.generation_json);
}
END_TEST

START_TEST(many_keys_are_counted) {
    struct said said = {0};
    json_t *object = json_object();
    for (int i = 10; i < 40; i++) {
        char key[16];
        snprintf(key, sizeof key, "key%d", i);
        json_object_set_new(object, key, json_true());
    }
    char *text = json_dumps(object, 0);
    struct import import = {.options = {.say = keep, .user = &said},
                            .family = &family_t5,
                            .config_json = parse(text, "c"),
                            .generation_json = parse("{}", "g")};
    warn_of_unread(&import);
    ck_assert_uint_eq(said.n, 1);
    ck_assert_ptr_nonnull(strstr(said.text, "key10, key11,"));
    ck_assert_ptr_nonnull(strstr(said.text, " and 18 more\n"));
    settings_free(import.config_json);
    settings_free(import.generation_json);
    json_decref(object);
    free(text);
}
END_TEST

TCase *import_unread_case(void) {
    TCase *unread = tcase_create("unread");
    tcase_add_test(unread, fixtures_are_silent);
    tcase_add_loop_test(unread, published_checkpoints_are_silent, 0,
                        sizeof published / sizeof *published);
    tcase_add_test(unread, strange_keys_are_named);
    tcase_add_test(unread, many_keys_are_counted);
    return unread;
}
