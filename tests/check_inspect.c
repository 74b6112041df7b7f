/* inspect: checkpoints and what is made of them are described alike; --diff finds what differs and
 * nothing else, whatever tensors are called and however they lie. */
#define _XOPEN_SOURCE 700
#include "tests/check_cli.h"

#include "engine/gguf.h"
#include "engine/map.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIXTURES "tests/fixtures/"

/* Every family and container that there is a fixture of. */
static const char *const checkpoints[] = {"marian",
                                          "marian-bin",
                                          "m2m100",
                                          "nllb-tiny",
                                          "bart",
                                          "mbart25-tiny",
                                          "mbart50-tiny",
                                          "t5",
                                          "t5-mt5-tiny",
                                          "t5-umt5-tiny",
                                          "t5-v11-tiny",
                                          "t5-rel-tiny",
                                          "t5-madlad-tiny",
                                          "t5-gguf-tiny/llama.gguf",
                                          "t5-gguf-tiny/candle",
                                          "fsmt",
                                          "vaswani",
                                          "ct2-marian-float32",
                                          "ct2-marian-int8",
                                          "ct2-t5",
                                          "ct2-aren-transliteration-i16",
                                          "marian-native/prenorm-ssru.npz",
                                          "marian-native/tied-layers.npz",
                                          "marian-student/model.student.npz",
                                          "marian-student/model.student.marian-intgemm8.bin"};
enum { N_CHECKPOINTS = sizeof checkpoints / sizeof *checkpoints };

static const char *fixture_path(size_t i) {
    static char path[256];
    snprintf(path, sizeof path, FIXTURES "%s", checkpoints[i]);
    return path;
}

static json_t *inspect(const char *path) {
    char *output = output_of(NULL, "inspect", "--json", "--tensors", path);
    json_t *object = json_line(output, 0);
    free(output);
    return object;
}

static json_t *compare(const char *a, const char *b, int status) {
    struct ran ran = run(NULL, "inspect", "--diff", "--json", a, b);
    ck_assert_msg(ran.status == status, "%s, %s: status %d: %.1000s%s", a, b, ran.status, ran.out,
                  ran.err);
    ck_assert_str_eq(ran.err, "");
    json_t *object = json_line(ran.out, 0);
    ck_assert_int_eq(json_is_true(json_object_get(object, "same")), status == 0);
    ran_free(&ran);
    return object;
}

static long long counted(const json_t *difference, const char *result) {
    return json_integer_value(json_object_get(json_object_get(difference, "counts"), result));
}

static const char *text_of(const json_t *object, const char *key) {
    return json_string_value(json_object_get(object, key));
}

/* ---- one file -------------------------------------------------------------------------------- */

START_TEST(conversions_are_described_as_their_checkpoints) {
    static const char *const keys[] = {"license",   "parameters", "languages",
                                       "tokenizer", "shortlist",  "config"};
    const char *path = fixture_path((size_t)_i);
    struct folder folder = cli_folder();
    const char *converted = cli_path(&folder, "model.gguf");
    free(output_of(NULL, "convert", path, "-o", converted, "-q", "--force"));
    json_t *a = inspect(path), *b = inspect(converted);
    ck_assert_ptr_null(json_object_get(a, "problem"));
    ck_assert_ptr_null(json_object_get(b, "problem"));
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const json_t *x = json_object_get(a, keys[i]), *y = json_object_get(b, keys[i]);
        ck_assert_msg(x && y, "%s: no %s", path, keys[i]);
        ck_assert_msg(json_equal(x, y), "%s: %s", path, keys[i]);
    }
    ck_assert_str_eq(text_of(a, "container"), text_of(b, "converted_from"));
    json_decref(a), json_decref(b);
    cli_remove(&folder, (const char *const[]){"model.gguf", NULL});
}
END_TEST

/* Where all that is stored is computed with, the parameters are the numbers in the file. */
START_TEST(parameters_are_counted) {
    static const char *const whole[] = {"nllb-tiny", "vaswani", "t5-umt5-tiny"};
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) {
        char path[256];
        snprintf(path, sizeof path, FIXTURES "%s", whole[i]);
        json_t *object = inspect(path);
        json_t *stored = json_object_get(json_object_get(object, "types"), "F32");
        ck_assert_int_eq(json_integer_value(json_object_get(object, "parameters")),
                         json_integer_value(json_object_get(stored, "bytes")) / 4);
        json_decref(object);
    }
}
END_TEST

