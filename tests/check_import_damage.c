/* What damaged or hostile files do to the readers of Marian .bin, CTranslate2, GGUF and lexical
 * shortlists: small files are built here, then cut off and changed in every place. */
#define _POSIX_C_SOURCE 200809L
#include "models/checkpoint/containers.h"
#include "models/checkpoint/detect.h"
#include "models/checkpoint/lexical_shortlist.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TCase *import_damage_case(void);

typedef tolka_status read_function(struct source *source, const char *path, tolka_error *err);

struct file {
    uint8_t bytes[4096];
    size_t n;
};

static void put(struct file *file, const void *bytes, size_t n) {
    ck_assert_uint_le(n, sizeof file->bytes - file->n);
    memcpy(file->bytes + file->n, bytes, n);
    file->n += n;
}

static void put_integer(struct file *file, uint64_t value, size_t width) {
    uint8_t bytes[8];
    for (size_t i = 0; i < width; i++) bytes[i] = (uint8_t)(value >> 8 * i);
    put(file, bytes, width);
}

static void put_float(struct file *file, float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_integer(file, bits, 4);
}

/* ---- small files of each kind ---------------------------------------------------------------- */

struct item {
    const char *name;
    uint32_t type;
    uint32_t rows, columns;
    uint32_t n_bytes;
    float multiplier; /* 0: none */
};

static struct file marian_file(const struct item *items, size_t n) {
    struct file file = {.n = 0};
    put_integer(&file, 1, 8);
    put_integer(&file, n, 8);
    for (size_t i = 0; i < n; i++) {
        put_integer(&file, strlen(items[i].name) + 1, 8);
        put_integer(&file, items[i].type, 8);
        put_integer(&file, 2, 8);
        put_integer(&file, items[i].n_bytes, 8);
    }
    for (size_t i = 0; i < n; i++) put(&file, items[i].name, strlen(items[i].name) + 1);
    for (size_t i = 0; i < n; i++) {
        put_integer(&file, items[i].rows, 4);
        put_integer(&file, items[i].columns, 4);
    }
    put_integer(&file, 3, 8);
    put(&file, "\0\0\0", 3);
    for (size_t i = 0; i < n; i++) {
        uint32_t n_elements = items[i].rows * items[i].columns * (items[i].type & 0xff);
        for (uint32_t k = 0; k < n_elements; k++) put_integer(&file, k + 1, 1);
        if (items[i].multiplier > 0) put_float(&file, items[i].multiplier);
        for (uint32_t k = n_elements + 4 * (items[i].multiplier > 0); k < items[i].n_bytes; k++)
            put_integer(&file, 0, 1);
    }
    return file;
}

static struct file small_marian(void) {
    static const struct item items[] = {
        {"Wemb", 0x4101, 3, 2, 10, 2},  {"Wemb_QuantMultA", 0x4101, 1, 1, 5, 0.25f},
        {"a_Wq", 0x10001, 2, 3, 10, 4}, {"a_bq", 0x404, 1, 3, 12, 0},
        {"h", 0x402, 2, 2, 8, 0},       {"special:model.yml", 0x101, 1, 5, 5, 0},
    };
    return marian_file(items, sizeof items / sizeof *items);
}

static void put_name(struct file *file, const char *name) {
    put_integer(file, strlen(name) + 1, 2);
    put(file, name, strlen(name) + 1);
}

static void put_variable(struct file *file, const char *name, uint32_t rank, uint32_t rows,
                         uint32_t columns, uint8_t type, uint32_t n_bytes) {
    put_name(file, name);
    put_integer(file, rank, 1);
    if (rank > 0) put_integer(file, rows, 4);
    if (rank > 1) put_integer(file, columns, 4);
    put_integer(file, type, 1);
    put_integer(file, n_bytes, 4);
}

