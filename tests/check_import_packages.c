/* Archives: 64-bit records as other programs write them, places where nothing can be unpacked, and
 * memory that runs out on the way. */
#define _POSIX_C_SOURCE 200809L
#include "engine/map.h"
#include "tests/allocations.h"
#include "tests/import_files.h"
#include "tests/packages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

TCase *import_packages_case(void);

#define FIXTURES "tests/fixtures/"
#define VASWANI FIXTURES "vaswani/"

/* ---- 64-bit records -------------------------------------------------------------------------- */

static struct built bytes_of(const char *path) {
    struct map map;
    struct built built = {0};
    ck_assert_int_eq(map_open(&map, path, NULL), TOLKA_OK);
    put(&built, map.bytes, map.n_bytes);
    map_close(&map);
    return built;
}

/* Numbers that do not fit the end record are in its 64-bit twin, which zipfile writes all the same. */
static struct built huge_looking(void) {
    struct built built = bytes_of(FIXTURES "zip64/weights.npz");
    memset(built.bytes + built.n - 14, 0xff, 12); /* counts, size and offset of the directory */
    return built;
}

static void check_numbers(const struct built *built) {
    struct source source;
    tolka_error err = {0};
    const char *path = temporary("weights.npz");
    write_file(path, built->bytes, built->n);
    ck_assert_msg(source_open(&source, path, &err) == TOLKA_OK, "%s", err.text);
    unlink(path);
    const struct source_tensor *first = source_find(&source, "first");
    const struct source_tensor *second = source_find(&source, "second");
    const struct source_tensor *third = source_find(&source, "third");
    ck_assert(first && second && third);
    float row[8];
    source_read_row(first, 1, false, row);
    ck_assert(row[0] == 3 && row[1] == 4 && row[2] == 5);
    source_read_row(third, 1, false, row);
    ck_assert(row[0] == -3 && row[1] == -4 && row[2] == -5);
    source_read_row(second, 7, false, row);
    ck_assert(row[7] == 1);
    source_close(&source);
}

START_TEST(archives_beyond_4_gib) {
    struct built as_written = bytes_of(FIXTURES "zip64/weights.npz"), huge = huge_looking();
    check_numbers(&as_written);
    check_numbers(&huge);
    expect_robust(&huge);
    built_free(&as_written);
    built_free(&huge);
}
END_TEST

START_TEST(a_64_bit_record_must_be_there) {
    struct built built = huge_looking();
    built.bytes[built.n - 22 - 20] = 'X'; /* the signature of what says where it is */
    expect_failure(&built, TOLKA_FORMAT, "64-bit end record is missing");
    built.bytes[built.n - 22 - 20] = 'P';
    built.bytes[built.n - 22 - 20 - 56] = 'X'; /* its own */
    expect_failure(&built, TOLKA_FORMAT, "64-bit end record is damaged");
    built_free(&built);
}
END_TEST

START_TEST(parts_of_an_archive) {
    struct built built = bytes_of(FIXTURES "zip64/weights.npz");
    built.bytes[built.n - 22 + 4] = 1; /* the number of this disk */
    expect_failure(&built, TOLKA_UNSUPPORTED, "a zip archive in several parts");
    built_free(&built);
}
END_TEST

/* ---- npz ------------------------------------------------------------------------------------- */

/* One float. */
static struct built array_of_one(void) {
    static const char header[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }\n";
    struct built built = {0};
    put(&built, "\x93NUMPY\1\0", 8);
    put_integer(&built, sizeof header - 1, 2);
    put_text(&built, header);
    put_integer(&built, 0, 4);
    return built;
}

START_TEST(what_marian_does_not_write) {
    static const char *const names[] = {"special:model.yml.npy", "readme"};
    static const char *const says[] = {"special:model.yml is not an array of bytes",
                                       "entry readme; expected NAME.npy"};
    struct built array = array_of_one();
    for (size_t i = 0; i < 2; i++) {
        struct zip_writer writer = {0};
        zip_put(&writer, &(struct zip_item){"a.npy", array.bytes, array.n, .claimed = 0});
        zip_put(&writer, &(struct zip_item){names[i], array.bytes, array.n, .claimed = 0});
        struct built built = zip_end(&writer);
        expect_failure(&built, TOLKA_FORMAT, says[i]);
        built_free(&built);
    }
    built_free(&array);
}
END_TEST

/* ---- shards ---------------------------------------------------------------------------------- */

static void expect_shard_failure(const char *index, const struct built *shard, const char *says) {
    struct source source;
    tolka_error err = {0};
    char index_path[256], shard_path[256];
    snprintf(index_path, sizeof index_path, "%s", temporary("model.safetensors.index.json"));
    snprintf(shard_path, sizeof shard_path, "%s", temporary("shard.safetensors"));
    write_text(index_path, index);
    write_file(shard_path, shard->bytes, shard->n);
    ck_assert_int_eq(source_open(&source, index_path, &err), TOLKA_FORMAT);
    ck_assert_msg(strstr(err.text, says), "\"%s\", not \"%s\"", err.text, says);
    unlink(index_path);
    unlink(shard_path);
}

