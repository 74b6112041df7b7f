/* Checkpoints that want to break something, or to have what they should not: each ends with one
 * line that says why. Damaged containers: check_import_hostile.c and check_import_damage.c. */
#define _XOPEN_SOURCE 700
#include "engine/bytes.h"
#include "models/convert/import_roles.h"
#include "models/families.h"
#include "tests/check_cli.h"
#include "tests/import_files.h"
#include "tests/pseudo_terminal.h"
#include "tools/printable.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#define MARIAN "tests/fixtures/marian/"
#define STUDENT "tests/fixtures/marian-student/"

/* ---- a folder with a checkpoint -------------------------------------------------------------- */

static struct folder folder;
static char model[128], output[128];

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *ftw) {
    (void)info;
    (void)kind;
    (void)ftw;
    return remove(path);
}

static void open_folder(void) {
    folder = cli_folder();
    snprintf(model, sizeof model, "%s", cli_path(&folder, "model"));
    snprintf(output, sizeof output, "%s", cli_path(&folder, "out.gguf"));
    ck_assert_int_eq(mkdir(model, 0700), 0);
}

static void close_folder(void) {
    ck_assert_int_eq(nftw(folder.path, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static void copy(const char *from, const char *name) {
    struct map map;
    ck_assert_int_eq(map_open(&map, from, NULL), TOLKA_OK);
    write_file(cli_path(&folder, name), map.bytes, map.n_bytes);
    map_close(&map);
}

static void copy_marian(void) {
    static const char *const names[] = {"config.json", "source.spm", "target.spm", "vocab.json"};
    char from[128], to[64];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(from, sizeof from, MARIAN "%s", names[i]);
        snprintf(to, sizeof to, "model/%s", names[i]);
        copy(from, to);
    }
}

static void expect_refused(const char *says) {
    struct ran ran = run("", "convert", "-q", "--force", model, "-o", output);
    check_refusal(&ran, 3, says);
    ran_free(&ran);
}

static void expect_converted(void) {
    struct ran ran = run("", "convert", "--force", model, "-o", output);
    ck_assert_msg(ran.status == 0 && !strstr(ran.err, "ids only"), "%s", ran.err);
    ran_free(&ran);
}

/* ---- files that a checkpoint names ----------------------------------------------------------- */

static void list_vocabulary(const char *path) {
    char text[512];
    snprintf(text, sizeof text, "vocabs:\n  - %s\n  - %s\n", path, path);
    write_text(cli_path(&folder, "model/decoder.yml"), text);
}

/* The model takes ids only, which is said. */
static void expect_left_out(const char *name) {
    struct ran ran = run("", "convert", "--force", model, "-o", output);
    ck_assert_msg(ran.status == 0, "%s", ran.err);
    ck_assert_msg(strstr(ran.err, name) && strstr(ran.err, "beside it: the model will take token "
                                                           "ids only"),
                  "%s", ran.err);
    ran_free(&ran);
}

START_TEST(vocabularies_lie_in_the_directory) {
    open_folder();
    copy(STUDENT "model.student.npz", "model/model.npz");
    copy(STUDENT "vocab.spm", "outside.spm");
    list_vocabulary(cli_path(&folder, "outside.spm"));
    expect_left_out("outside.spm");
    list_vocabulary("../outside.spm");
    expect_left_out("../outside.spm");
    list_vocabulary("x/../../outside.spm");
    expect_left_out("x/../../outside.spm");
    ck_assert_int_eq(symlink("../outside.spm", cli_path(&folder, "model/link.spm")), 0);
    list_vocabulary("link.spm");
    expect_left_out("link.spm");
    ck_assert_int_eq(remove(cli_path(&folder, "model/link.spm")), 0);
    list_vocabulary("../outside.yml"); /* a list of tokens: any file of lines would do */
    write_text(cli_path(&folder, "outside.yml"), "secret\n");
    expect_left_out("../outside.yml");
    /* A path of another machine stands for its last part, a link inside leads nowhere else. */
    copy(STUDENT "vocab.spm", "model/inside.spm");
    list_vocabulary("/home/somebody/inside.spm");
    expect_converted();
    ck_assert_int_eq(symlink("inside.spm", cli_path(&folder, "model/inner.spm")), 0);
    list_vocabulary("inner.spm");
    expect_converted();
    /* The user may name any. */
    list_vocabulary("../outside.spm");
    char vocab[128];
    snprintf(vocab, sizeof vocab, "%s", cli_path(&folder, "outside.spm"));
    struct ran ran = run("", "convert", "--force", "--vocab", vocab, model, "-o", output);
    ck_assert_msg(ran.status == 0 && !strstr(ran.err, "ids only"), "%s", ran.err);
    ran_free(&ran);
    close_folder();
}
END_TEST

static void write_index(const char *name) {
    struct source source;
    struct built text = {0};
    ck_assert_int_eq(source_open(&source, MARIAN "model.safetensors", NULL), TOLKA_OK);
    put_text(&text, "{\"weight_map\":{");
    for (size_t i = 0; i < source.n_tensors; i++) {
        put_text(&text, i ? ",\"" : "\"");
        put_text(&text, source.tensors[i].name);
        put_text(&text, "\":\"shard.safetensors\"");
    }
    put_text(&text, "}}");
    write_file(cli_path(&folder, name), text.bytes, text.n);
    built_free(&text);
    source_close(&source);
}

START_TEST(shards_lie_in_the_directory) {
    open_folder();
    copy_marian();
    write_index("model/model.safetensors.index.json");
    copy(MARIAN "model.safetensors", "outside");
    const char *shard = cli_path(&folder, "model/shard.safetensors");
    ck_assert_int_eq(symlink("../outside", shard), 0);
    expect_refused("shard.safetensors is a link out of its directory");
    close_folder();
}
END_TEST

/* models--x/snapshots/abc/shard.safetensors is a link to models--x/blobs/1. */
START_TEST(a_cache_is_one_directory) {
    open_folder();
    ck_assert_int_eq(mkdir(cli_path(&folder, "snapshots"), 0700), 0);
    ck_assert_int_eq(mkdir(cli_path(&folder, "blobs"), 0700), 0);
    copy_marian();
    char snapshot[128];
    snprintf(snapshot, sizeof snapshot, "%s", cli_path(&folder, "snapshots/abc"));
    ck_assert_int_eq(rename(model, snapshot), 0);
    snprintf(model, sizeof model, "%s", snapshot);
    write_index("snapshots/abc/model.safetensors.index.json");
    copy(MARIAN "model.safetensors", "blobs/1");
    const char *shard = cli_path(&folder, "snapshots/abc/shard.safetensors");
    ck_assert_int_eq(symlink("../../blobs/1", shard), 0);
    expect_converted();
    close_folder();
}
END_TEST

START_TEST(empty_settings) {
    open_folder();
    copy(STUDENT "model.student.npz", "model/model.npz");
    copy(STUDENT "vocab.spm", "model/vocab.spm");
    write_text(cli_path(&folder, "model/decoder.yml"), "");
    expect_converted();
    close_folder();
}
END_TEST

START_TEST(ids_without_tokens) {
    open_folder();
    copy_marian();
    copy(MARIAN "model.safetensors", "model/model.safetensors");
    write_text(cli_path(&folder, "model/vocab.json"), "{\"a\": 0, \"b\": 16777215}");
    expect_refused("vocab.json: 2 tokens with ids up to 16777215");
    close_folder();
}
END_TEST

/* ---- numbers --------------------------------------------------------------------------------- */

static tolka_status find_role(void *user, const struct role *role, tolka_error *err) {
    struct role_source found;
    return import_find(user, role, &found, err);
}

START_TEST(every_row_has_a_scale) {
    static const char name[] = "model.encoder.layers.0.self_attn.q_proj.weight";
    static const float scales[3] = {1, 1, 1};
    const struct import_options options = {.config = NULL};
    struct import import;
    tolka_error err = {0};
    ck_assert_msg(import_open(&import, "tests/fixtures/marian", &options, &err) == TOLKA_OK, "%s",
                  err.text);
    struct source_tensor *tensor = (struct source_tensor *)source_find(&import.source, name);
    ck_assert_ptr_nonnull(tensor);
    tensor->type = SOURCE_I8;
    ck_assert_int_eq(for_each_role(&import.config, find_role, &import, &err), TOLKA_FORMAT);
    ck_assert_ptr_nonnull(strstr(err.text, "with 0 scales for"));
    tensor->scale = scales;
    tensor->n_scales = 3;
    ck_assert_int_eq(for_each_role(&import.config, find_role, &import, &err), TOLKA_FORMAT);
    ck_assert_ptr_nonnull(strstr(err.text, name));
    ck_assert_ptr_nonnull(strstr(err.text, "with 3 scales for"));
    tensor->n_scales = 1;
    ck_assert_int_eq(for_each_role(&import.config, find_role, &import, &err), TOLKA_OK);
    import_close(&import);
}
END_TEST

/* The references, which are computed first, only notice that something is wrong. */
START_TEST(weights_that_are_no_numbers_are_named) {
    static const char name[] = "model.decoder.layers.1.fc2.weight";
    static const uint8_t nan[] = {0, 0, 0xc0, 0x7f};
    struct source source;
    open_folder();
    copy_marian();
    copy(MARIAN "model.safetensors", "model/model.safetensors");
    const char *path = cli_path(&folder, "model/model.safetensors");
    ck_assert_int_eq(source_open(&source, path, NULL), TOLKA_OK);
    const struct source_tensor *tensor = source_find(&source, name);
    ck_assert_ptr_nonnull(tensor);
    long at = (long)(tensor->data - source.maps[0].bytes) + 8;
    source_close(&source);
    FILE *file = fopen(path, "r+b");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fseek(file, at, SEEK_SET), 0);
    ck_assert_uint_eq(fwrite(nan, 1, sizeof nan, file), sizeof nan);
    ck_assert_int_eq(fclose(file), 0);
    expect_refused("model.safetensors|tensor model.decoder.layers.1.fc2.weight|row 0, column 2 is "
                   "not a number");
    close_folder();
}
END_TEST

static void expect_config(const struct config *config, const char *says) {
    tolka_error err = {0};
    tolka_status status = config_check(config, "model", &err);
    ck_assert_int_eq(status, says ? TOLKA_FORMAT : TOLKA_OK);
    if (says) ck_assert_msg(strstr(err.text, says), "%s", err.text);
}

START_TEST(sizes_have_limits) {
    struct config config;
    config_init(&config);
    config.d_model = config.encoder_heads = config.decoder_heads = 1024;
    config.encoder_layers = config.decoder_layers = 16;
    config.encoder_ffn = config.decoder_ffn = 131072; /* times 128 times 127 is below 2^31 */
    config.source_vocab = config.target_vocab = 10;
    config.end_token = 0;
    config.position_kind = POSITION_RELATIVE;
    config.relative_buckets = 32;
    config.relative_max_distance = 128;
    config.relative_bias_per_layer = true;
    expect_config(&config, NULL);
    config.decoder_layers = 17;
    expect_config(&config, "relative biases for 1024 heads in each of 17 layers; at most 16384");
    config.decoder_layers = 16;
    config.encoder_ffn++;
    expect_config(&config, "encoder.ffn is 131073");
}
END_TEST

/* ---- terminals ------------------------------------------------------------------------------- */

#define SHOWN "\xef\xbf\xbd"

static void expect_printed(const char *text, const char *expected) {
    char *printed;
    size_t n;
    FILE *out = open_memstream(&printed, &n);
    ck_assert_ptr_nonnull(out);
    put_printable(out, text, strlen(text));
    ck_assert_int_eq(fclose(out), 0);
    ck_assert_str_eq(printed, expected);
    free(printed);
}

START_TEST(control_characters_are_shown) {
    expect_printed("", "");
    expect_printed("plain ü 中 " SHOWN, "plain ü 中 " SHOWN);
    expect_printed("\033[2J", SHOWN "[2J");
    expect_printed("a\a\177\t\r\n", "a" SHOWN SHOWN SHOWN SHOWN SHOWN);
    expect_printed("\xc2\x9b"
                   "2J\xc2\xa0\xc2\x80",
                   SHOWN "2J\xc2\xa0" SHOWN);
    expect_printed("\xc2", "\xc2");
}
END_TEST

/* What translations hold goes to files as it is, and to a terminal without what could move it. */
START_TEST(translations_on_a_terminal) {
    static const char text[] = "a\033[2J\tb\r\nc\rd\n";
    char *written, seen[64] = "";
    size_t n;
    FILE *out = open_memstream(&written, &n);
    put_translation(out, text, strlen(text));
    fclose(out);
    ck_assert_str_eq(written, text);
    free(written);
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    ck_assert(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    int slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    out = fdopen(slave, "w");
    ck_assert_ptr_nonnull(out);
    put_translation(out, text, strlen(text));
    fflush(out);
    for (size_t used = 0; count_lines(seen, used) < 2;) {
        ssize_t got = read(master, seen + used, sizeof seen - 1 - used);
        ck_assert_int_gt(got, 0);
        used += (size_t)got;
    }
    ck_assert_str_eq(seen,
                     "a" SHOWN "[2J\tb\r\nc" SHOWN "d\r\n"); /* the terminal has made \r\n of \n */
    fclose(out);
    close(master);
}
END_TEST

static void expect_tame(const struct ran *ran, int status) {
    ck_assert_msg(ran->status == status, "%d: %s", ran->status, ran->err);
    ck_assert(!strchr(ran->out, '\033') && !strchr(ran->err, '\033'));
    ck_assert(!strstr(ran->out, "\xc2\x9b") && !strstr(ran->err, "\xc2\x9b"));
}

START_TEST(names_out_of_files_are_tame) {
    struct built built = safetensors_of("{\"x\\u001b]0;y\\u0007\\u009b2J\":{\"dtype\":\"F32\","
                                        "\"shape\":[1],\"data_offsets\":[0,4]}}",
                                        4);
    open_folder();
    write_file(cli_path(&folder, "a.safetensors"), built.bytes, built.n);
    built.bytes[built.n - 1] = 0x40; /* another number */
    write_file(cli_path(&folder, "b.safetensors"), built.bytes, built.n);
    char a[128], b[128];
    snprintf(a, sizeof a, "%s", cli_path(&folder, "a.safetensors"));
    snprintf(b, sizeof b, "%s", cli_path(&folder, "b.safetensors"));
    struct ran ran = run("", "inspect", "--tensors", a);
    expect_tame(&ran, 0);
    ck_assert_ptr_nonnull(strstr(ran.out, "x" SHOWN "]0;y" SHOWN SHOWN "2J"));
    ran_free(&ran);
    ran = run("", "inspect", "--diff", a, b);
    expect_tame(&ran, 1);
    ck_assert_ptr_nonnull(strstr(ran.out, "! x" SHOWN "]0;y"));
    ran_free(&ran);
    ran = run("", "convert", "a\033[2J", "-o", output);
    expect_tame(&ran, 3);
    ran_free(&ran);
    built_free(&built);
    close_folder();
}
END_TEST

Suite *hostile_suite(void) {
    Suite *suite = suite_create("hostile");
    TCase *hostile = tcase_create("hostile");
    tcase_set_timeout(hostile, 120);
    tcase_add_test(hostile, vocabularies_lie_in_the_directory);
    tcase_add_test(hostile, shards_lie_in_the_directory);
    tcase_add_test(hostile, a_cache_is_one_directory);
    tcase_add_test(hostile, empty_settings);
    tcase_add_test(hostile, ids_without_tokens);
    tcase_add_test(hostile, every_row_has_a_scale);
    tcase_add_test(hostile, weights_that_are_no_numbers_are_named);
    tcase_add_test(hostile, sizes_have_limits);
    tcase_add_test(hostile, control_characters_are_shown);
    tcase_add_test(hostile, translations_on_a_terminal);
    tcase_add_test(hostile, names_out_of_files_are_tame);
    suite_add_tcase(suite, hostile);
    return suite;
}