static struct file ctranslate2_start(uint32_t version, uint32_t n_variables) {
    struct file file = {.n = 0};
    put_integer(&file, version, 4);
    put_name(&file, "TransformerSpec");
    put_integer(&file, 7, 4);
    put_integer(&file, n_variables, 4);
    return file;
}

static void put_weight(struct file *file, float first_scale) {
    put_variable(file, "x/weight", 2, 2, 3, 1, 6);
    put(file, "\x01\x02\x03\x04\x05\x06", 6);
    put_variable(file, "x/weight_scale", 1, 2, 0, 0, 8);
    put_float(file, first_scale);
    put_float(file, 0.5f);
}

static struct file small_ctranslate2(void) {
    struct file file = ctranslate2_start(6, 4);
    put_weight(&file, 2);
    put_variable(&file, "x/bias", 1, 2, 0, 4, 4);
    put(&file, "\x00\x3c\x00\xc0", 4); /* 1, -2 */
    put_variable(&file, "heads", 0, 0, 0, 2, 2);
    put_integer(&file, 8, 2);
    put_integer(&file, 2, 4);
    put_name(&file, "y/weight");
    put_name(&file, "x/weight");
    put_name(&file, "y/weight_scale");
    put_name(&file, "x/weight_scale");
    return file;
}

static struct file small_gguf(void) {
    static const struct {
        const char *name;
        uint32_t type, n_bytes;
        uint64_t dims[2];
    } tensors[] = {{"a", 0, 24, {3, 2}}, {"b", 8, 34, {32, 1}}, {"c", 2, 18, {32, 1}}};
    struct file file = {.n = 0};
    put(&file, "GGUF", 4);
    put_integer(&file, 3, 4);
    put_integer(&file, 3, 8);
    put_integer(&file, 0, 8);
    for (size_t i = 0, offset = 0; i < 3; i++, offset += 64) {
        put_integer(&file, 1, 8);
        put(&file, tensors[i].name, 1);
        put_integer(&file, 2, 4);
        put_integer(&file, tensors[i].dims[0], 8);
        put_integer(&file, tensors[i].dims[1], 8);
        put_integer(&file, tensors[i].type, 4);
        put_integer(&file, offset, 8);
    }
    size_t start = (file.n + 31) / 32 * 32;
    for (size_t i = 0; i < 3; i++) {
        while (file.n < start + 64 * i) put_integer(&file, 0, 1);
        for (uint32_t k = 0; k < tensors[i].n_bytes / 4; k++) put_float(&file, (float)k);
        if (i > 0) put_integer(&file, 1, 2);
    }
    return file;
}

static uint64_t word(const uint8_t *bytes) {
    uint64_t value = 0;
    for (size_t i = 8; i-- > 0;) value = value << 8 | bytes[i];
    return value;
}

static void seal(struct file *file) {
    uint64_t sum = 0;
    for (size_t at = 16; at + 8 <= file->n; at += 8)
        sum ^= word(file->bytes + at) + 0x9e3779b9 + (sum << 6) + (sum >> 2);
    for (size_t i = 0; i < 8; i++) file->bytes[8 + i] = (uint8_t)(sum >> 8 * i);
}

static struct file shortlist_file(const uint64_t *offsets, size_t n_offsets, const uint32_t *ids,
                                  size_t n_ids) {
    struct file file = {.n = 0};
    put_integer(&file, 0xF11A48D5013417F5, 8);
    put_integer(&file, 0, 8);
    put_integer(&file, 2, 8);
    put_integer(&file, 3, 8);
    put_integer(&file, n_offsets, 8);
    put_integer(&file, n_ids, 8);
    for (size_t i = 0; i < n_offsets; i++) put_integer(&file, offsets[i], 8);
    for (size_t i = 0; i < n_ids; i++) put_integer(&file, ids[i], 4);
    seal(&file);
    return file;
}

static struct file small_shortlist(void) {
    static const uint64_t offsets[] = {0, 2, 2, 3};
    static const uint32_t ids[] = {1, 4, 3};
    return shortlist_file(offsets, 4, ids, 3);
}

