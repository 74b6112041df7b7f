#include "tests/packages.h"

#include <archive.h>
#include <archive_entry.h>
#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool ends(const char *path, const char *end) {
    size_t n = strlen(path), m = strlen(end);
    return n >= m && strcmp(path + n - m, end) == 0;
}

static struct archive *open_for(const char *path, bool alone) {
    struct archive *archive = archive_write_new();
    ck_assert_ptr_nonnull(archive);
    if (ends(path, ".gz")) archive_write_add_filter_gzip(archive);
    if (ends(path, ".zst")) archive_write_add_filter_zstd(archive);
    if (ends(path, ".xz")) archive_write_add_filter_xz(archive);
    if (ends(path, ".bz2")) archive_write_add_filter_bzip2(archive);
    if (alone)
        archive_write_set_format_raw(archive);
    else if (ends(path, ".zip") || ends(path, ".argosmodel"))
        archive_write_set_format_zip(archive);
    else
        archive_write_set_format_gnutar(archive);
    ck_assert_msg(archive_write_open_filename(archive, path) == ARCHIVE_OK, "%s: %s", path,
                  archive_error_string(archive));
    return archive;
}

static char *content(const struct packed *packed, size_t *n) {
    FILE *file = packed->from ? fopen(packed->from, "rb") : NULL;
    const char *text = packed->text ? packed->text : "";
    ck_assert_msg(file || !packed->from, "no %s", packed->from ? packed->from : "");
    *n = strlen(text);
    if (file) ck_assert_int_eq(fseek(file, 0, SEEK_END), 0);
    if (file) *n = (size_t)ftell(file);
    char *bytes = calloc(*n + packed->n_zeros + 1, 1);
    ck_assert_ptr_nonnull(bytes);
    if (file) {
        rewind(file);
        ck_assert_uint_eq(fread(bytes, 1, *n, file), *n);
        fclose(file);
    } else {
        memcpy(bytes, text, *n);
    }
    *n += packed->n_zeros;
    return bytes;
}

static void add(struct archive *archive, const struct packed *packed) {
    struct archive_entry *entry = archive_entry_new();
    size_t n;
    char *bytes = content(packed, &n);
    unsigned kind = packed->kind ? packed->kind : (unsigned)AE_IFREG;
    bool hard_link = packed->link && kind == AE_IFREG;
    archive_entry_set_pathname(entry, packed->name);
    archive_entry_set_filetype(entry, kind);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_size(entry, kind == AE_IFREG && !hard_link ? (la_int64_t)n : 0);
    if (kind == AE_IFLNK) archive_entry_set_symlink(entry, packed->link);
    if (hard_link) archive_entry_set_hardlink(entry, packed->link);
    ck_assert_msg(archive_write_header(archive, entry) == ARCHIVE_OK, "%s: %s", packed->name,
                  archive_error_string(archive));
    if (kind == AE_IFREG && !hard_link && n > 0)
        ck_assert_int_eq(archive_write_data(archive, bytes, n), (la_ssize_t)n);
    archive_entry_free(entry);
    free(bytes);
}

void pack_files(const char *path, const struct packed *entries) {
    struct archive *archive = open_for(path, false);
    for (; entries->name; entries++) add(archive, entries);
    ck_assert_int_eq(archive_write_close(archive), ARCHIVE_OK);
    archive_write_free(archive);
}

void pack_alone(const char *path, const char *from) {
    const struct packed packed = {.name = "data", .from = from};
    struct archive *archive = open_for(path, true);
    add(archive, &packed);
    ck_assert_int_eq(archive_write_close(archive), ARCHIVE_OK);
    archive_write_free(archive);
}
