/* The model that ships, damaged at random: it is refused in a line, or it translates something; it
 * never crashes, hangs or takes memory without end. */
#define _DEFAULT_SOURCE
#include "tests/check_gguf.h"
#include "tests/tokens.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SANITIZED = 1 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif
#else
enum { SANITIZED = 0 };
#endif

enum {
    N_GROUPS = 20,
    N_SEEDS = SANITIZED ? 5 : 20, /* in each group */
    SECONDS = SANITIZED ? 240 : 60,
};

struct image {
    uint8_t *bytes;                 /* aligned to 64 */
    size_t n, data;                 /* data: where the tensors begin */
    size_t n_numbers, numbers[200]; /* where values of 4 bytes are */
};

static struct image load_shipped(void) {
    struct image image = {0};
    FILE *file = fopen(SHIPPED_MODEL, "rb");
    ck_assert_msg(file, "no " SHIPPED_MODEL);
    ck_assert_int_eq(fseek(file, 0, SEEK_END), 0);
    image.n = (size_t)ftell(file);
    rewind(file);
    image.bytes = aligned_alloc(64, (image.n + 63) / 64 * 64);
    ck_assert_ptr_nonnull(image.bytes);
    ck_assert_uint_eq(fread(image.bytes, 1, image.n, file), image.n);
    fclose(file);
    struct gguf gguf;
    tolka_error err = {0};
    ck_assert_msg(gguf_parse(&gguf, image.bytes, image.n, "shipped", &err) == TOLKA_OK, "%s",
                  err.text);
    image.data = image.n;
    for (size_t i = 0; i < gguf.n_tensors; i++) {
        size_t at = (size_t)(gguf.tensors[i].data - image.bytes);
        if (at < image.data) image.data = at;
    }
    for (size_t i = 0; i < gguf.n_values && image.n_numbers < 200; i++)
        if (gguf.values[i].n_bytes == 4)
            image.numbers[image.n_numbers++] = (size_t)(gguf.values[i].data - image.bytes);
    ck_assert_uint_gt(image.n_numbers, 20);
    gguf_free(&gguf);
    return image;
}

/* ---- damage ---------------------------------------------------------------------------------- */

static uint32_t next(uint64_t *state) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}

static size_t below(uint64_t *state, size_t n) {
    return n ? (((size_t)next(state) << 31) ^ next(state)) % n : 0;
}

static void change_bytes(const struct image *image, size_t from, size_t to, size_t n,
                         uint64_t *state) {
    for (size_t i = 0; i < n; i++)
        image->bytes[from + below(state, to - from)] = (uint8_t)next(state);
}

/* Sizes and counts as somebody with bad intentions would choose them. */
static void put_extreme(const struct image *image, size_t from, size_t to, uint64_t *state) {
    static const uint64_t extremes[] = {
        0,          1,           0x7f,       0xffff,         0x7fffffff,      0x80000000,
        0xffffffff, 0x100000000, UINT64_MAX, UINT64_MAX / 2, UINT64_MAX - 63, 0x7fc000007fc00000};
    uint64_t value = extremes[below(state, sizeof extremes / sizeof *extremes)];
    size_t width = next(state) % 2 ? 4 : 8;
    memcpy(image->bytes + from + below(state, to - from - width), &value, width);
}

/* A number of the configuration becomes another one, which may even be possible. */
static void change_number(const struct image *image, uint64_t *state) {
    uint32_t value = next(state) >> next(state) % 32;
    memcpy(image->bytes + image->numbers[below(state, image->n_numbers)], &value, sizeof value);
}

static void change_block(const struct image *image, size_t from, size_t to, uint64_t *state) {
    size_t n = 1 + below(state, 4096);
    if (n > (to - from) / 2) n = (to - from) / 2;
    size_t at = from + below(state, to - from - n), other = from + below(state, to - from - n);
    if (next(state) % 2)
        memmove(image->bytes + at, image->bytes + other, n);
    else
        memset(image->bytes + at, next(state) % 2 ? 0xff : 0, n);
}