static void put_file(const char *path, const char *text) {
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    ck_assert_int_eq(fclose(file), 0);
}

START_TEST(licences_of_model_cards) {
    static const struct {
        const char *card, *license;
    } cards[] = {
        {"---\nlanguage:\n- en\n- de\nlicense: cc-by-nc-4.0\ntags: [x]\n---\n# Card\n",
         "cc-by-nc-4.0"},
        {"---\r\nlicense: apache-2.0\r\n---\r\n", "apache-2.0"},
        {"---\nlicense:\n- mit\n- apache-2.0\n---\n", "mit"},
        {"---\nlicense: other\nlicense_name: nllb-terms\n---\n", "nllb-terms"},
        {"---\nlicense: other\n---\n", "other"},
        {"---\nlicense: {a: b}\n---\n", NULL},
        {"---\nlicense: mit\n", NULL},
        {"# Card\n\nlicense: mit\n", NULL},
        {"---\n  - : [\n---\n", NULL},
        {"---", NULL},
        {"", NULL},
    };
    struct folder folder = cli_folder();
    char weights[4096], config[4096], converted[4200];
    ck_assert_ptr_nonnull(realpath(FIXTURES "vaswani/model.safetensors", weights));
    ck_assert_ptr_nonnull(realpath(FIXTURES "vaswani/config.json", config));
    ck_assert_int_eq(symlink(weights, cli_path(&folder, "model.safetensors")), 0);
    ck_assert_int_eq(symlink(config, cli_path(&folder, "config.json")), 0);
    snprintf(converted, sizeof converted, "%s", cli_path(&folder, "model.gguf"));
    for (size_t i = 0; i < sizeof cards / sizeof *cards; i++) {
        put_file(cli_path(&folder, "README.md"), cards[i].card);
        json_t *object = inspect(folder.path);
        const char *license = text_of(object, "license");
        ck_assert_msg(cards[i].license ? license && strcmp(license, cards[i].license) == 0
                                       : json_is_null(json_object_get(object, "license")),
                      "%s: %s", cards[i].card, license ? license : "none");
        json_decref(object);
        free(output_of(NULL, "convert", cli_path(&folder, "model.safetensors"), "--force", "-o",
                       converted, "-q"));
        object = inspect(converted);
        license = text_of(object, "license");
        ck_assert_int_eq(license != NULL, cards[i].license != NULL);
        if (license) ck_assert_str_eq(license, cards[i].license);
        json_decref(object);
    }
    cli_remove(&folder, (const char *const[]){"model.safetensors", "config.json", "README.md",
                                              "model.gguf", NULL});
}
END_TEST

START_TEST(unknown_families_are_listed) {
    char *output = output_of(NULL, "inspect", FIXTURES "vaswani", "--family", "nobody");
    static const char *const says[] = {"safetensors", "F32", "problem", "nobody"};
    for (size_t i = 0; i < sizeof says / sizeof *says; i++)
        ck_assert_msg(strstr(output, says[i]) != NULL, "no %s", says[i]);
    free(output);
}
END_TEST

START_TEST(full_disks_are_noticed) {
    static const char *const modes[] = {"--json", "--diff"};
    char tolka[4096], command[9000];
    if (access("/dev/full", W_OK) != 0) return;
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        snprintf(command, sizeof command, "%s inspect %s " FIXTURES "marian %s > /dev/full",
                 built("tolka", tolka), modes[i], i ? FIXTURES "marian-bin" : "");
        const char *const arguments[] = {"-c", command, NULL};
        struct ran ran = run_file("/bin/sh", arguments, "", 0);
        check_refusal(&ran, 1, "cannot write: No space left");
    }
}
END_TEST

/* ---- two files ------------------------------------------------------------------------------- */

/* A conversion has the numbers of its checkpoint, as nearly as its type can say them. */
START_TEST(conversions_differ_by_rounding) {
    static const char *const types[] = {"f32", "f16", "bf16", "int8", "q4"};
    const char *path = fixture_path((size_t)_i);
    struct folder folder = cli_folder();
    const char *converted = cli_path(&folder, "model.gguf");
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        free(output_of(NULL, "convert", path, "-o", converted, "-q", "--force", "-T", types[i]));
        json_t *difference = compare(path, converted, 0);
        ck_assert_str_eq(text_of(difference, "matched_by"), "role");
        ck_assert_int_gt(counted(difference, "equal"), 0);
        if (i == 0) ck_assert_int_eq(counted(difference, "rounded"), 0);
        if (i == 2) ck_assert_int_gt(counted(difference, "rounded"), 0);
        json_decref(difference);
    }
    cli_remove(&folder, (const char *const[]){"model.gguf", NULL});
}
END_TEST

