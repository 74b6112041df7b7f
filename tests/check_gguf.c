/* The reader of model files: what the writer writes comes back; whatever is wrong is refused in a
 * line that names it. */
#define _POSIX_C_SOURCE 200809L
#include "tests/check_gguf.h"

#include "models/convert/gguf_writer.h"

#include <stdlib.h>
#include <string.h>

/* ---- a small file ---------------------------------------------------------------------------- */

struct file {
    uint8_t *bytes; /* aligned to 64 */
    size_t n;
};

static uint8_t *aligned_copy(const void *bytes, size_t n) {
    uint8_t *copy = aligned_alloc(64, (n + 127) / 64 * 64);
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, bytes, n);
    return copy;
}

static struct file finish(struct gguf_writer *writer, const void *data, size_t n_data) {
    struct buffer header = gguf_header(writer);
    buffer_add(&header, data, n_data);
    ck_assert(!header.failed);
    struct file file = {aligned_copy(header.bytes, header.n_bytes), header.n_bytes};
    buffer_free(&header);
    gguf_writer_free(writer);
    return file;
}

static const int32_t integers[] = {3, -5, 2147483647, 0};
static const float floats[] = {0.5f, -1e30f};
static const char *const strings[] = {"one", "", "drei \xc3\xa4"};
static const uint8_t raw[] = {0, 255, 10, 13};

/* 3 tensors of 64, 16 and 24 bytes in 3 places of 64. */
static struct file small_file(void) {
    struct gguf_writer writer = {0};
    write_string(&writer, "general.architecture", "tolka");
    write_u32(&writer, "general.alignment", GGUF_WRITE_ALIGNMENT);
    write_u32(&writer, "a.u32", 4000000000u);
    write_i32(&writer, "a.i32", -7);
    write_f32(&writer, "a.f32", 0.25f);
    write_bool(&writer, "a.bool", true);
    write_string(&writer, "a.empty", "");
    write_bytes(&writer, "a.bytes", raw, sizeof raw);
    write_i32s(&writer, "a.i32s", integers, 4);
    write_f32s(&writer, "a.f32s", floats, 2);
    write_strings(&writer, "a.strings", strings, 3);
    write_tensor_info(&writer, "second", DTYPE_F32, 4, 4, 64);
    write_tensor_info(&writer, "first", DTYPE_I8, 16, 1, 16);
    write_tensor_info(&writer, "third", DTYPE_F16, 3, 4, 24);
    uint8_t data[192];
    for (size_t i = 0; i < sizeof data; i++) data[i] = (uint8_t)i;
    return finish(&writer, data, sizeof data);
}

static tolka_status parse(const uint8_t *bytes, size_t n, tolka_error *err) {
    struct gguf gguf;
    *err = (tolka_error){0};
    tolka_status status = gguf_parse(&gguf, bytes, n, "file.gguf", err);
    if (status == TOLKA_OK) gguf_free(&gguf);
    return status;
}

/* ---- round trip ------------------------------------------------------------------------------ */

START_TEST(values_come_back) {
    struct file file = small_file();
    struct gguf gguf;
    tolka_error err = {0};
    ck_assert_msg(gguf_parse(&gguf, file.bytes, file.n, "file", &err) == TOLKA_OK, "%s", err.text);
    ck_assert_uint_eq(gguf.n_values, 11);
    ck_assert_uint_eq(gguf.alignment, 64);
    int64_t integer;
    double number;
    ck_assert(gguf_integer(gguf_find(&gguf, "a.u32"), &integer) && integer == 4000000000);
    ck_assert(gguf_integer(gguf_find(&gguf, "a.i32"), &integer) && integer == -7);
    ck_assert(gguf_integer(gguf_find(&gguf, "a.bool"), &integer) && integer == 1);
    ck_assert(gguf_number(gguf_find(&gguf, "a.f32"), &number) && number == 0.25);
    ck_assert(gguf_number(gguf_find(&gguf, "a.i32"), &number) && number == -7);
    ck_assert(!gguf_integer(gguf_find(&gguf, "a.f32"), &integer));
    ck_assert(!gguf_number(gguf_find(&gguf, "a.strings"), &number));
    ck_assert(!gguf_number(gguf_find(&gguf, "a.empty"), &number));
    ck_assert(!gguf_number(NULL, &number) && !gguf_integer(NULL, &integer));
    ck_assert_ptr_null(gguf_find(&gguf, "a.none"));
    ck_assert_ptr_null(gguf_find(&gguf, ""));
    const struct gguf_value *value = gguf_find(&gguf, "a.i32s");
    ck_assert_uint_eq(value->count, 4);
    for (size_t i = 0; i < 4; i++) ck_assert_int_eq(gguf_array_integer(value, i), integers[i]);
    ck_assert_int_eq(gguf_array_integer(value, 4), 0); /* past the end */
    value = gguf_find(&gguf, "a.bytes");
    ck_assert_uint_eq(value->n_bytes, sizeof raw);
    ck_assert_mem_eq(value->data, raw, sizeof raw);
    value = gguf_find(&gguf, "a.f32s");
    ck_assert_mem_eq(value->data, floats, sizeof floats);
    value = gguf_find(&gguf, "a.strings");
    size_t cursor = 0;
    for (size_t i = 0; i < 3; i++)
        ck_assert(gguf_string_equals(gguf_array_string(value, &cursor), strings[i]));
    ck_assert_uint_eq(gguf_array_string(value, &cursor).length, 0); /* past the end */
    gguf_free(&gguf);
    free(file.bytes);
}
END_TEST