static void damage(struct image *image, uint64_t *state) {
    enum { LIST = 24000 }; /* of tensors, and some of what comes before it */
    size_t head = 4096, list = image->data - LIST;
    switch (next(state) % 9) {
    case 0:
        change_bytes(image, 0, image->n, 200, state);
        break;
    case 1:
        change_bytes(image, 24, head, 1 + below(state, 3), state);
        break;
    case 2:
        change_bytes(image, 24, image->data, 1 + below(state, 40), state);
        break;
    case 3:
        change_bytes(image, list, image->data, 1 + below(state, 3), state);
        break;
    case 4:
        image->n = below(state, image->n);
        break;
    case 5:
        put_extreme(image, 24, head, state);
        break;
    case 6:
        put_extreme(image, list, image->data, state);
        break;
    case 7:
        change_number(image, state);
        break;
    case 8:
        change_block(image, 24, next(state) % 2 ? image->data : image->n, state);
        break;
    }
}

/* ---- what is done with it -------------------------------------------------------------------- */

static void use_result(void *user, size_t index, tolka_result *result) {
    (void)user;
    (void)index;
    tolka_result_free(result);
}

static const char *translate(const tolka_model *model, const tolka_tokenizer *tokenizer) {
    static const char text[] = "The weather is nice today.";
    tolka_error err = {0};
    tolka_options options = TOLKA_OPTIONS_INIT;
    options.max_length = 12;
    options.beam = 2;
    tolka_translator *translator;
    if (tolka_translator_new(&translator, model, &options, &err) != TOLKA_OK)
        return err.text[0] ? NULL : "no message of the translator";
    int32_t ids[64] = {1, 2, 3};
    tolka_input input = TOLKA_INPUT_INIT;
    input.ids = ids;
    input.n_ids = 3;
    if (tokenizer) {
        input.n_ids = tokens_of(tokenizer, text, sizeof text - 1, ids, 64);
        input.start = tolka_tokenizer_start(tokenizer);
        input.forced_first = tolka_tokenizer_forced_first(tokenizer);
        if (input.n_ids > 64) input.n_ids = 64;
    }
    tolka_status status = tolka_translate(translator, &input, 1, use_result, NULL, &err);
    char *out = NULL;
    if (tokenizer) tolka_translate_text(translator, tokenizer, text, &out, &err);
    tolka_free(out);
    tolka_translator_free(translator);
    return status != TOLKA_OK && !err.text[0] ? "no message of tolka_translate" : NULL;
}

/* What is wrong, or NULL. */
static const char *use(const struct image *image) {
    tolka_error err = {0};
    tolka_model *model;
    tolka_status status = tolka_model_open_memory(&model, image->bytes, image->n, "damaged", &err);
    if (status != TOLKA_OK) {
        if (model) return "a model in spite of an error";
        if (strncmp(err.text, "damaged: ", 9) != 0) return "the message does not name the file";
        if (strchr(err.text, '\n')) return "the message is longer than a line";
        return NULL;
    }
    tolka_tokenizer *tokenizer;
    if (tolka_tokenizer_new(&tokenizer, model, NULL, "de", &err) != TOLKA_OK && !err.text[0])
        return "no message of the tokenizer";
    const char *wrong = translate(model, tokenizer);
    tolka_tokenizer_free(tokenizer);
    tolka_model_free(model);
    return wrong;
}

/* Runs one group in a process of its own, within limits; `report` is a file that it notes its seed
 * in. */
