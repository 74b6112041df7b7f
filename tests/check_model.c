/* Binding weights: a model file in which a tensor is missing, or has another shape or type than the
 * configuration asks for, is refused with the tensor's name; a hostile shortlist does no harm. */
#define _POSIX_C_SOURCE 200809L
#include "models/convert/references_check.h"
#include "tests/check_gguf.h"
#include "tests/fixture.h"

#include <stdlib.h>
#include <string.h>

/* A converted fixture in memory that may be changed. */
struct copy {
    uint8_t *bytes;
    size_t n;
    struct gguf gguf; /* of the bytes before they were changed */
};

static struct copy copy_of(const struct fixture *fixture) {
    const struct map *map = &fixture->model->map;
    struct copy copy = {.n = map->n_bytes};
    copy.bytes = aligned_alloc(64, (map->n_bytes + 63) / 64 * 64);
    ck_assert_ptr_nonnull(copy.bytes);
    memcpy(copy.bytes, map->bytes, map->n_bytes);
    tolka_error err = {0};
    ck_assert_msg(gguf_parse(&copy.gguf, copy.bytes, copy.n, "copy", &err) == TOLKA_OK, "%s",
                  err.text);
    return copy;
}

static void copy_free(struct copy *copy) {
    gguf_free(&copy->gguf);
    free(copy->bytes);
}

/* The tensor of a role may be wrong by one of its companions: "enc.blk.0.attn_q". */
static void base_name(const struct gguf_tensor *tensor, char base[128]) {
    snprintf(base, 128, "%.*s", (int)tensor->name.length, tensor->name.bytes);
    char *dot = strrchr(base, '.');
    if (dot) *dot = 0;
}

static void expect_refusal(const struct copy *copy, const struct gguf_tensor *tensor,
                           const char *base, const char *what) {
    tolka_model *model;
    tolka_error err = {0};
    tolka_status status = tolka_model_open_memory(&model, copy->bytes, copy->n, "copy", &err);
    if (status == TOLKA_OK || model)
        ck_abort_msg("%.*s: %s was accepted", (int)tensor->name.length, tensor->name.bytes, what);
    if ((status != TOLKA_FORMAT && status != TOLKA_UNSUPPORTED) || !strstr(err.text, base))
        ck_abort_msg("%s, %s: \"%s\"", base, what, err.text);
}

static void put_u64(uint8_t *at, uint64_t value) {
    memcpy(at, &value, sizeof value);
}

START_TEST(every_tensor_is_checked) {
    static const enum dtype types[] = {DTYPE_F32, DTYPE_I8, DTYPE_Q4_0};
    struct fixture fixture = fixture_open("marian", types[_i]);
    struct copy copy = copy_of(&fixture);
    for (size_t i = 0; i < copy.gguf.n_tensors; i++) {
        const struct gguf_tensor *tensor = &copy.gguf.tensors[i];
        char base[128];
        base_name(tensor, base);
        uint8_t *name = copy.bytes + ((const uint8_t *)tensor->name.bytes - copy.bytes);
        uint8_t *dims = name + tensor->name.length + 4, *type = dims + 8 * tensor->rank;
        uint32_t other = DTYPE_I32 == tensor->type ? DTYPE_F32 : DTYPE_I32;

        name[0] = 'x';
        expect_refusal(&copy, tensor, base, "a missing tensor");
        name[0] = (uint8_t)base[0];
        put_u64(dims, tensor->dims[0] - 1);
        expect_refusal(&copy, tensor, base, "a row too short");
        put_u64(dims, tensor->dims[0] * 2);
        expect_refusal(&copy, tensor, base, "a row too long");
        put_u64(dims, tensor->dims[0]);
        if (tensor->rank == 2) {
            put_u64(dims + 8, tensor->dims[1] - 1);
            expect_refusal(&copy, tensor, base, "a row too few");
            put_u64(dims + 8, tensor->dims[1]);
        }
        memcpy(type, &other, 4);
        expect_refusal(&copy, tensor, base, "another type");
        memcpy(type, &tensor->type, 4);
    }
    tolka_model *model;
    tolka_error err = {0};
    ck_assert_msg(tolka_model_open_memory(&model, copy.bytes, copy.n, "copy", &err) == TOLKA_OK,
                  "%s", err.text); /* nothing was left changed */
    tolka_model_free(model);
    copy_free(&copy);
    fixture_close(&fixture);
}
END_TEST

