/* What damaged or hostile safetensors, PyTorch and npz files do to their readers. */
#include "tests/import_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TCase *import_hostile_case(void);

static const float numbers[6] = {1, 2, 3, 4, 5, 6};

/* ---- safetensors ----------------------------------------------------------------------------- */

struct header_case {
    const char *header;
    size_t n_data;
    const char *says;
};

#define F32_2x3 "\"dtype\":\"F32\",\"shape\":[2,3]"

static const struct header_case header_cases[] = {
    {"{\"a\":{" F32_2x3 ",\"data_offsets\":[0,20]}}", 20,
     "has 20 bytes; 6 elements of F32 need 24"},
    {"{\"a\":{" F32_2x3 ",\"data_offsets\":[0,24]}}", 20, "cut off"},
    {"{\"a\":{" F32_2x3 ",\"data_offsets\":[24,0]}}", 24, "cut off"},
    {"{\"a\":{" F32_2x3 ",\"data_offsets\":[0,24]}}", 25, "end at byte 24 of 25"},
    {"{\"a\":{" F32_2x3 ",\"data_offsets\":[1,25]}}", 25, "overlap or leave a gap"},
    {"{\"a\":{" F32_2x3 ",\"data_offsets\":[0,24]},\"b\":{" F32_2x3 ",\"data_offsets\":[0,24]}}",
     24, "overlap or leave a gap"},
    {"{\"a\":{" F32_2x3 ",\"data_offsets\":[0,24]},\"a\":{" F32_2x3 ",\"data_offsets\":[0,24]}}",
     24, "duplicate"},
    {"{\"a\":{" F32_2x3 ",\"data_offsets\":[0.0,24]}}", 24, "not two counts"},
    {"{\"a\":{" F32_2x3 ",\"data_offsets\":[-24,0]}}", 24, "not two counts"},
    {"{\"a\":{" F32_2x3 ",\"data_offsets\":[0,24,24]}}", 24, "not two counts"},
    {"{\"a\":{" F32_2x3 "}}", 24, "not two counts"},
    {"{\"a\":{\"dtype\":\"F31\",\"shape\":[6],\"data_offsets\":[0,24]}}", 24, "unknown type F31"},
    {"{\"a\":{\"dtype\":7,\"shape\":[6],\"data_offsets\":[0,24]}}", 24, "unknown type"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":6,\"data_offsets\":[0,24]}}", 24, "no shape"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[-6],\"data_offsets\":[0,24]}}", 24, "not a count"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}}", 0,
     "overflows"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296,0],\"data_offsets\":[0,0]}}", 0,
     "overflows"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,1],\"data_offsets\":[0,4]}}", 4,
     "9 dimensions"},
    {"{\"__metadata__\":{\"a\":1}}", 0, "not a string"},
    {"{\"\":{" F32_2x3 ",\"data_offsets\":[0,24]}}", 24, "name of 0 bytes"},
    {"{\"a\":{" F32_2x3 ",\"data_offsets\":[0,24]}", 24, "not JSON"},
    {"{\"a\\u0000b\":{" F32_2x3 ",\"data_offsets\":[0,24]}}", 24, "not JSON"},
    {"{\"a\xff\":{" F32_2x3 ",\"data_offsets\":[0,24]}}", 24, "not JSON"},
    {"{} {}", 0, "not JSON"},
    {"{\"__metadata__\":3}", 0, "__metadata__ is not an object"},
};

START_TEST(bad_header) {
    const struct header_case *c = &header_cases[_i];
    struct built built = safetensors_of(c->header, c->n_data);
    expect_failure(&built, TOLKA_FORMAT, c->says);
    built_free(&built);
}
END_TEST

/* Three bytes in the file are two hundred in memory. */
START_TEST(json_has_a_budget) {
    enum { OBJECTS = 600000 };
    struct built header = {0};
    put_text(&header, "{\"a\":[{}");
    for (int i = 1; i < OBJECTS; i++) put_text(&header, ",{}");
    put(&header, "]}", 3); /* with its NUL */
    struct built built = safetensors_of((const char *)header.bytes, 0);
    expect_failure(&built, TOLKA_FORMAT, "more than 128 MB");
    built_free(&header);
    built_free(&built);
}
END_TEST

