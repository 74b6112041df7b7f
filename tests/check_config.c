/* The configuration: every field is read, kept within its limits, and refused by name. */
#include "engine/config.h"
#include "tests/gguf_builder.h"
#include "tests/suites.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A valid value for a field, unlike the one that stands for "absent". */
static double valid_value(const struct config_field *field) {
    static const struct {
        const char *key;
        double value;
    } chosen[] = {{"d_model", 64},
                  {"encoder.layers", 3},
                  {"decoder.layers", 2},
                  {"encoder.heads", 8},
                  {"decoder.heads", 4},
                  {"head_dim", 24},
                  {"encoder.ffn", 96},
                  {"decoder.ffn", 160},
                  {"vocab.source", 500},
                  {"vocab.target", 400},
                  {"position.max", 128},
                  {"position.buckets", 32},
                  {"position.max_distance", 100},
                  {"alignment.layer", 1},
                  {"alignment.head", 3}};
    for (size_t i = 0; i < sizeof chosen / sizeof *chosen; i++)
        if (strcmp(field->key, chosen[i].key) == 0) return chosen[i].value;
    if (field->type == FIELD_BOOL) return field->absent == 0;
    if (field->type == FIELD_ENUM) return field->absent == 0 ? 1 : 0;
    if (field->type == FIELD_F32) return 0.75;
    return 7;
}

static void build_field(struct gguf_builder *builder, const struct config_field *field,
                        double value) {
    char key[80];
    snprintf(key, sizeof key, "tolka.%s", field->key);
    switch (field->type) {
    case FIELD_U32:
        build_integer(builder, key, GGUF_U32, (int64_t)value);
        break;
    case FIELD_I32:
        build_integer(builder, key, GGUF_I32, (int64_t)value);
        break;
    case FIELD_F32:
        build_f32(builder, key, (float)value);
        break;
    case FIELD_BOOL:
        build_integer(builder, key, GGUF_BOOL, (int64_t)value);
        break;
    case FIELD_ENUM:
        build_string(builder, key, field->names[(int)value]);
        break;
    }
}

enum { NONE = -1 };

/* Reads a configuration of valid values, with field `changed` given `value` instead, or left out
 * if that is NaN. */
static tolka_status read_changed(int changed, double value, struct config *config,
                                 tolka_error *err) {
    struct gguf_builder builder = {0};
    for (int i = 0; config_fields[i].key; i++)
        if (i != changed)
            build_field(&builder, &config_fields[i], valid_value(&config_fields[i]));
        else if (!isnan(value))
            build_field(&builder, &config_fields[i], value);
    size_t n;
    uint8_t *bytes = build_file(&builder, &n);
    struct gguf gguf;
    ck_assert_msg(gguf_parse(&gguf, bytes, n, "file", err) == TOLKA_OK, "%s", err->text);
    tolka_status status = config_read(config, &gguf, err);
    gguf_free(&gguf);
    free(bytes);
    return status;
}

START_TEST(every_field_is_read) {
    struct config config;
    tolka_error err = {0};
    ck_assert_msg(read_changed(NONE, 0, &config, &err) == TOLKA_OK, "%s", err.text);
    for (const struct config_field *field = config_fields; field->key; field++)
        ck_assert_msg(config_field_get(&config, field) == valid_value(field), "%s is %g, not %g",
                      field->key, config_field_get(&config, field), valid_value(field));
}
END_TEST

/* A member without a row in the table would be lost on its way through a file. Only what aligns the
 * member behind a bool has no row. */
START_TEST(every_member_is_a_field) {
    static const size_t sizes[] = {[FIELD_U32] = sizeof(uint32_t),
                                   [FIELD_I32] = sizeof(int32_t),
                                   [FIELD_F32] = sizeof(float),
                                   [FIELD_BOOL] = sizeof(bool),
                                   [FIELD_ENUM] = sizeof(enum norm_kind)};
    bool known[sizeof(struct config)] = {false};
    size_t n_unknown = 0;
    for (const struct config_field *field = config_fields; field->key; field++)
        memset(known + field->offset, true, sizes[field->type]);
    /* lists, which engine/token_lists.c reads */
    size_t lists = offsetof(struct config, n_suppressed);
    memset(known + lists, true, offsetof(struct config, renormalize) - lists);
    for (size_t i = 0; i < sizeof known; i++) {
        n_unknown = known[i] ? 0 : n_unknown + 1;
        ck_assert_msg(n_unknown < sizeof(uint32_t), "what is at byte %zu of struct config?", i);
    }
}
END_TEST

START_TEST(absent_fields) {
    for (int i = 0; config_fields[i].key; i++) {
        const struct config_field *field = &config_fields[i];
        struct config config;
        tolka_error err = {0};
        tolka_status status = read_changed(i, NAN, &config, &err);
        if (field->required) {
            ck_assert_int_eq(status, TOLKA_FORMAT);
            ck_assert_msg(strstr(err.text, field->key) && strstr(err.text, "missing"), "%s",
                          err.text);
        } else if (status == TOLKA_OK) { /* some need each other */
            ck_assert_float_eq((float)config_field_get(&config, field), (float)field->absent);
        }
    }
}
END_TEST

static void expect_refusal(int i, double value) {
    struct config config;
    tolka_error err = {0};
    tolka_status status = read_changed(i, value, &config, &err);
    ck_assert_msg(status == TOLKA_FORMAT, "%s: %g was accepted", config_fields[i].key, value);
    ck_assert_msg(strstr(err.text, config_fields[i].key), "\"%s\" does not name %s", err.text,
                  config_fields[i].key);
}