START_TEST(tensors_come_back) {
    struct file file = small_file();
    struct gguf gguf;
    tolka_error err = {0};
    ck_assert_int_eq(gguf_parse(&gguf, file.bytes, file.n, "file", &err), TOLKA_OK);
    static const struct {
        const char *name;
        uint32_t type, rank;
        uint64_t dims[2];
        uint8_t first;
        size_t n_bytes;
    } expected[] = {{"first", DTYPE_I8, 1, {16, 1}, 64, 16},
                    {"second", DTYPE_F32, 2, {4, 4}, 0, 64},
                    {"third", DTYPE_F16, 2, {3, 4}, 128, 24}};
    for (size_t i = 0; i < 3; i++) {
        const struct gguf_tensor *tensor = gguf_tensor(&gguf, expected[i].name);
        ck_assert_ptr_nonnull(tensor);
        ck_assert_uint_eq(tensor->type, expected[i].type);
        ck_assert_uint_eq(tensor->rank, expected[i].rank);
        ck_assert_uint_eq(tensor->dims[0], expected[i].dims[0]);
        ck_assert_uint_eq(tensor->dims[1], expected[i].dims[1]);
        ck_assert_uint_eq(tensor->dims[2], 1);
        ck_assert_uint_eq(tensor->n_bytes, expected[i].n_bytes);
        ck_assert_uint_eq((uintptr_t)tensor->data % 64, 0);
        ck_assert_uint_eq(tensor->data[0], expected[i].first);
    }
    ck_assert_ptr_null(gguf_tensor(&gguf, "fourth"));
    gguf_free(&gguf);
    free(file.bytes);
}
END_TEST

/* ---- cut and changed ------------------------------------------------------------------------- */

static bool is_one_line(const char *text) {
    for (; *text; text++)
        if ((unsigned char)*text < ' ') return false;
    return true;
}

/* An exact copy, so that one byte too far is seen by a sanitizer. */
START_TEST(every_truncation_is_refused) {
    struct file file = small_file();
    size_t data = file.n - 192;
    for (size_t n = 0; n < file.n; n++) {
        uint8_t *cut = malloc(n + 1);
        ck_assert_ptr_nonnull(cut);
        memcpy(cut, file.bytes, n);
        tolka_error err;
        tolka_status status = parse(cut, n, &err);
        /* The padding behind the last tensor is nobody's. */
        bool whole = n >= data + 128 + 24;
        if (whole != (status == TOLKA_OK) || !is_one_line(err.text) ||
            (!whole && strncmp(err.text, "file.gguf: ", 11) != 0))
            ck_abort_msg("cut to %zu of %zu: status %d, \"%s\"", n, file.n, status, err.text);
        free(cut);
    }
    free(file.bytes);
}
END_TEST

START_TEST(every_changed_byte_is_survived) {
    struct file file = small_file();
    static const uint8_t changes[] = {0x01, 0x80, 0xff};
    for (size_t i = 0; i < file.n - 192; i++)
        for (size_t k = 0; k < sizeof changes; k++) {
            file.bytes[i] ^= changes[k];
            tolka_error err;
            tolka_status status = parse(file.bytes, file.n, &err);
            if (status != TOLKA_OK && strncmp(err.text, "file.gguf: ", 11) != 0)
                ck_abort_msg("byte %zu: \"%s\"", i, err.text);
            if (status != TOLKA_OK && !is_one_line(err.text))
                ck_abort_msg("byte %zu: more than a line: \"%s\"", i, err.text);
            file.bytes[i] ^= changes[k];
        }
    free(file.bytes);
}
END_TEST

static size_t find_bytes(const struct file *file, const char *wanted) {
    size_t n = strlen(wanted);
    for (size_t i = 0; i + n <= file->n; i++)
        if (memcmp(file->bytes + i, wanted, n) == 0) return i;
    ck_abort_msg("no %s in the file", wanted);
    return 0;
}

