#define _DEFAULT_SOURCE
#include "tests/import_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- bytes ----------------------------------------------------------------------------------- */

void put(struct built *built, const void *bytes, size_t n) {
    if (built->capacity - built->n < n) {
        built->capacity = 2 * (built->capacity + n);
        built->bytes = realloc(built->bytes, built->capacity);
        ck_assert_ptr_nonnull(built->bytes);
    }
    if (n) memcpy(built->bytes + built->n, bytes, n);
    built->n += n;
}

void put_text(struct built *built, const char *text) {
    put(built, text, strlen(text));
}

void put_integer(struct built *built, uint64_t value, size_t width) {
    for (size_t i = 0; i < width; i++) {
        uint8_t byte = (uint8_t)(value >> (8 * i));
        put(built, &byte, 1);
    }
}

void put_floats(struct built *built, const float *values, size_t n) {
    put(built, values, n * sizeof *values);
}

void built_free(struct built *built) {
    free(built->bytes);
    *built = (struct built){0};
}

struct built safetensors_of(const char *header, size_t n_data) {
    struct built built = {0};
    put_integer(&built, strlen(header), 8);
    put_text(&built, header);
    for (size_t i = 0; i < n_data; i++) put_integer(&built, i, 1);
    return built;
}

/* ---- zip ------------------------------------------------------------------------------------- */

static uint32_t crc32_of(const uint8_t *bytes, size_t n) {
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < n; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

/* What local header and directory entry have in common. */
static void put_common(struct built *built, const struct zip_item *item, size_t packed,
                       uint32_t size) {
    put_integer(built, 20, 2);
    put_integer(built, 0, 2);
    put_integer(built, item->deflated ? 8 : 0, 2);
    put_integer(built, 0, 4);
    put_integer(built, crc32_of(item->bytes, item->n), 4);
    put_integer(built, packed, 4);
    put_integer(built, size, 4);
}

void zip_put(struct zip_writer *writer, const struct zip_item *item) {
    uint32_t header = (uint32_t)writer->file.n;
    uint32_t size = item->claimed ? item->claimed : (uint32_t)item->n;
    size_t packed = item->n + (item->deflated ? 5 : 0);
    const char *local = item->other_name ? item->other_name : item->name;
    put_text(&writer->file, "PK\3\4");
    put_common(&writer->file, item, packed, size);
    put_integer(&writer->file, strlen(local), 2);
    put_integer(&writer->file, 0, 2);
    put_text(&writer->file, local);
    if (item->deflated) {
        put_integer(&writer->file, 1, 1);
        put_integer(&writer->file, item->n, 2);
        put_integer(&writer->file, ~item->n, 2);
    }
    put(&writer->file, item->bytes, item->n);

    put_text(&writer->directory, "PK\1\2");
    put_integer(&writer->directory, 20, 2);
    put_common(&writer->directory, item, packed, size);
    put_integer(&writer->directory, strlen(item->name), 2);
    put_integer(&writer->directory, 0, 8); /* extra, comment, disk, internal attributes */
    put_integer(&writer->directory, 0, 4);
    put_integer(&writer->directory, header, 4);
    put_text(&writer->directory, item->name);
    writer->n++;
}

struct built zip_end(struct zip_writer *writer) {
    uint64_t at = writer->file.n, size = writer->directory.n;
    put(&writer->file, writer->directory.bytes, writer->directory.n);
    put_text(&writer->file, "PK\5\6");
    put_integer(&writer->file, 0, 4);
    put_integer(&writer->file, writer->n, 2);
    put_integer(&writer->file, writer->n, 2);
    put_integer(&writer->file, size, 4);
    put_integer(&writer->file, at, 4);
    put_integer(&writer->file, 0, 2);
    struct built built = writer->file;
    built_free(&writer->directory);
    *writer = (struct zip_writer){0};
    return built;
}

/* ---- files ----------------------------------------------------------------------------------- */

static char folder[64];

static void remove_folder(void) {
    rmdir(folder);
}

const char *temporary(const char *name) {
    static char path[256];
    if (!folder[0]) {
        snprintf(folder, sizeof folder, "/tmp/tolka-import-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(folder));
        atexit(remove_folder);
    }
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

void write_file(const char *path, const void *bytes, size_t n) {
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    if (n) ck_assert_uint_eq(fwrite(bytes, 1, n, file), n);
    ck_assert_int_eq(fclose(file), 0);
}

void write_text(const char *path, const char *text) {
    write_file(path, text, strlen(text));
}

/* ---- damage ---------------------------------------------------------------------------------- */

static tolka_status open_bytes(struct source *source, const uint8_t *bytes, size_t n,
                               tolka_error *err) {
    const char *path = temporary("damaged.bin");
    write_file(path, bytes, n);
    *err = (tolka_error){0};
    tolka_status status = source_open(source, path, err);
    unlink(path);
    if (status != TOLKA_OK) {
        ck_assert_int_eq(err->status, status);
        ck_assert_msg(strstr(err->text, "damaged.bin"), "%s", err->text);
    }
    return status;
}

void expect_failure(const struct built *built, tolka_status status, const char *says) {
    struct source source;
    tolka_error err;
    tolka_status got = open_bytes(&source, built->bytes, built->n, &err);
    if (got == TOLKA_OK) source_close(&source);
    ck_assert_msg(got == status && strstr(err.text, says), "expected %d \"%s\", got %d \"%s\"",
                  status, says, got, err.text);
}

static bool lies_in_file(const struct source *source, const struct source_tensor *tensor) {
    if (tensor->n_bytes == 0 || source->n_owned > 0) return true;
    for (size_t i = 0; i < source->n_maps; i++) {
        const struct map *map = &source->maps[i];
        if (tensor->data >= map->bytes && tensor->data <= map->bytes + map->n_bytes &&
            tensor->n_bytes <= (size_t)(map->bytes + map->n_bytes - tensor->data))
            return true;
    }
    return false;
}

static void read_all(const struct source *source) {
    for (size_t i = 0; i < source->n_tensors; i++) {
        const struct source_tensor *tensor = &source->tensors[i];
        uint64_t elements = source_elements(tensor);
        ck_assert(lies_in_file(source, tensor));
        if (elements == 0 || elements > 100000 || tensor->type == SOURCE_OTHER) continue;
        uint64_t columns = tensor->rank ? tensor->dims[tensor->rank - 1] : 1;
        float *row = malloc(columns * sizeof *row);
        ck_assert_ptr_nonnull(row);
        for (uint64_t r = 0; r < elements / columns; r++) source_read_row(tensor, r, false, row);
        free(row);
    }
}

static void open_damaged(const uint8_t *bytes, size_t n) {
    struct source source;
    tolka_error err;
    if (open_bytes(&source, bytes, n, &err) != TOLKA_OK) return;
    read_all(&source);
    source_close(&source);
}

void expect_robust(const struct built *built) {
    static const uint8_t changes[] = {0x01, 0x80, 0xff};
    uint8_t *copy = malloc(built->n);
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, built->bytes, built->n);
    for (size_t n = 0; n < built->n; n++) open_damaged(copy, n);
    for (size_t i = 0; i < built->n; i++) {
        for (size_t c = 0; c < sizeof changes; c++) {
            copy[i] ^= changes[c];
            open_damaged(copy, built->n);
            copy[i] = built->bytes[i];
        }
    }
    free(copy);
}