/* Bits of an element, by the format's description. */
static const struct {
    const char *name;
    size_t bits;
} element_sizes[] = {
    {"BOOL", 8},        {"U8", 8},          {"I8", 8},   {"F8_E5M2", 8}, {"F8_E4M3", 8},
    {"F8_E8M0", 8},     {"F8_E4M3FNUZ", 8}, {"I16", 16}, {"U16", 16},    {"F16", 16},
    {"F8_E5M2FNUZ", 8}, {"BF16", 16},       {"I32", 32}, {"U32", 32},    {"F32", 32},
    {"C64", 64},        {"F64", 64},        {"I64", 64}, {"U64", 64},    {"F4", 4},
    {"F6_E2M3", 6},     {"F6_E3M2", 6},
};

/* The one tensor of a file, of 40 elements. */
static struct built forty_elements(const char *type, size_t n_bytes) {
    char header[128];
    snprintf(header, sizeof header,
             "{\"a\":{\"dtype\":\"%s\",\"shape\":[40],\"data_offsets\":[0,%zu]}}", type, n_bytes);
    return safetensors_of(header, n_bytes);
}

/* Weights of other types may stand beside those that are needed. */
START_TEST(types_have_their_sizes) {
    size_t n_bytes = 5 * element_sizes[_i].bits;
    struct built right = forty_elements(element_sizes[_i].name, n_bytes);
    struct source source;
    tolka_error err = {0};
    const char *path = temporary("type");
    write_file(path, right.bytes, right.n);
    ck_assert_msg(source_open(&source, path, &err) == TOLKA_OK, "%s", err.text);
    source_close(&source);
    built_free(&right);
    for (size_t n = n_bytes - 1; n <= n_bytes + 1; n += 2) {
        struct built wrong = forty_elements(element_sizes[_i].name, n);
        expect_failure(&wrong, TOLKA_FORMAT, "40 elements of");
        built_free(&wrong);
    }
}
END_TEST

START_TEST(odd_but_right_safetensors) {
    struct built built =
        safetensors_of(" {\"s\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4],\"more\":1},"
                       "\"z\":{\"dtype\":\"I8\",\"shape\":[3,0],\"data_offsets\":[4,4]}}  ",
                       4);
    struct source source;
    tolka_error err = {0};
    const char *path = temporary("odd");
    write_file(path, built.bytes, built.n);
    ck_assert_msg(source_open(&source, path, &err) == TOLKA_OK, "%s", err.text);
    ck_assert_uint_eq(source_elements(source_find(&source, "s")), 1);
    ck_assert_uint_eq(source_elements(source_find(&source, "z")), 0);
    float one;
    source_read_row(source_find(&source, "s"), 0, false, &one);
    source_close(&source);
    remove(path);
    built_free(&built);
}
END_TEST

START_TEST(damaged_safetensors) {
    struct built built =
        safetensors_of("{\"__metadata__\":{\"format\":\"pt\"},\"a\":{" F32_2x3
                       ",\"data_offsets\":[0,24]},\"b\":{\"dtype\":\"F16\",\"shape\":[3],"
                       "\"data_offsets\":[24,30]}}",
                       30);
    expect_robust(&built);
    built_free(&built);
}
END_TEST

/* ---- PyTorch --------------------------------------------------------------------------------- */

static void put_string(struct built *pickle, const char *text) {
    put_text(pickle, "X");
    put_integer(pickle, strlen(text), 4);
    put_text(pickle, text);
}

struct pickled {
    const char *name, *class, *key;
    unsigned count, offset, dims[2], strides[2];
};

static void put_pair(struct built *pickle, const unsigned *pair) {
    for (int i = 0; i < 2; i++) {
        put_text(pickle, "J");
        put_integer(pickle, pair[i], 4);
    }
    put_text(pickle, "\x86");
}