/* ---- reading them ---------------------------------------------------------------------------- */

static tolka_status read_shortlist_file(struct source *source, const char *path, tolka_error *err) {
    (void)source;
    struct lexical_shortlist shortlist;
    tolka_status status = shortlist_read(&shortlist, path, 4, 5, err);
    for (size_t i = 0; i < shortlist.n_ids; i++) ck_assert_uint_lt(shortlist.ids[i], 5);
    shortlist_free(&shortlist);
    return status;
}

static void read_every_number(const struct source *source) {
    static float row[sizeof(((struct file *)0)->bytes)];
    for (size_t i = 0; i < source->n_tensors; i++) {
        const struct source_tensor *tensor = &source->tensors[i];
        uint64_t n = source_elements(tensor);
        if (tensor->type == SOURCE_OTHER || n == 0) continue;
        ck_assert_uint_le(n, sizeof row / sizeof *row);
        uint64_t columns = tensor->rank == 0 ? 1 : tensor->dims[tensor->rank - 1];
        for (uint64_t k = 0; k < n / columns; k++) source_read_row(tensor, k, false, row);
    }
}

static tolka_status read_file(const char *path, read_function *read, tolka_error *err) {
    struct source source = {0};
    tolka_status status = read(&source, path, err);
    if (status == TOLKA_OK) {
        read_every_number(&source);
    } else {
        ck_assert_int_eq(err->status, status);
        ck_assert_ptr_eq(strstr(err->text, path), err->text);
        ck_assert_ptr_null(strchr(err->text, '\n'));
    }
    source_close(&source);
    return status;
}

struct scratch {
    char path[64];
    FILE *stream;
};

static struct scratch scratch_open(void) {
    struct scratch scratch = {.path = "/tmp/tolka-check-XXXXXX"};
    int fd = mkstemp(scratch.path);
    ck_assert_int_ge(fd, 0);
    scratch.stream = fdopen(fd, "w");
    ck_assert_ptr_nonnull(scratch.stream);
    return scratch;
}

static void scratch_close(struct scratch *scratch) {
    fclose(scratch->stream);
    unlink(scratch->path);
}

static void scratch_write(struct scratch *scratch, const uint8_t *bytes, size_t n) {
    rewind(scratch->stream);
    ck_assert_uint_eq(fwrite(bytes, 1, n, scratch->stream), n);
    ck_assert_int_eq(fflush(scratch->stream), 0);
    ck_assert_int_eq(ftruncate(fileno(scratch->stream), (off_t)n), 0);
}

static tolka_status read_bytes(const struct file *file, read_function *read, tolka_error *err) {
    struct scratch scratch = scratch_open();
    scratch_write(&scratch, file->bytes, file->n);
    tolka_status status = read_file(scratch.path, read, err);
    scratch_close(&scratch);
    return status;
}

static void expect(const struct file *file, read_function *read, tolka_status expected,
                   const char *text) {
    tolka_error err = {0};
    ck_assert_int_eq(read_bytes(file, read, &err), expected);
    ck_assert_msg(strstr(err.text, text) != NULL, "%s: not in: %s", text, err.text);
}

static const struct {
    struct file (*make)(void);
    read_function *read;
} kinds[] = {
    {small_marian, read_marian_bin},
    {small_ctranslate2, read_ctranslate2},
    {small_gguf, read_gguf_source},
    {small_shortlist, read_shortlist_file},
};
enum { N_KINDS = sizeof kinds / sizeof *kinds };

/* ---- tests ----------------------------------------------------------------------------------- */

START_TEST(small_files_are_read) {
    struct file file = kinds[_i].make();
    tolka_error err = {0};
    ck_assert_msg(read_bytes(&file, kinds[_i].read, &err) == TOLKA_OK, "%s", err.text);
}
END_TEST