/* Files that other programs made of the same weights: Marian's converter, CTranslate2's, ggml's. */
START_TEST(files_of_others_differ_by_rounding) {
    static const struct {
        const char *a, *b;
        int rounded; /* how many, or -1: some */
    } pairs[] = {
        {"marian", "marian-bin", 0},
        {"t5-gguf-tiny/candle", "t5-gguf-tiny/llama.gguf", 0},
        {"ct2-marian-float32", "ct2-marian-int8", -1},
        {"marian-student/model.student.npz", "marian-student/model.student.bin", 0},
        {"marian-student/model.student.npz", "marian-student/model.student.marian-intgemm8.bin",
         -1},
        {"gguf-types/F32.gguf", "gguf-types/F32.gguf", 0},
        {"gguf-types/F32.gguf", "gguf-types/F16.gguf", 1},
        {"gguf-types/F32.gguf", "gguf-types/BF16.gguf", 1},
        {"gguf-types/F32.gguf", "gguf-types/Q8_0.gguf", 1},
        {"gguf-types/F32.gguf", "gguf-types/Q5_1.gguf", 1},
        {"gguf-types/F32.gguf", "gguf-types/Q5_0.gguf", 1},
        {"gguf-types/F32.gguf", "gguf-types/Q4_1.gguf", 1},
        {"gguf-types/Q4_0.gguf", "gguf-types/F32.gguf", 1},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        char a[256], b[256];
        snprintf(a, sizeof a, FIXTURES "%s", pairs[i].a);
        snprintf(b, sizeof b, FIXTURES "%s", pairs[i].b);
        json_t *difference = compare(a, b, 0);
        long long rounded = counted(difference, "rounded");
        ck_assert_msg(pairs[i].rounded < 0 ? rounded > 0 : rounded == pairs[i].rounded,
                      "%s, %s: %lld within rounding", a, b, rounded);
        json_decref(difference);
    }
}
END_TEST

/* Changes one byte of a tensor in a model file. */
static void change_byte(const char *path, const char *tensor, size_t at, uint8_t by) {
    struct map map;
    struct gguf gguf;
    ck_assert_int_eq(map_open(&map, path, NULL), TOLKA_OK);
    ck_assert_int_eq(gguf_parse(&gguf, map.bytes, map.n_bytes, path, NULL), TOLKA_OK);
    const struct gguf_tensor *found = gguf_tensor(&gguf, tensor);
    ck_assert_ptr_nonnull(found);
    ck_assert_uint_lt(at, found->n_bytes);
    long place = (long)(found->data - map.bytes + (long)at);
    uint8_t byte = (uint8_t)(found->data[at] + by);
    gguf_free(&gguf);
    map_close(&map);
    FILE *file = fopen(path, "r+b");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fseek(file, place, SEEK_SET), 0);
    ck_assert_int_eq(fputc(byte, file), byte);
    ck_assert_int_eq(fclose(file), 0);
}

/* One number, changed by more than its type explains, is found in its tensor and nowhere else. The
 * byte is the first of the matrix's first row in each layout: of floats the sign and exponent. */