START_TEST(other_architectures_are_named) {
    struct fixture fixture = fixture_open("marian", DTYPE_F32);
    struct copy copy = copy_of(&fixture);
    const struct gguf_value *value = gguf_find(&copy.gguf, "general.architecture");
    ck_assert_uint_eq(value->n_bytes, 5);
    memcpy(copy.bytes + (value->data - copy.bytes), "llama", 5);
    tolka_model *model;
    tolka_error err = {0};
    ck_assert_int_eq(tolka_model_open_memory(&model, copy.bytes, copy.n, "copy", &err),
                     TOLKA_UNSUPPORTED);
    ck_assert_msg(strstr(err.text, "\"llama\"") != NULL, "%s", err.text);
    ck_assert_int_eq(tolka_model_open_memory(&model, copy.bytes + 1, copy.n - 1, "copy", &err),
                     TOLKA_ARGUMENT);
    ck_assert_msg(strstr(err.text, "aligned") != NULL, "%s", err.text);
    copy_free(&copy);
    fixture_close(&fixture);
}
END_TEST

/* ---- shortlists ------------------------------------------------------------------------------ */

static struct fixture open_student(void) {
    struct convert_options options = {.type = DTYPE_I8,
                                      .vocab = FIXTURES "marian-student/vocab.spm",
                                      .shortlist = FIXTURES "marian-student/lex.s2t.bin"};
    return fixture_open_with("marian-student", "marian-student/model.student.npz", &options);
}

static void drop_result(void *user, size_t index, tolka_result *result) {
    (void)user;
    (void)index;
    tolka_result_free(result);
}

/* Opens and translates; whatever comes of it. */
static void try_copy(const struct copy *copy) {
    tolka_model *model;
    tolka_error err = {0};
    if (tolka_model_open_memory(&model, copy->bytes, copy->n, "copy", &err) != TOLKA_OK) return;
    tolka_options options = TOLKA_OPTIONS_INIT;
    options.beam = 2;
    options.max_length = 6;
    tolka_translator *translator = open_translator(model, &options);
    int32_t ids[] = {5, 250, 3, 17, 100, 0};
    tolka_input input = TOLKA_INPUT_INIT;
    input.ids = ids;
    input.n_ids = sizeof ids / sizeof *ids;
    tolka_translate(translator, &input, 1, drop_result, NULL, &err);
    tolka_translator_free(translator);
    tolka_model_free(model);
}

START_TEST(hostile_shortlists) {
    static const int32_t extremes[] = {-1, INT32_MIN, INT32_MAX, 1 << 24, 0, 7};
    struct fixture fixture = open_student();
    struct copy copy = copy_of(&fixture);
    const char *const names[] = {"shortlist.offsets", "shortlist.ids"};
    ck_assert_ptr_nonnull(gguf_tensor(&copy.gguf, names[0]));
    try_copy(&copy);
    for (size_t t = 0; t < 2; t++) {
        const struct gguf_tensor *tensor = gguf_tensor(&copy.gguf, names[t]);
        uint8_t *data = copy.bytes + (tensor->data - copy.bytes);
        uint8_t *whole = malloc(tensor->n_bytes);
        ck_assert_ptr_nonnull(whole);
        memcpy(whole, data, tensor->n_bytes);
        for (size_t k = 0; k < sizeof extremes / sizeof *extremes; k++)
            for (size_t step = 1; step < 1000; step *= 7) {
                memcpy(data, whole, tensor->n_bytes);
                for (size_t i = 0; i + 4 <= tensor->n_bytes; i += 4 * step)
                    memcpy(data + i, &extremes[k], 4);
                try_copy(&copy);
            }
        memcpy(data, whole, tensor->n_bytes);
        free(whole);
    }
    copy_free(&copy);
    fixture_close(&fixture);
}
END_TEST

/* ---- stored references ----------------------------------------------------------------------- */

START_TEST(damaged_references) {
    static const struct {
        const char *key;
        uint64_t count;
    } wrong[] = {{"tolka.check.0.first", 1},  {"tolka.check.1.first", 3},
                 {"tolka.check.0.source", 0}, {"tolka.check.0.target", 1 << 16},
                 {"tolka.check.2.target", 1}, {"tolka.check.2.log_probs", 1}};
    tolka_model *model;
    tolka_error err = {0};
    struct verdict verdict;
    ck_assert_int_eq(tolka_model_open(&model, SHIPPED_MODEL, &err), TOLKA_OK);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct gguf_value *value = (struct gguf_value *)gguf_find(&model->gguf, wrong[i].key);
        uint64_t count = value->count;
        value->count = wrong[i].count;
        ck_assert_int_eq(check_references(model, NULL, &verdict, &err), TOLKA_FORMAT);
        ck_assert_msg(strstr(err.text, "tolka.check.*) are damaged"), "%s", err.text);
        value->count = count;
    }
    ck_assert_int_eq(check_references(model, NULL, &verdict, &err), TOLKA_OK);
    ck_assert(verdict.good);
    tolka_model_free(model);
}
END_TEST

TCase *gguf_model_case(void) {
    TCase *models = tcase_create("models");
    tcase_set_timeout(models, 120);
    tcase_add_loop_test(models, every_tensor_is_checked, 0, 3);
    tcase_add_test(models, other_architectures_are_named);
    tcase_add_test(models, hostile_shortlists);
    tcase_add_test(models, damaged_references);
    return models;
}