START_TEST(every_truncation_is_refused) {
    struct file file = kinds[_i].make();
    struct scratch scratch = scratch_open();
    for (size_t n = 0; n < file.n; n++) {
        tolka_error err = {0};
        scratch_write(&scratch, file.bytes, n);
        ck_assert_int_ne(read_file(scratch.path, kinds[_i].read, &err), TOLKA_OK);
    }
    scratch_close(&scratch);
}
END_TEST

/* Changed bytes may give another good file or an error, but never a crash; the sanitizers watch. */
START_TEST(no_changed_byte_leads_astray) {
    static const uint8_t masks[] = {0x01, 0x80, 0x55, 0xff};
    struct file file = kinds[_i].make();
    struct scratch scratch = scratch_open();
    for (size_t at = 0; at < file.n; at++) {
        for (size_t m = 0; m < sizeof masks; m++) {
            struct file changed = file;
            tolka_error err = {0};
            changed.bytes[at] ^= masks[m];
            if (kinds[_i].read == read_shortlist_file && at >= 16) seal(&changed);
            scratch_write(&scratch, changed.bytes, changed.n);
            read_file(scratch.path, kinds[_i].read, &err);
        }
    }
    scratch_close(&scratch);
}
END_TEST

START_TEST(no_huge_number_leads_astray) {
    struct file file = kinds[_i].make();
    struct scratch scratch = scratch_open();
    for (size_t width = 2; width <= 8; width *= 2) {
        for (size_t at = 0; at + width <= file.n; at++) {
            struct file changed = file;
            tolka_error err = {0};
            memset(changed.bytes + at, 0xff, width);
            changed.bytes[at + width - 1] = at % 2 ? 0x7f : 0xff;
            if (kinds[_i].read == read_shortlist_file && at >= 16) seal(&changed);
            scratch_write(&scratch, changed.bytes, changed.n);
            read_file(scratch.path, kinds[_i].read, &err);
        }
    }
    scratch_close(&scratch);
}
END_TEST

