/* Marian's npz: a zip archive of arrays, each with a header in Python's words, one of them YAML. */
#include "tests/fuzz/checkpoint_read.h"
#include "tests/fuzz/fuzz_targets.h"
#include "tests/fuzz/yaml_words.h"
#include "tests/fuzz/zip_change.h"

#include <string.h>

static void run(const uint8_t *bytes, size_t n) {
    read_checkpoint(bytes, n, "model.npz");
}

static void change_header(struct chance *chance, struct blob *header) {
    static const char *const words[] = {"'descr': ",
                                        "'<f4'",
                                        "'<f8'",
                                        "'|i1'",
                                        "'<f2'",
                                        "'|u1'",
                                        "'shape': ",
                                        "(4, 8)",
                                        "(,)",
                                        "()",
                                        "(4294967296, 4294967296)",
                                        "True",
                                        "False",
                                        "{",
                                        "}",
                                        "'fortran_order': ",
                                        ", ",
                                        "0",
                                        "1",
                                        NULL};
    change_text(chance, header, words);
}

static void change_yaml(struct chance *chance, struct blob *yaml) {
    change_text(chance, yaml, yaml_words);
}

static void change_array(struct chance *chance, const char *name, struct blob *array) {
    size_t header = array->n < 10 ? 0 : integer_at(array->bytes + 8, 2);
    if (header == 0 || 10 + header > array->n || chance_one_in(chance, 10)) {
        change_blob(chance, array);
    } else if (strstr(name, "special:") && !chance_one_in(chance, 4)) {
        struct blob yaml = {0};
        blob_put(&yaml, array->bytes + 10 + header, array->n - 10 - header);
        change_yaml(chance, &yaml);
        /* The header says how long it is: what is too much goes, and blanks fill it up. */
        while (yaml.n < array->n - 10 - header) blob_put_text(&yaml, " ");
        blob_replace(array, 10 + header, array->n - 10 - header, yaml.bytes,
                     array->n - 10 - header);
        blob_free(&yaml);
    } else {
        change_counted(chance, array, 10, header, 2, change_header);
    }
}

static void change(struct chance *chance, struct blob *file) {
    change_zip(chance, file, change_array);
}

const struct fuzz_target fuzz_npz = {"npz", run, change, 1 << 15, false};