START_TEST(fields_out_of_range) {
    for (int i = 0; config_fields[i].key; i++) {
        const struct config_field *field = &config_fields[i];
        if (field->type == FIELD_BOOL || field->type == FIELD_ENUM) continue;
        expect_refusal(i, field->type == FIELD_F32 ? field->max * 2 : field->max + 1);
        if (field->type == FIELD_I32 || (field->type == FIELD_U32 && field->min > 0))
            expect_refusal(i, field->min - 1);
    }
}
END_TEST

/* A number where a string belongs, a string where a number belongs, an unknown name. */
START_TEST(fields_of_wrong_type) {
    for (int i = 0; config_fields[i].key; i++)
        for (int wrong = 0; wrong < 2; wrong++) {
            const struct config_field *field = &config_fields[i];
            struct gguf_builder builder = {0};
            char key[80];
            snprintf(key, sizeof key, "tolka.%s", field->key);
            for (int k = 0; config_fields[k].key; k++)
                if (k != i)
                    build_field(&builder, &config_fields[k], valid_value(&config_fields[k]));
            if (wrong == 0 && field->type == FIELD_ENUM)
                build_integer(&builder, key, GGUF_U32, 0);
            else if (wrong == 0)
                build_string(&builder, key, "7");
            else
                build_bytes(&builder, key, "7", 1);
            size_t n;
            uint8_t *bytes = build_file(&builder, &n);
            struct gguf gguf;
            struct config config;
            tolka_error err = {0};
            ck_assert_int_eq(gguf_parse(&gguf, bytes, n, "file", &err), TOLKA_OK);
            ck_assert_int_eq(config_read(&config, &gguf, &err), TOLKA_FORMAT);
            ck_assert_msg(strstr(err.text, field->key) != NULL, "%s", err.text);
            gguf_free(&gguf);
            free(bytes);
        }
}
END_TEST

/* ---- what one field alone cannot show -------------------------------------------------------- */

static struct config sound_config(void) {
    struct config config;
    config_init(&config);
    config.d_model = 64;
    config.encoder_layers = config.decoder_layers = 1;
    config.encoder_heads = config.decoder_heads = 4;
    config.encoder_ffn = config.decoder_ffn = 128;
    config.source_vocab = config.target_vocab = 100;
    config.end_token = 0;
    return config;
}

static void expect_failure_of(const struct config *config, const char *says) {
    tolka_error err = {0};
    ck_assert_msg(config_check(config, "file", &err) == TOLKA_FORMAT, "accepted: %s", says);
    ck_assert_msg(strstr(err.text, says) && strncmp(err.text, "file: ", 6) == 0,
                  "\"%s\" does not say \"%s\"", err.text, says);
}

START_TEST(fields_that_contradict) {
    struct config config = sound_config();
    tolka_error err = {0};
    ck_assert_msg(config_check(&config, "file", &err) == TOLKA_OK, "%s", err.text);
    config.encoder_heads = 5;
    expect_failure_of(&config, "64 cannot be split into 5");
    config = sound_config();
    config.head_dim = 65536;
    expect_failure_of(&config, "too wide");
    config = sound_config();
    config.position_kind = POSITION_LEARNED;
    expect_failure_of(&config, "learned positions");
    config = sound_config();
    config.position_kind = POSITION_RELATIVE;
    expect_failure_of(&config, "relative buckets");
    config = sound_config();
    config.target_vocab = 99;
    expect_failure_of(&config, "one table");
    config = sound_config();
    config.start_token = 100;
    expect_failure_of(&config, "start token is 100");
    config = sound_config();
    config.forced_first = 100;
    expect_failure_of(&config, "forced first token is 100");
    config = sound_config();
    config.forced_last = 100;
    expect_failure_of(&config, "forced last token is 100");
    config = sound_config();
    config.end_token = 100;
    expect_failure_of(&config, "end token is 100");
    config = sound_config();
    config.n_suppressed = 1;
    config.suppressed[0] = -1;
    expect_failure_of(&config, "suppressed token");
    config.suppressed[0] = 100;
    expect_failure_of(&config, "suppressed token is 100");
    config = sound_config();
    config.alignment_layer = 1;
    expect_failure_of(&config, "alignment.layer is 1, but the decoder has 1 layers");
    config = sound_config();
    config.alignment_head = 4;
    expect_failure_of(&config, "alignment.head is 4, but the decoder has 4 heads");
}
END_TEST

START_TEST(attention_scales) {
    struct config config = sound_config();
    ck_assert_float_eq_tol(config_attention_scale(&config, 16), 0.25f, 1e-7f);
    config.attention_scale = 1;
    ck_assert_float_eq(config_attention_scale(&config, 16), 1);
    ck_assert_uint_eq(config_encoder_head_dim(&config), 16);
    config.head_dim = 24;
    ck_assert_uint_eq(config_decoder_head_dim(&config), 24);
}
END_TEST

Suite *config_suite(void) {
    Suite *suite = suite_create("config");
    TCase *fields = tcase_create("fields");
    tcase_add_test(fields, every_field_is_read);
    tcase_add_test(fields, every_member_is_a_field);
    tcase_add_test(fields, absent_fields);
    tcase_add_test(fields, fields_out_of_range);
    tcase_add_test(fields, fields_of_wrong_type);
    tcase_add_test(fields, fields_that_contradict);
    tcase_add_test(fields, attention_scales);
    suite_add_tcase(suite, fields);
    return suite;
}