/* Puts `width` bytes of value at `where` and expects a refusal that says `says`. */
static void expect_says(size_t where, uint64_t value, size_t width, tolka_status status,
                        const char *says) {
    struct file file = small_file();
    tolka_error err;
    memcpy(file.bytes + where, &value, width);
    tolka_status found = parse(file.bytes, file.n, &err);
    ck_assert_msg(found == status && strstr(err.text, says),
                  "%llu at %zu: status %d, \"%s\"; expected %d, \"%s\"", (unsigned long long)value,
                  where, found, err.text, status, says);
    free(file.bytes);
}

START_TEST(header_fields) {
    static const uint64_t huge[] = {1000, 1u << 31, UINT64_MAX / 13, UINT64_MAX};
    expect_says(0, 'X', 1, TOLKA_FORMAT, "not a GGUF file");
    expect_says(4, 1, 4, TOLKA_UNSUPPORTED, "GGUF version 1");
    expect_says(4, 4, 4, TOLKA_UNSUPPORTED, "GGUF version 4");
    expect_says(4, 0x03000000, 4, TOLKA_UNSUPPORTED, "big-endian");
    for (size_t i = 0; i < sizeof huge / sizeof *huge; i++) {
        expect_says(8, huge[i], 8, TOLKA_FORMAT, "announces");
        expect_says(16, huge[i], 8, TOLKA_FORMAT, "announces");
    }
    expect_says(16, 12, 8, TOLKA_FORMAT, "file.gguf: "); /* one key more than there is */
    expect_says(8, 4, 8, TOLKA_FORMAT, "file.gguf: ");   /* one tensor more */
}
END_TEST

START_TEST(metadata_fields) {
    struct file file = small_file();
    size_t key = find_bytes(&file, "a.i32s"), text = find_bytes(&file, "a.empty");
    size_t alignment = find_bytes(&file, "general.alignment") + 17 + 4;
    size_t list = find_bytes(&file, "a.strings") + 9;
    free(file.bytes);
    expect_says(key - 8, UINT64_MAX, 8, TOLKA_FORMAT, "metadata");
    expect_says(key - 8, 1 << 20, 8, TOLKA_FORMAT, "metadata");
    expect_says(key + 1, 0, 1, TOLKA_FORMAT, "not a name");
    expect_says(key + 6, 13, 4, TOLKA_FORMAT, "a.i32s has type 13");
    expect_says(key + 6, UINT32_MAX, 4, TOLKA_FORMAT, "a.i32s has type");
    expect_says(key + 10, 9, 4, TOLKA_FORMAT, "a.i32s: an array of type 9");
    expect_says(key + 10, 99, 4, TOLKA_FORMAT, "a.i32s: an array of type 99");
    expect_says(key + 14, UINT64_MAX / 4 + 2, 8, TOLKA_FORMAT, "metadata");
    expect_says(list + 8, UINT64_MAX, 8, TOLKA_FORMAT, "metadata");
    expect_says(list + 16, UINT64_MAX - 7, 8, TOLKA_FORMAT, "metadata");
    expect_says(text + 7 + 4, UINT64_MAX, 8, TOLKA_FORMAT, "metadata");
    for (uint64_t i = 0; i < 4; i++) {
        static const uint32_t wrong[] = {0, 4, 48, 1 << 17};
        expect_says(alignment, wrong[i], 4, TOLKA_FORMAT, "general.alignment");
    }
}
END_TEST

START_TEST(duplicate_names) {
    struct file file = small_file();
    size_t key = find_bytes(&file, "a.i32s"), tensor = find_bytes(&file, "first");
    memcpy(file.bytes + key, "a.bool", 6); /* of the same length */
    tolka_error err;
    ck_assert_int_eq(parse(file.bytes, file.n, &err), TOLKA_FORMAT);
    ck_assert_msg(strstr(err.text, "key a.bool appears twice"), "%s", err.text);
    memcpy(file.bytes + key, "a.i32s", 6);
    memcpy(file.bytes + tensor, "third", 5);
    ck_assert_int_eq(parse(file.bytes, file.n, &err), TOLKA_FORMAT);
    ck_assert_msg(strstr(err.text, "tensor third appears twice"), "%s", err.text);
    free(file.bytes);
}
END_TEST