/* The calls that make one tensor, as torch.save writes them. */
static void put_tensor(struct built *pickle, const struct pickled *tensor) {
    put_string(pickle, tensor->name);
    put_text(pickle, "ctorch._utils\n_rebuild_tensor_v2\n((");
    put_string(pickle, "storage");
    put_text(pickle, "c");
    put_text(pickle, tensor->class);
    put_text(pickle, "\n");
    put_string(pickle, tensor->key);
    put_string(pickle, "cpu");
    put_text(pickle, "J");
    put_integer(pickle, tensor->count, 4);
    put_text(pickle, "tQJ");
    put_integer(pickle, tensor->offset, 4);
    put_pair(pickle, tensor->dims);
    put_pair(pickle, tensor->strides);
    put_text(pickle, "\x89"
                     "ccollections\nOrderedDict\n)RtR");
}

static struct built pickle_of(const struct pickled *tensors, size_t n) {
    struct built pickle = {0};
    put_text(&pickle, "\x80\x02}q");
    put_integer(&pickle, 0, 1);
    put_text(&pickle, "(");
    for (size_t i = 0; i < n; i++) put_tensor(&pickle, &tensors[i]);
    put_text(&pickle, "u.");
    return pickle;
}

/* Frees the pickle. */
static struct built checkpoint_of(struct built *pickle) {
    struct zip_writer writer = {0};
    zip_put(&writer, &(struct zip_item){"m/data.pkl", pickle->bytes, pickle->n, .claimed = 0});
    zip_put(&writer, &(struct zip_item){"m/byteorder", "little", 6, .claimed = 0});
    zip_put(&writer, &(struct zip_item){"m/data/0", numbers, sizeof numbers, .claimed = 0});
    built_free(pickle);
    return zip_end(&writer);
}

static const struct pickled good[] = {
    {"a", "torch\nFloatStorage", "0", 6, 0, {2, 3}, {3, 1}},
    {"b", "torch\nFloatStorage", "0", 6, 0, {3, 2}, {1, 3}}, /* a, transposed */
    {"c", "torch\nFloatStorage", "0", 6, 1, {2, 2}, {3, 1}}, /* its last columns */
    {"d", "torch\nFloatStorage", "0", 6, 0, {2, 3}, {3, 1}}, /* a itself */
};

START_TEST(views_of_one_storage) {
    struct built pickle = pickle_of(good, 4), built = checkpoint_of(&pickle);
    struct source source;
    tolka_error err = {0};
    const char *path = temporary("views.bin");
    write_file(path, built.bytes, built.n);
    ck_assert_msg(source_open(&source, path, &err) == TOLKA_OK, "%s", err.text);
    ck_assert_uint_eq(source.n_tensors, 4);
    ck_assert_int_eq(source_find(&source, "b")->shares, -1);
    ck_assert_int_eq(source_find(&source, "d")->shares, 0);
    float row[3];
    source_read_row(source_find(&source, "b"), 1, false, row);
    ck_assert(row[0] == 2 && row[1] == 5);
    source_read_row(source_find(&source, "b"), 0, true, row);
    ck_assert(row[0] == 1 && row[1] == 2 && row[2] == 3);
    source_read_row(source_find(&source, "c"), 1, false, row);
    ck_assert(row[0] == 5 && row[1] == 6);
    ck_assert(!source_is_contiguous(source_find(&source, "b")));
    source_close(&source);
    remove(path);
    built_free(&built);
}
END_TEST

START_TEST(damaged_pytorch) {
    struct built pickle = pickle_of(good, 2), built = checkpoint_of(&pickle);
    expect_robust(&built);
    built_free(&built);
}
END_TEST

struct tensor_case {
    struct pickled tensor;
    tolka_status status;
    const char *says;
};