static void run_group(const struct image *shipped, int group, int report) {
    struct image copy = *shipped;
    copy.bytes = aligned_alloc(64, (shipped->n + 63) / 64 * 64);
    if (!copy.bytes) _exit(3);
    struct rlimit limit = {(rlim_t)2 << 30, (rlim_t)2 << 30};
    /* A sanitizer's own maps are larger than any limit. */
    if (!SANITIZED) setrlimit(RLIMIT_AS, &limit);
    alarm(SECONDS);
    for (int i = 0; i < N_SEEDS; i++) {
        uint64_t state = (uint64_t)(group * N_SEEDS + i) * 0x9e3779b97f4a7c15u + 1;
        char note[200];
        int n = snprintf(note, sizeof note, "seed %d: crashed or hung", group * N_SEEDS + i);
        if (pwrite(report, note, (size_t)n + 1, 0) < 0) _exit(3);
        memcpy(copy.bytes, shipped->bytes, shipped->n);
        copy.n = shipped->n;
        for (int k = 0; k < 8; k++) next(&state);
        damage(&copy, &state);
        /* Its end is the end of readable memory for a sanitizer. */
        uint8_t *exact =
            SANITIZED ? aligned_alloc(64, copy.n ? (copy.n + 63) / 64 * 64 : 64) : NULL;
        if (exact) memcpy(exact, copy.bytes, copy.n);
        struct image used = copy;
        if (exact) used.bytes = exact;
        const char *wrong = use(&used);
        free(exact);
        if (!wrong) continue;
        n = snprintf(note, sizeof note, "seed %d: %s", group * N_SEEDS + i, wrong);
        _exit(pwrite(report, note, (size_t)n + 1, 0) < 0 ? 3 : 2);
    }
    _exit(0);
}

START_TEST(damaged_copies) {
    struct image shipped = load_shipped();
    FILE *report = tmpfile();
    ck_assert_ptr_nonnull(report);
    fflush(NULL);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) run_group(&shipped, _i, fileno(report));
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    char note[200] = "";
    if (pread(fileno(report), note, sizeof note - 1, 0) < 0) note[0] = 0;
    fclose(report);
    free(shipped.bytes);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s (wait status %d)", note,
                  status);
}
END_TEST

/* Sets all numbers of a tensor (f32) in a copy of the file. */
static void fill_tensor(struct image *image, const char *name, float value) {
    struct gguf gguf;
    ck_assert_int_eq(gguf_parse(&gguf, image->bytes, image->n, "shipped", NULL), TOLKA_OK);
    const struct gguf_tensor *tensor = gguf_tensor(&gguf, name);
    ck_assert_msg(tensor != NULL, "no tensor %s", name);
    float *at = (float *)(void *)(image->bytes + (tensor->data - image->bytes));
    for (size_t i = 0; i < tensor->n_bytes / sizeof *at; i++) at[i] = value;
    gguf_free(&gguf);
}

/* A model whose weights are no numbers says so, for greedy search and beams, text and scores. */
START_TEST(weights_that_are_no_numbers) {
    static const char *const tensors[] = {"enc.blk.0.attn_norm.weight", "dec.blk.1.ffn_norm.bias"};
    static const float values[] = {NAN, INFINITY};
    struct image image = load_shipped();
    tolka_model *model;
    tolka_tokenizer *tokenizer;
    tolka_translator *translator;
    tolka_error err;
    char *text;
    fill_tensor(&image, tensors[_i % 2], values[_i / 2]);
    ck_assert_int_eq(tolka_model_open_memory(&model, image.bytes, image.n, "nan", NULL), TOLKA_OK);
    ck_assert_int_eq(tolka_tokenizer_new(&tokenizer, model, NULL, "de", NULL), TOLKA_OK);
    for (int beam = 1; beam <= 4; beam += 3) {
        tolka_options options = TOLKA_OPTIONS_INIT;
        options.beam = beam;
        ck_assert_int_eq(tolka_translator_new(&translator, model, &options, NULL), TOLKA_OK);
        ck_assert_int_eq(tolka_translate_text(translator, tokenizer, "Hello.", &text, &err),
                         TOLKA_INPUT);
        ck_assert_ptr_null(text);
        ck_assert_msg(strstr(err.text, "no finite numbers"), "%s", err.text);
        tolka_translator_free(translator);
    }
    tolka_tokenizer_free(tokenizer);
    tolka_model_free(model);
    free(image.bytes);
}
END_TEST

TCase *gguf_damage_case(void) {
    TCase *damage = tcase_create("damage");
    tcase_set_timeout(damage, SECONDS + 30);
    tcase_add_loop_test(damage, damaged_copies, 0, N_GROUPS);
    tcase_add_loop_test(damage, weights_that_are_no_numbers, 0, 4);
    return damage;
}
