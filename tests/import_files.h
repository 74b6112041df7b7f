/* Small checkpoints and archives made at run time, for tests that damage them. */
#ifndef IMPORT_FILES_H
#define IMPORT_FILES_H

#include "models/checkpoint/detect.h"

#include <check.h>

struct built {
    uint8_t *bytes;
    size_t n, capacity;
};

void put(struct built *built, const void *bytes, size_t n);
void put_text(struct built *built, const char *text);
void put_integer(struct built *built, uint64_t value, size_t width);
void put_floats(struct built *built, const float *values, size_t n);
void built_free(struct built *built);

struct built safetensors_of(const char *header, size_t n_data);

/* ---- zip ------------------------------------------------------------------------------------- */

struct zip_writer {
    struct built file, directory;
    unsigned n;
};

struct zip_item {
    const char *name;
    const void *bytes;
    size_t n;
    bool deflated;          /* as one stored block, which deflate has, too */
    uint32_t claimed;       /* size for the directory to claim; 0: the true one */
    const char *other_name; /* for the local header; NULL: the same */
};

void zip_put(struct zip_writer *writer, const struct zip_item *item);
/* The finished file; the writer is empty afterwards. */
struct built zip_end(struct zip_writer *writer);

/* ---- files ----------------------------------------------------------------------------------- */

/* The path of `name` in a folder that is made on first use, and removed at the end if the test has
 * removed its files. Valid until the next call. */
const char *temporary(const char *name);
void write_file(const char *path, const void *bytes, size_t n);
void write_text(const char *path, const char *text);

/* Opens the bytes as a checkpoint. It must fail with a line that names the file. */
void expect_failure(const struct built *built, tolka_status status, const char *says);
/* Opens the bytes cut off at every length, and with every byte changed in several ways: what is
 * refused must say why, and what is accepted must lie inside its file. */
void expect_robust(const struct built *built);

#endif