static const struct tensor_case tensor_cases[] = {
    {{"a", "torch\nFloatStorage", "0", 6, 1, {2, 3}, {3, 1}}, TOLKA_FORMAT, "past the end"},
    {{"a", "torch\nFloatStorage", "0", 7, 0, {2, 3}, {3, 1}}, TOLKA_FORMAT, "need more"},
    {{"a", "torch\nFloatStorage", "1", 6, 0, {2, 3}, {3, 1}}, TOLKA_FORMAT, "no entry m/data/1"},
    {{"a", "torch\nDoubleStorage", "0", 6, 0, {2, 3}, {3, 1}}, TOLKA_FORMAT, "need more"},
    {{"a", "torch\nFloatStorage", "0", 6, 0, {2, 3}, {UINT32_MAX, 1}}, TOLKA_FORMAT, "form"},
    {{"a", "torch\nFloatStorage", "0", 6, 0, {2147483647, 2147483647}, {2147483647, 1}},
     TOLKA_FORMAT,
     "past the end"},
    /* Many rows of few numbers. */
    {{"a", "torch\nFloatStorage", "0", 6, 0, {2, 3}, {0, 1}}, TOLKA_FORMAT, "more numbers than"},
    {{"a", "torch\nFloatStorage", "0", 6, 0, {2147483647, 2147483647}, {0, 0}},
     TOLKA_FORMAT,
     "more numbers than"},
    {{"a", "os\nsystem", "0", 6, 0, {2, 3}, {3, 1}}, TOLKA_UNSUPPORTED, "os.system"},
    {{"", "torch\nFloatStorage", "0", 6, 0, {2, 3}, {3, 1}}, TOLKA_FORMAT, "name of 0 bytes"},
};

START_TEST(bad_tensor) {
    const struct tensor_case *c = &tensor_cases[_i];
    struct built pickle = pickle_of(&c->tensor, 1), built = checkpoint_of(&pickle);
    expect_failure(&built, c->status, c->says);
    built_free(&built);
}
END_TEST

struct pickle_case {
    const char *bytes;
    size_t n;
    tolka_status status;
    const char *says;
};

#define PICKLE(bytes) bytes, sizeof bytes - 1

static const struct pickle_case pickle_cases[] = {
    {PICKLE("\x80\x02}i."), TOLKA_UNSUPPORTED, "opcode 0x69"},
    {PICKLE("\x80\x02}."), TOLKA_FORMAT, "no tensors"},
    {PICKLE("\x80\x05}."), TOLKA_FORMAT, "no tensors"},
    {PICKLE("\x80\x02]."), TOLKA_UNSUPPORTED, "holds no dict"},
    {PICKLE("\x80\x02}"), TOLKA_FORMAT, "cut off"},
    {PICKLE("\x80\x02."), TOLKA_FORMAT, "stack is empty"},
    {PICKLE("\x80\x02}.."), TOLKA_FORMAT, "ends at byte 4 of 5"},
    {PICKLE("\x80\x02}}."), TOLKA_FORMAT, "leaves 1 values"},
    {PICKLE("\x80\x01}."), TOLKA_UNSUPPORTED, "protocol 1"},
    {PICKLE("\x80\x06}."), TOLKA_UNSUPPORTED, "protocol 6"},
    {PICKLE("\x80\x07}."), TOLKA_UNSUPPORTED, "protocol 7"},
    {PICKLE("\x80\x04\x94."), TOLKA_FORMAT, "nothing to remember"},
    {PICKLE("\x80\x02q\x01."), TOLKA_FORMAT, "nothing to remember"},
    {PICKLE("\x80\x02h\x05."), TOLKA_FORMAT, "memo 5"},
    {PICKLE("\x80\x02}r\xff\xff\xff\xff."), TOLKA_FORMAT, "memo key"},
    {PICKLE("\x80\x02}t."), TOLKA_FORMAT, "mark is missing"},
    {PICKLE("\x80\x02}(K\1u."), TOLKA_FORMAT, "key without a value"},
    {PICKLE("\x80\x02K\1(K\1K\2u."), TOLKA_FORMAT, "no dict or list"},
    {PICKLE("\x80\x02}K\1K\2s."), TOLKA_FORMAT, "not a text"},
    {PICKLE("\x80\x02X\xff\xff\xff\xff"
            "abc."),
     TOLKA_FORMAT, "cut off"},
    {PICKLE("\x80\x02\x8a\x09"
            "123456789."),
     TOLKA_UNSUPPORTED, "9 bytes"},
    {PICKLE("\x80\x02"
            "cargparse\nNamespace\n."),
     TOLKA_UNSUPPORTED, "object of class Namespace"},
    {PICKLE("\x80\x02"
            "cargparse"),
     TOLKA_FORMAT, "cut off"},
    {PICKLE("\x80\x02"
            "ccollections\nOrderedDict\nK\1\x85R."),
     TOLKA_FORMAT, "no checkpoint makes"},
    {PICKLE("\x80\x02}Q."), TOLKA_FORMAT, "expected a tuple"},
    {PICKLE("\x80\x02)Q."), TOLKA_FORMAT, "describes no storage"},
    {PICKLE("\x80\x02K\1}b."), TOLKA_FORMAT, "no object"},
};