START_TEST(one_changed_number_is_found) {
    static const struct {
        const char *type, *tensor;
        size_t at;
        uint8_t by;
    } changes[] = {
        {"f32", "enc.blk.1.ffn_up.weight", 3, 2},    {"f32", "enc.blk.1.ffn_up.bias", 2, 1},
        {"f16", "dec.blk.0.attn_q.weight", 1, 4},    {"bf16", "dec.blk.1.ffn_down.weight", 1, 2},
        {"int8", "dec.blk.1.ffn_down.weight", 0, 3}, {"int8", "token_embd.weight", 100, 3},
        {"int8", "enc.blk.0.attn_o.scale", 3, 1},    {"q4", "enc.blk.1.ffn_up.weight", 64, 4},
        {"q4", "enc.blk.0.attn_v.weight", 1, 1},
    };
    struct folder folder = cli_folder();
    const char *path = cli_path(&folder, "model.gguf");
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        free(output_of(NULL, "convert", FIXTURES "marian", "-o", path, "-q", "--force", "-T",
                       changes[i].type));
        change_byte(path, changes[i].tensor, changes[i].at, changes[i].by);
        json_t *difference = compare(FIXTURES "marian", path, 1), *tensor;
        size_t k, n = 0;
        json_array_foreach(json_object_get(difference, "tensors"), k, tensor) {
            if (strcmp(text_of(tensor, "result"), "differs") != 0) continue;
            const char *name = text_of(tensor, "name");
            size_t stem = (size_t)(strrchr(name, '.') - name);
            ck_assert_msg(strncmp(name, changes[i].tensor, stem) == 0, "%s", name);
            n++;
        }
        ck_assert_uint_eq(n, 1);
        ck_assert_int_eq(counted(difference, "differs"), 1);
        json_decref(difference);
    }
    cli_remove(&folder, (const char *const[]){"model.gguf", NULL});
}
END_TEST

START_TEST(what_is_missing_is_named) {
    json_t *difference = compare(FIXTURES "marian", FIXTURES "bart", 1);
    ck_assert_int_eq(counted(difference, "only_first"), 0);
    ck_assert_int_eq(counted(difference, "only_second"), 6);
    ck_assert_int_eq(counted(difference, "shape"), 2);
    json_decref(difference);
    difference = compare(FIXTURES "bart", FIXTURES "marian", 1);
    ck_assert_int_eq(counted(difference, "only_first"), 6);
    json_decref(difference);
    struct ran ran = run(NULL, "inspect", "--diff", "-q", FIXTURES "marian", FIXTURES "bart");
    ck_assert_int_eq(ran.status, 1);
    ck_assert_ptr_nonnull(
        strstr(ran.out, "! model.shared.weight: shapes differ: [763, 64] [640, 64]\n"));
    ck_assert_ptr_nonnull(strstr(ran.out, "\n+ dec.position_embd.weight\n"));
    ck_assert_ptr_null(strstr(ran.out, "\n= "));
    ran_free(&ran);
    difference = compare(FIXTURES "gguf-types/F32.gguf", FIXTURES "nllb-tiny", 1);
    ck_assert_str_eq(text_of(difference, "matched_by"), "name");
    ck_assert_ptr_nonnull(strstr(text_of(difference, "problem"), "\"none\""));
    ck_assert_int_eq(counted(difference, "only_first"), 1);
    json_decref(difference);
    ran = run(NULL, "inspect", "--diff", FIXTURES "marian", FIXTURES "none");
    check_refusal(&ran, 3, FIXTURES "none");
}
END_TEST

/* A matrix of at most 16 outputs is one panel, which is written without its outer dimension. */
START_TEST(single_panels_are_read_again) {
    struct folder folder = cli_folder();
    char first[128];
    snprintf(first, sizeof first, "%s", cli_path(&folder, "first.gguf"));
    const char *second = cli_path(&folder, "second.gguf");
    free(output_of(NULL, "convert", FIXTURES "fsmt", "-o", first, "-q"));
    free(output_of(NULL, "convert", first, "-o", second, "-q"));
    json_t *difference = compare(first, second, 0);
    ck_assert_int_eq(counted(difference, "rounded"), 0);
    json_decref(difference);
    cli_remove(&folder, (const char *const[]){"first.gguf", "second.gguf", NULL});
}
END_TEST

TCase *cli_inspect_case(void) {
    TCase *inspecting = tcase_create("inspect");
    tcase_set_timeout(inspecting, 120);
    tcase_add_loop_test(inspecting, conversions_are_described_as_their_checkpoints, 0,
                        N_CHECKPOINTS);
    tcase_add_test(inspecting, parameters_are_counted);
    tcase_add_test(inspecting, licences_of_model_cards);
    tcase_add_test(inspecting, unknown_families_are_listed);
    tcase_add_test(inspecting, full_disks_are_noticed);
    tcase_add_loop_test(inspecting, conversions_differ_by_rounding, 0, N_CHECKPOINTS);
    tcase_add_test(inspecting, files_of_others_differ_by_rounding);
    tcase_add_test(inspecting, one_changed_number_is_found);
    tcase_add_test(inspecting, what_is_missing_is_named);
    tcase_add_test(inspecting, single_panels_are_read_again);
    return inspecting;
}