START_TEST(what_a_shard_may_not_be) {
    static const char index[] = "{\"weight_map\":{\"a\":\"shard.safetensors\"}}";
    struct built list = safetensors_of("[1]", 0), page = {0};
    put_text(&page, "<!DOCTYPE html><html></html>");
    struct built other =
        safetensors_of("{\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]}}", 2);
    expect_shard_failure(index, &list, "shard.safetensors: the header is not a JSON object");
    expect_shard_failure(index, &page, "shard.safetensors: not a safetensors file: ");
    expect_shard_failure(index, &other, "tensor a is not in shard.safetensors");
    expect_shard_failure("{\"weight_map\":{\"a\":\"../shard.safetensors\"}}", &other,
                         "../shard.safetensors is not the plain name of a file");
    expect_shard_failure("{\"weight_map\":{\"a\":3}}", &other, "(not a string)");
    expect_shard_failure("{\"weight_map\":[]}", &other, "no weight_map that names shards");
    expect_shard_failure("{\"weight_map\":", &other, "");
    built_free(&list);
    built_free(&page);
    built_free(&other);
}
END_TEST

/* ---- a place to unpack ----------------------------------------------------------------------- */

static const char *const packages[] = {"model.zip", "model.tar.gz", "model.safetensors.gz",
                                       "nested"};

/* Makes it and returns its path, which is static. */
static const char *make_package(const char *name) {
    static char path[256];
    snprintf(path, sizeof path, "%s", temporary(name));
    if (strcmp(name, "nested") == 0) {
        char inner[300];
        ck_assert_int_eq(mkdir(path, 0700), 0);
        snprintf(inner, sizeof inner, "%s/model.safetensors.gz", path);
        pack_alone(inner, VASWANI "model.safetensors");
    } else if (strstr(name, "safetensors")) {
        pack_alone(path, VASWANI "model.safetensors");
    } else {
        const struct packed files[] = {
            {.name = "a/b/model.safetensors", .from = VASWANI "model.safetensors"},
            {.name = "a/config.json", .from = VASWANI "config.json"},
            {.name = NULL}};
        pack_files(path, files);
    }
    return path;
}

static void remove_package(const char *path) {
    char inner[300];
    snprintf(inner, sizeof inner, "%s/model.safetensors.gz", path);
    unlink(inner);
    if (unlink(path) != 0) ck_assert_int_eq(rmdir(path), 0);
}

START_TEST(packages_run_out_of_memory) {
    const char *path = make_package(packages[_i]);
    bool failed = true;
    for (long n = 1; failed; n++) {
        struct source source;
        tolka_error err = {0};
        allocations_fail_from(n);
        tolka_status status = source_open(&source, path, &err);
        failed = allocations_failed();
        allocations_fail_from(0);
        ck_assert_msg(status == (failed ? TOLKA_NOMEM : TOLKA_OK) && err.status == status,
                      "%s, allocation %ld: %d \"%s\"", path, n, status, err.text);
        if (status == TOLKA_OK) source_close(&source);
    }
    remove_package(path);
}
END_TEST

START_TEST(nowhere_to_unpack) {
    char long_name[5000];
    memset(long_name, 'x', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = 0;
    const char *const places[] = {"/nonexistent", "/dev/null", long_name};
    static const char *const reasons[] = {"No such file or directory", "Not a directory",
                                          "File name too long"};
    const char *path = make_package("model.zip");
    for (size_t i = 0; i < 3; i++) {
        struct source source;
        tolka_error err = {0};
        setenv("TMPDIR", places[i], 1);
        ck_assert_int_eq(source_open(&source, path, &err), TOLKA_IO);
        ck_assert_msg(
            strstr(err.text, "no temporary directory can be made (TMPDIR says where): ") &&
                strstr(err.text, reasons[i]),
            "%s", err.text);
    }
    unsetenv("TMPDIR");
    remove_package(path);
}
END_TEST

TCase *import_packages_case(void) {
    TCase *tcase = tcase_create("packages");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, archives_beyond_4_gib);
    tcase_add_test(tcase, a_64_bit_record_must_be_there);
    tcase_add_test(tcase, parts_of_an_archive);
    tcase_add_test(tcase, what_marian_does_not_write);
    tcase_add_test(tcase, what_a_shard_may_not_be);
    tcase_add_loop_test(tcase, packages_run_out_of_memory, 0, sizeof packages / sizeof *packages);
    tcase_add_test(tcase, nowhere_to_unpack);
    return tcase;
}