START_TEST(bad_pickle) {
    const struct pickle_case *c = &pickle_cases[_i];
    struct built pickle = {0};
    put(&pickle, c->bytes, c->n);
    struct built built = checkpoint_of(&pickle);
    expect_failure(&built, c->status, c->says);
    built_free(&built);
}
END_TEST

START_TEST(pickle_stack_is_bounded) {
    struct built pickle = {0};
    put_text(&pickle, "\x80\x02");
    for (int i = 0; i < 100000; i++) put_text(&pickle, "(");
    struct built built = checkpoint_of(&pickle);
    expect_failure(&built, TOLKA_FORMAT, "values on the stack");
    built_free(&built);
}
END_TEST

/* Lists of nothing: a byte each in the file. */
START_TEST(pickle_values_are_bounded) {
    struct built pickle = {0};
    put_text(&pickle, "\x80\x02]");
    for (int i = 0; i < 1100; i++) {
        put_text(&pickle, "(");
        for (int k = 0; k < 4000; k++) put_text(&pickle, "N");
        put_text(&pickle, "e");
    }
    struct built built = checkpoint_of(&pickle);
    expect_failure(&built, TOLKA_FORMAT, "too many values");
    built_free(&built);
}
END_TEST

START_TEST(other_pytorch_files) {
    struct zip_writer writer = {0};
    zip_put(&writer, &(struct zip_item){"m/data.pkl", "}.", 2, .claimed = 0});
    zip_put(&writer, &(struct zip_item){"m/constants.pkl", "}.", 2, .claimed = 0});
    struct built script = zip_end(&writer);
    expect_failure(&script, TOLKA_UNSUPPORTED, "TorchScript");
    built_free(&script);
    zip_put(&writer, &(struct zip_item){"m/readme", "}.", 2, .claimed = 0});
    struct built other = zip_end(&writer);
    expect_failure(&other, TOLKA_FORMAT, "no weights in it");
    built_free(&other);
    zip_put(&writer, &(struct zip_item){"a/data.pkl", "}.", 2, .claimed = 0});
    zip_put(&writer, &(struct zip_item){"b/data.pkl", "}.", 2, .claimed = 0});
    struct built two = zip_end(&writer);
    expect_failure(&two, TOLKA_FORMAT, "2 entries data.pkl, expected one");
    built_free(&two);
    zip_put(&writer, &(struct zip_item){"m/data.pkl", "}.", 2, .deflated = true});
    struct built packed = zip_end(&writer);
    expect_failure(&packed, TOLKA_UNSUPPORTED, "data.pkl is compressed");
    built_free(&packed);
}
END_TEST

/* PyTorch compresses nothing, and numbers its storages. */
START_TEST(storages_that_pytorch_does_not_write) {
    struct zip_writer writer = {0};
    struct built pickle = pickle_of(good, 1);
    zip_put(&writer, &(struct zip_item){"m/data.pkl", pickle.bytes, pickle.n, .claimed = 0});
    zip_put(&writer, &(struct zip_item){"m/data/0", numbers, sizeof numbers, .deflated = true});
    built_free(&pickle);
    struct built built = zip_end(&writer);
    expect_failure(&built, TOLKA_UNSUPPORTED, "m/data/0 is compressed");
    built_free(&built);
    char key[400];
    memset(key, '7', sizeof key - 1);
    key[sizeof key - 1] = 0;
    struct pickled tensor = good[0];
    tensor.key = key;
    pickle = pickle_of(&tensor, 1);
    built = checkpoint_of(&pickle);
    expect_failure(&built, TOLKA_FORMAT, "a storage key of 399 bytes");
    built_free(&built);
}
END_TEST

/* ---- GGUF ------------------------------------------------------------------------------------ */

