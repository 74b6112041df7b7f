#include "tests/fuzz/archive_change.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>

/* What is read is written at once, and one entry by chance is another then. */
struct repacking {
    struct chance *chance;
    struct archive *in, *out;
    size_t chosen; /* the entry to change */
    size_t
        left; /* bytes that may still be written: libarchive does not bear that there is no room */
};

enum { MOST_DATA = 1 << 17, LARGEST_ARCHIVE = 1 << 18 };

static void read_data(struct archive *in, struct blob *data) {
    char part[4096];
    for (la_ssize_t n; data->n < MOST_DATA && (n = archive_read_data(in, part, sizeof part)) > 0;)
        blob_put(data, part, (size_t)n);
}

static void change_name(struct chance *chance, struct archive_entry *entry) {
    static const char *const words[] = {
        "../", "/", "./", "model/", "a/b/c/", ".npz", "model.bin", "\\", "pytorch_model.bin",
        ".gz", NULL};
    struct blob name = {0};
    const char *before = archive_entry_pathname(entry);
    blob_put_text(&name, before ? before : "a");
    change_text(chance, &name, words);
    blob_put(&name, "", 1);
    archive_entry_set_pathname(entry, (const char *)name.bytes);
    blob_free(&name);
}

static void change_entry(struct chance *chance, struct archive_entry *entry, struct blob *data) {
    static const unsigned kinds[] = {AE_IFREG, AE_IFDIR, AE_IFLNK, AE_IFIFO, AE_IFCHR};
    switch (chance_below(chance, 5)) {
    case 0:
        change_name(chance, entry);
        break;
    case 1:
        archive_entry_set_filetype(entry, kinds[chance_below(chance, 5)]);
        archive_entry_set_symlink(entry, "../config.json");
        break;
    case 2:
        archive_entry_set_hardlink(entry, "/etc/passwd");
        break;
    case 3:
        blob_replace(data, 0, data->n, NULL, 0);
        break;
    default:
        change_blob(chance, data);
    }
}

/* Only files have data: libarchive does not bear others that have. */
static void put_entry(struct repacking *repacking, struct archive_entry *entry,
                      const struct blob *data) {
    bool is_file = archive_entry_filetype(entry) == AE_IFREG && !archive_entry_hardlink(entry);
    size_t n = is_file ? data->n : 0;
    if (n > repacking->left) return;
    repacking->left -= n;
    archive_entry_set_size(entry, (la_int64_t)n);
    if (archive_write_header(repacking->out, entry) == ARCHIVE_OK && n)
        archive_write_data(repacking->out, data->bytes, n);
}

/* What we want of an entry: others, such as maps of holes, the writers do not bear. */
static struct archive_entry *plain_entry(struct archive_entry *from) {
    struct archive_entry *entry = archive_entry_new();
    const char *name = archive_entry_pathname(from), *link = archive_entry_symlink(from);
    archive_entry_set_pathname(entry, name ? name : "a");
    archive_entry_set_filetype(entry, archive_entry_filetype(from));
    archive_entry_set_perm(entry, 0600);
    if (archive_entry_hardlink(from))
        archive_entry_set_hardlink(entry, archive_entry_hardlink(from));
    if (link) archive_entry_set_symlink(entry, link);
    return entry;
}

static void repack_entry(struct repacking *repacking, struct archive_entry *from, size_t index) {
    struct archive_entry *entry = plain_entry(from);
    struct blob data = {0};
    bool twice = false;
    read_data(repacking->in, &data);
    if (index == repacking->chosen) {
        twice = chance_one_in(repacking->chance, 6);
        if (!twice) change_entry(repacking->chance, entry, &data);
    }
    put_entry(repacking, entry, &data);
    if (twice) put_entry(repacking, entry, &data);
    archive_entry_free(entry);
    blob_free(&data);
}

static struct archive *open_input(const struct blob *file) {
    struct archive *in = archive_read_new();
    archive_read_support_filter_all(in);
    archive_read_support_format_zip(in);
    archive_read_support_format_tar(in);
    archive_read_support_format_raw(in);
    archive_read_open_memory(in, file->bytes, file->n);
    return in;
}

static struct archive *open_output(struct chance *chance, uint8_t *bytes, size_t *n) {
    static int (*const formats[])(struct archive *) = {
        archive_write_set_format_ustar, archive_write_set_format_pax, archive_write_set_format_zip,
        archive_write_set_format_gnutar, archive_write_set_format_v7tar};
    static int (*const filters[])(struct archive *) = {
        archive_write_add_filter_none, archive_write_add_filter_gzip, archive_write_add_filter_zstd,
        archive_write_add_filter_bzip2, archive_write_add_filter_xz};
    struct archive *out = archive_write_new();
    formats[chance_below(chance, 5)](out);
    filters[chance_below(chance, 5)](out);
    archive_write_set_bytes_in_last_block(out, 1);
    archive_write_open_memory(out, bytes, LARGEST_ARCHIVE, n);
    return out;
}

void change_archive(struct chance *chance, struct blob *file) {
    uint8_t *bytes = malloc(LARGEST_ARCHIVE);
    must(bytes != NULL, "there is memory for an archive");
    size_t n = 0, n_entries = 0;
    if (!chance_one_in(chance, 8)) {
        struct repacking repacking = {chance, open_input(file), open_output(chance, bytes, &n),
                                      chance_below(chance, 6), MOST_DATA};
        for (struct archive_entry *entry;
             n_entries < 20 && archive_read_next_header(repacking.in, &entry) >= ARCHIVE_WARN;)
            repack_entry(&repacking, entry, n_entries++);
        archive_write_close(repacking.out);
        archive_write_free(repacking.out);
        archive_read_free(repacking.in);
    }
    if (n > 0 && n_entries > 0)
        blob_replace(file, 0, file->n, bytes, n);
    else
        change_blob(chance, file);
    free(bytes);
}