START_TEST(tensor_fields) {
    struct file file = small_file();
    /* "second": name, rank, 2 dimensions, type, offset */
    size_t second = find_bytes(&file, "second") + 6, third = find_bytes(&file, "third") + 5;
    free(file.bytes);
    size_t dims = second + 4, type = dims + 16, offset = type + 4;
    expect_says(second - 6, 0, 1, TOLKA_FORMAT, "not a name");
    expect_says(second - 14, 0, 8, TOLKA_FORMAT, "not a name");
    expect_says(second - 14, UINT64_MAX, 8, TOLKA_FORMAT, "list of tensors");
    expect_says(second, 5, 4, TOLKA_FORMAT, "tensor second has 5 dimensions");
    expect_says(second, UINT32_MAX, 4, TOLKA_FORMAT, "tensor second has");
    expect_says(dims, 1000, 8, TOLKA_FORMAT, "tensor second is larger than the file");
    expect_says(dims, UINT64_MAX, 8, TOLKA_FORMAT, "tensor second is larger than the file");
    expect_says(dims, 1ull << 62, 8, TOLKA_FORMAT, "tensor second is larger than the file");
    expect_says(dims + 8, 1ull << 62, 8, TOLKA_FORMAT, "tensor second is larger than the file");
    expect_says(type, 4, 4, TOLKA_UNSUPPORTED, "tensor second has type 4");
    expect_says(type, UINT32_MAX, 4, TOLKA_UNSUPPORTED, "tensor second has type");
    expect_says(type, DTYPE_Q8_0, 4, TOLKA_FORMAT, "tensor second has rows of 4");
    expect_says(offset, 32, 8, TOLKA_FORMAT, "tensor second is not aligned to 64");
    expect_says(offset, 1, 8, TOLKA_FORMAT, "tensor second is not aligned to 64");
    expect_says(offset, 192, 8, TOLKA_FORMAT, "tensor second needs bytes");
    expect_says(offset, UINT64_MAX - 63, 8, TOLKA_FORMAT, "tensor second needs bytes");
    expect_says(offset, 1ull << 40, 8, TOLKA_FORMAT, "cut off");
    expect_says(offset, 64, 8, TOLKA_FORMAT, "overlap");
    expect_says(third + 4 + 16 + 4, 0, 8, TOLKA_FORMAT, "overlap");
    expect_says(dims + 8, 5, 8, TOLKA_FORMAT, "overlap");
}
END_TEST

/* ---- other files ----------------------------------------------------------------------------- */

/* Files that are in the tree. */
START_TEST(checkpoints_are_recognised) {
    static const struct {
        const char *path, *says;
    } files[] = {
        {"tests/fixtures/marian/model.safetensors", "safetensors"},
        {"tests/fixtures/marian-bin/pytorch_model.bin", "zip archive"},
        {"tests/fixtures/marian/config.json", "JSON"},
        {"tests/fixtures/marian/source.spm", "SentencePiece"},
        {"tests/fixtures/marian-student/model.student.bin", "Marian .bin"},
        {"tests/fixtures/marian-student/model.student.npz", "zip archive"},
        {"tests/fixtures/ct2-marian-int8/model.bin", "CTranslate2"},
        {"tests/fixtures/ct2-aren-transliteration/model.bin", "CTranslate2"},
        {"tests/check_gguf.c", "a text file"},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        tolka_model *model;
        tolka_error err = {0};
        tolka_status status = tolka_model_open(&model, files[i].path, &err);
        ck_assert_int_eq(status, TOLKA_FORMAT);
        ck_assert_ptr_null(model);
        ck_assert_msg(strstr(err.text, files[i].says) && strstr(err.text, files[i].path),
                      "\"%s\" does not say \"%s\"", err.text, files[i].says);
    }
    tolka_model *model;
    tolka_error err = {0};
    ck_assert_int_eq(tolka_model_open(&model, "tests/fixtures/none.gguf", &err), TOLKA_IO);
    ck_assert_msg(strstr(err.text, "tests/fixtures/none.gguf"), "%s", err.text);
    ck_assert_int_eq(tolka_model_open(&model, "tests/fixtures", &err), TOLKA_IO);
    ck_assert_msg(strstr(err.text, "tests/fixtures"), "%s", err.text);
}
END_TEST

Suite *gguf_suite(void) {
    Suite *suite = suite_create("gguf");
    TCase *files = tcase_create("files");
    tcase_add_test(files, values_come_back);
    tcase_add_test(files, tensors_come_back);
    tcase_add_test(files, every_truncation_is_refused);
    tcase_add_test(files, every_changed_byte_is_survived);
    tcase_add_test(files, header_fields);
    tcase_add_test(files, metadata_fields);
    tcase_add_test(files, duplicate_names);
    tcase_add_test(files, tensor_fields);
    tcase_add_test(files, checkpoints_are_recognised);
    suite_add_tcase(suite, files);
    suite_add_tcase(suite, gguf_kinds_case());
    suite_add_tcase(suite, gguf_model_case());
    suite_add_tcase(suite, gguf_damage_case());
    return suite;
}