/* No numbers, but strides that are products of the dimensions all the same. */
START_TEST(strides_of_nothing_fit) {
    struct built built = {0};
    put_text(&built, "GGUF");
    put_integer(&built, 3, 4);
    put_integer(&built, 1, 8); /* tensors */
    put_integer(&built, 0, 8); /* values */
    put_integer(&built, 1, 8);
    put_text(&built, "x");
    put_integer(&built, 3, 4); /* dimensions */
    put_integer(&built, 0, 8);
    put_integer(&built, UINT64_C(1) << 40, 8);
    put_integer(&built, UINT64_C(1) << 40, 8);
    put_integer(&built, 0, 4); /* F32 */
    put_integer(&built, 0, 8); /* where */
    while (built.n % 32) put_integer(&built, 0, 1);
    expect_failure(&built, TOLKA_FORMAT, "tensor x is larger than any memory");
    built_free(&built);
}
END_TEST

/* ---- npz ------------------------------------------------------------------------------------- */

static struct built npy_of(const char *header, const void *data, size_t n) {
    struct built built = {0};
    put_text(&built, "\x93NUMPY\x01");
    put_integer(&built, 0, 1);
    put_integer(&built, strlen(header), 2);
    put_text(&built, header);
    put(&built, data, n);
    return built;
}

#define NPY_2x3 "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\n"

static struct built npz_of(const char *header, bool deflated, uint32_t claimed) {
    struct built npy = npy_of(header, numbers, sizeof numbers);
    struct built yml =
        npy_of("{'descr': '|i1', 'fortran_order': False, 'shape': (6,), }\n", "a: 1\n", 6);
    struct zip_writer writer = {0};
    zip_put(&writer, &(struct zip_item){"a.npy", npy.bytes, npy.n, deflated, claimed, NULL});
    zip_put(&writer, &(struct zip_item){"adam_mt.npy", "junk", 4, .claimed = 0});
    zip_put(&writer, &(struct zip_item){"special:model.yml.npy", yml.bytes, yml.n, .claimed = 0});
    built_free(&npy);
    built_free(&yml);
    return zip_end(&writer);
}

START_TEST(stored_and_deflated_npz) {
    struct built built = npz_of(NPY_2x3, _i, 0);
    struct source source;
    tolka_error err = {0};
    const char *path = temporary("small.npz");
    write_file(path, built.bytes, built.n);
    ck_assert_msg(source_open(&source, path, &err) == TOLKA_OK, "%s", err.text);
    ck_assert_uint_eq(source.n_tensors, 1);
    ck_assert_uint_eq(source.n_owned, (size_t)_i);
    ck_assert_str_eq(source.model_yml, "a: 1\n");
    float row[3];
    source_read_row(source_find(&source, "a"), 1, false, row);
    ck_assert(row[0] == 4 && row[2] == 6);
    source_close(&source);
    remove(path);
    built_free(&built);
}
END_TEST

START_TEST(damaged_npz) {
    struct built built = npz_of(NPY_2x3, _i, 0);
    expect_robust(&built);
    built_free(&built);
}
END_TEST

static const struct header_case npy_cases[] = {
    {"{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }", 0, "Fortran"},
    {"{'descr': '>f4', 'fortran_order': False, 'shape': (2, 3), }", 0, "type '>f4'"},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 4), }", 0, "contradicts"},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }", 0, "damaged"},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }", 0,
     "contradicts"},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,6), }", 0, "damaged"},
    {"{'descr': '<f4', 'fortran_order': False, }", 0, "damaged"},
    {"{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (6,)}", 0, "damaged"},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (6,)} x", 0, "damaged"},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (6", 0, "damaged"},
    {"{'descr", 0, "damaged"},
    {"", 0, "damaged"},
};

START_TEST(bad_npy) {
    const struct header_case *c = &npy_cases[_i];
    struct built built = npz_of(c->header, false, 0);
    expect_failure(
        &built, c->says[0] == 'F' || c->says[0] == 't' ? TOLKA_UNSUPPORTED : TOLKA_FORMAT, c->says);
    built_free(&built);
}
END_TEST

/* ---- zip ------------------------------------------------------------------------------------- */