START_TEST(marian_types_that_cannot_be_read_are_named) {
    static const struct {
        struct item item;
        tolka_status status;
        const char *text;
    } cases[] = {
        {{"a_W", 0x13001, 2, 2, 8, 4}, TOLKA_UNSUPPORTED, "VNNI"},
        {{"a_W", 0x18001, 2, 2, 8, 4}, TOLKA_UNSUPPORTED, "SSSE3"},
        {{"a_W", 0x0802, 2, 2, 8, 0}, TOLKA_UNSUPPORTED, "fbgemm"},
        {{"o_Wt", 0x4101, 2, 2, 8, 4}, TOLKA_UNSUPPORTED, "garbled"},
        {{"a_W", 0x9999, 2, 2, 0x99 * 4, 0}, TOLKA_FORMAT, "0x9999"},
        {{"a_W", 0x4101, 2, 2, 7, 4}, TOLKA_FORMAT, "do not fit"},
        {{"special:model.yml", 0x404, 1, 1, 4, 0}, TOLKA_FORMAT, "of type int8, found float32"},
        {{"a_Wq_QuantMultA", 0x108, 1, 1, 8, 0}, TOLKA_FORMAT, "expected float32 or intgemm8"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct file file = marian_file(&cases[i].item, 1);
        expect(&file, read_marian_bin, cases[i].status, cases[i].text);
    }
    struct file encrypted = small_marian();
    encrypted.bytes[0] = 2;
    expect(&encrypted, read_marian_bin, TOLKA_UNSUPPORTED, "encrypted");
}
END_TEST

START_TEST(marian_intgemm16_and_quantized_alphas_are_read) {
    static const struct item items[] = {
        {"Wemb", 0x4101, 3, 2, 10, 2},
        {"Wemb_QuantMultA", 0x4101, 1, 1, 5, 0.25f},
        {"a_W", 0x10002, 2, 3, 16, 8},
        {"b_W", 0x4102, 2, 3, 16, 8},
    };
    struct file file = marian_file(items, 4);
    struct scratch scratch = scratch_open();
    scratch_write(&scratch, file.bytes, file.n);
    struct source source;
    tolka_error err = {0};
    ck_assert_msg(source_open(&source, scratch.path, &err) == TOLKA_OK, "%s", err.text);
    ck_assert_uint_eq(source.n_tensors, 3);
    ck_assert(source_find(&source, "Wemb")->input_multiplier == 4); /* 1 / 0.25 */
    for (size_t i = 0; i < 2; i++) {
        float row[3];
        const struct source_tensor *tensor = source_find(&source, i ? "a_W" : "b_W");
        ck_assert_int_eq(tensor->type, SOURCE_I16);
        source_read_row(tensor, 0, false, row); /* bytes 1 2, 5 6, 9 10 */
        ck_assert(row[0] == 0x201 / 8.0f && row[1] == 0x605 / 8.0f && row[2] == 0xa09 / 8.0f);
    }
    source_close(&source);
    scratch_close(&scratch);
}
END_TEST

START_TEST(ctranslate2_half_floats_and_aliases_are_read) {
    struct file file = small_ctranslate2();
    struct scratch scratch = scratch_open();
    scratch_write(&scratch, file.bytes, file.n);
    struct source source;
    tolka_error err = {0};
    float row[3];
    ck_assert_msg(source_open(&source, scratch.path, &err) == TOLKA_OK, "%s", err.text);
    ck_assert_uint_eq(source.n_tensors, 4); /* both names of the weight, bias, heads */
    source_read_row(source_find(&source, "x/bias"), 0, false, row);
    ck_assert(row[0] == 1 && row[1] == -2);
    const struct source_tensor *alias = source_find(&source, "y/weight");
    source_read_row(alias, 1, false, row);
    ck_assert(row[0] == 8 && row[1] == 10 && row[2] == 12);
    ck_assert_int_eq(alias->shares, source_find(&source, "x/weight") - source.tensors);
    source_close(&source);
    scratch_close(&scratch);
}
END_TEST

static struct file with_alias(const char *alias, const char *target) {
    struct file file = ctranslate2_start(6, 2);
    put_weight(&file, 2);
    put_integer(&file, 2, 4);
    put_name(&file, alias);
    put_name(&file, target);
    put_name(&file, target);
    put_name(&file, alias);
    return file;
}

START_TEST(ctranslate2_contradictions_are_named) {
    struct file loop = with_alias("p", "q"), itself = with_alias("p", "p");
    expect(&loop, read_ctranslate2, TOLKA_FORMAT, "alias p stands for q");
    expect(&itself, read_ctranslate2, TOLKA_FORMAT, "alias p stands for p");
    struct file twice = ctranslate2_start(6, 4);
    put_weight(&twice, 2);
    put_weight(&twice, 2);
    put_integer(&twice, 0, 4);
    expect(&twice, read_ctranslate2, TOLKA_FORMAT, "two variables named x/weight");
    struct file zero = ctranslate2_start(6, 2);
    put_weight(&zero, 0);
    put_integer(&zero, 0, 4);
    expect(&zero, read_ctranslate2, TOLKA_FORMAT, "x/weight_scale: value 0 is 0");
    struct file bare = ctranslate2_start(6, 1);
    put_variable(&bare, "x/weight", 2, 1, 1, 1, 1);
    put_integer(&bare, 0, 5);
    expect(&bare, read_ctranslate2, TOLKA_FORMAT, "no x/weight_scale");
    struct file zeros = ctranslate2_start(6, 2);
    put_variable(&zeros, "x/weight", 2, 1, 1, 1, 1);
    put_integer(&zeros, 1, 1);
    put_variable(&zeros, "x/weight_zero", 0, 0, 0, 1, 1);
    put_integer(&zeros, 1, 5);
    expect(&zeros, read_ctranslate2, TOLKA_UNSUPPORTED, "zero points");
    struct file longer = small_ctranslate2();
    put_integer(&longer, 0, 1);
    expect(&longer, read_ctranslate2, TOLKA_FORMAT, "1 bytes follow");
    struct file whisper = {.n = 0};
    put_integer(&whisper, 6, 4);
    put_name(&whisper, "WhisperSpec");
    put_integer(&whisper, 3, 4);
    expect(&whisper, read_ctranslate2, TOLKA_UNSUPPORTED, "WhisperSpec");
}
END_TEST

START_TEST(shortlist_contradictions_are_named) {
    static const uint64_t falling[] = {0, 2, 1, 3}, early[] = {0, 1, 2, 2};
    static const uint64_t no_last_list[] = {0, 1, 2, 3};
    static const uint32_t ids[] = {1, 4, 3}, high[] = {1, 5, 3};
    struct file file = shortlist_file(falling, 4, ids, 3);
    expect(&file, read_shortlist_file, TOLKA_FORMAT, "offset 2 is 1, expected 2");
    file = shortlist_file(early, 4, ids, 3);
    expect(&file, read_shortlist_file, TOLKA_FORMAT, "last offset is 2");
    file = shortlist_file(no_last_list, 4, high, 3);
    expect(&file, read_shortlist_file, TOLKA_FORMAT, "id 1 is 5");
    file = small_shortlist();
    file.bytes[16] ^= 1;
    expect(&file, read_shortlist_file, TOLKA_FORMAT, "checksum");
    file = small_shortlist();
    file.bytes[16] = 0;
    seal(&file);
    expect(&file, read_shortlist_file, TOLKA_UNSUPPORTED, "always candidates is 0");
}
END_TEST

START_TEST(gguf_shapes_are_outermost_first) {
    struct file file = small_gguf();
    struct scratch scratch = scratch_open();
    scratch_write(&scratch, file.bytes, file.n);
    struct source source;
    tolka_error err = {0};
    float row[3];
    ck_assert_msg(source_open(&source, scratch.path, &err) == TOLKA_OK, "%s", err.text);
    ck_assert_str_eq(source.kind_name, "GGUF");
    const struct source_tensor *a = source_find(&source, "a");
    ck_assert(a->dims[0] == 2 && a->dims[1] == 3 && a->strides[0] == 3 && a->strides[1] == 1);
    source_read_row(a, 1, false, row);
    ck_assert(row[0] == 3 && row[2] == 5);
    ck_assert_int_eq(source_find(&source, "b")->type, SOURCE_Q8_0);
    ck_assert_int_eq(source_find(&source, "c")->type, SOURCE_BLOCKS);
    ck_assert_str_eq(source_find(&source, "c")->type_name, "Q4_0");
    source_close(&source);
    scratch_close(&scratch);
}
END_TEST

TCase *import_damage_case(void) {
    TCase *damage = tcase_create("damaged files");
    tcase_add_loop_test(damage, small_files_are_read, 0, N_KINDS);
    tcase_add_loop_test(damage, every_truncation_is_refused, 0, N_KINDS);
    tcase_add_loop_test(damage, no_changed_byte_leads_astray, 0, N_KINDS);
    tcase_add_loop_test(damage, no_huge_number_leads_astray, 0, N_KINDS);
    tcase_add_test(damage, marian_types_that_cannot_be_read_are_named);
    tcase_add_test(damage, marian_intgemm16_and_quantized_alphas_are_read);
    tcase_add_test(damage, ctranslate2_half_floats_and_aliases_are_read);
    tcase_add_test(damage, ctranslate2_contradictions_are_named);
    tcase_add_test(damage, shortlist_contradictions_are_named);
    tcase_add_test(damage, gguf_shapes_are_outermost_first);
    return damage;
}