START_TEST(lying_sizes) {
    struct built built = npz_of(NPY_2x3, true, 200000000);
    expect_failure(&built, TOLKA_FORMAT, "cannot come from");
    built_free(&built);
    built = npz_of(NPY_2x3, true, 1000);
    expect_failure(&built, TOLKA_FORMAT, "cannot be unpacked");
    built_free(&built);
    built = npz_of(NPY_2x3, true, 50);
    expect_failure(&built, TOLKA_FORMAT, "cannot be unpacked");
    built_free(&built);
    built = npz_of(NPY_2x3, false, 50);
    expect_failure(&built, TOLKA_FORMAT, "cannot come from");
    built_free(&built);
}
END_TEST

static void expect_bad_item(const char *name, const char *other_name, const char *says) {
    struct zip_writer writer = {0};
    zip_put(&writer, &(struct zip_item){"a.npy", "x", 1, .claimed = 0});
    zip_put(&writer, &(struct zip_item){name, "x", 1, .other_name = other_name});
    struct built built = zip_end(&writer);
    expect_failure(&built, TOLKA_FORMAT, says);
    built_free(&built);
}

START_TEST(bad_entries) {
    expect_bad_item("b.npy", "c.npy", "contradicts the directory");
    expect_bad_item("a.npy", NULL, "two zip entries named a.npy");
    expect_bad_item("../b.npy", NULL, "unusable name");
    expect_bad_item("x/../b.npy", NULL, "unusable name");
    expect_bad_item("/b.npy", NULL, "unusable name");
    expect_bad_item("b\xff.npy", NULL, "unusable name");
    expect_bad_item("", NULL, "unusable name");
}
END_TEST

/* Two entries in the directory, one payload in the file. */
START_TEST(overlapping_entries) {
    struct zip_writer writer = {0};
    zip_put(&writer, &(struct zip_item){"a.npy", "xy", 2, .claimed = 0});
    put(&writer.directory, writer.directory.bytes, 0);
    struct built twice = {0};
    put(&twice, writer.directory.bytes, writer.directory.n);
    put(&writer.directory, twice.bytes, twice.n);
    writer.n++;
    struct built built = zip_end(&writer);
    expect_failure(&built, TOLKA_FORMAT, "overlap");
    built_free(&twice);
    built_free(&built);
}
END_TEST

/* What a file of 20 KB says that it unpacks to is not even tried. */
START_TEST(unpacked_bytes_have_a_budget) {
    static const char zeros[20000];
    struct zip_writer writer = {0};
    zip_put(&writer, &(struct zip_item){"a.npy", zeros, sizeof zeros, true, 17 << 20, NULL});
    struct built built = zip_end(&writer);
    expect_failure(&built, TOLKA_FORMAT, "more than 50 times");
    built_free(&built);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

TCase *import_hostile_case(void) {
    TCase *hostile = tcase_create("hostile");
    tcase_set_timeout(hostile, 120);
    tcase_add_loop_test(hostile, bad_header, 0, COUNT(header_cases));
    tcase_add_test(hostile, json_has_a_budget);
    tcase_add_loop_test(hostile, types_have_their_sizes, 0, COUNT(element_sizes));
    tcase_add_test(hostile, odd_but_right_safetensors);
    tcase_add_test(hostile, damaged_safetensors);
    tcase_add_test(hostile, views_of_one_storage);
    tcase_add_test(hostile, damaged_pytorch);
    tcase_add_loop_test(hostile, bad_tensor, 0, COUNT(tensor_cases));
    tcase_add_loop_test(hostile, bad_pickle, 0, COUNT(pickle_cases));
    tcase_add_test(hostile, pickle_stack_is_bounded);
    tcase_add_test(hostile, pickle_values_are_bounded);
    tcase_add_test(hostile, other_pytorch_files);
    tcase_add_test(hostile, storages_that_pytorch_does_not_write);
    tcase_add_test(hostile, strides_of_nothing_fit);
    tcase_add_loop_test(hostile, stored_and_deflated_npz, 0, 2);
    tcase_add_loop_test(hostile, damaged_npz, 0, 2);
    tcase_add_loop_test(hostile, bad_npy, 0, COUNT(npy_cases));
    tcase_add_test(hostile, lying_sizes);
    tcase_add_test(hostile, bad_entries);
    tcase_add_test(hostile, overlapping_entries);
    tcase_add_test(hostile, unpacked_bytes_have_a_budget);
    return hostile;
}
