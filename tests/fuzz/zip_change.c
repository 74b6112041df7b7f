#include "tests/fuzz/zip_change.h"

#include <stdlib.h>
#include <string.h>
#include <zip.h>

enum { LONGEST_ENTRY = 1 << 20 };

static bool read_entry(zip_t *archive, zip_uint64_t index, struct blob *contents) {
    zip_stat_t stat;
    zip_file_t *entry = zip_fopen_index(archive, index, 0);
    bool ok = entry && zip_stat_index(archive, index, 0, &stat) == 0 && stat.size < LONGEST_ENTRY;
    uint8_t *bytes = ok ? malloc(stat.size + 1) : NULL;
    ok = bytes && zip_fread(entry, bytes, stat.size) == (zip_int64_t)stat.size;
    if (ok) blob_put(contents, bytes, stat.size);
    free(bytes);
    if (entry) zip_fclose(entry);
    return ok;
}

/* For libzip to free. */
static uint8_t *copy_of(const struct blob *blob) {
    uint8_t *copy = malloc(blob->n + 1);
    must(copy != NULL, "there is memory for an archive");
    if (blob->n) memcpy(copy, blob->bytes, blob->n);
    return copy;
}

static zip_source_t *source_of(zip_t *archive, const struct blob *contents) {
    return zip_source_buffer(archive, copy_of(contents), contents->n, 1);
}

static void change_name(struct chance *chance, zip_t *archive, zip_uint64_t index,
                        const char *name) {
    static const char *const words[] = {"../",  "/",        "archive/", "data/",
                                        ".npy", "data.pkl", "a",        NULL};
    struct blob text = {0};
    blob_put_text(&text, name);
    change_text(chance, &text, words);
    blob_put(&text, "", 1);
    zip_file_rename(archive, index, (const char *)text.bytes, ZIP_FL_ENC_RAW);
    blob_free(&text);
}

static void change_entry(struct chance *chance, zip_t *archive,
                         void (*change)(struct chance *, const char *, struct blob *)) {
    zip_int64_t n = zip_get_num_entries(archive, 0);
    zip_uint64_t index = chance_below(chance, n > 0 ? (size_t)n : 0);
    const char *name = zip_get_name(archive, index, ZIP_FL_ENC_RAW);
    struct blob contents = {0};
    size_t what = chance_below(chance, 12);
    if (!name || !read_entry(archive, index, &contents)) return;
    if (what == 0)
        zip_delete(archive, index);
    else if (what == 1)
        change_name(chance, archive, index, name);
    else if (what == 2)
        zip_set_file_compression(archive, index, ZIP_CM_DEFLATE, 0);
    else {
        if (what > 3) change(chance, name, &contents);
        if (what == 3 || chance_one_in(chance, 20))
            zip_file_add(archive, "data/9", source_of(archive, &contents), ZIP_FL_OVERWRITE);
        else
            zip_file_replace(archive, index, source_of(archive, &contents), 0);
    }
    blob_free(&contents);
}

/* What the source holds once the archive has been written to it. */
static bool read_source(zip_source_t *source, struct blob *file) {
    zip_stat_t stat;
    if (zip_source_stat(source, &stat) != 0 || zip_source_open(source) != 0) return false;
    struct blob out = {0};
    uint8_t part[4096];
    for (zip_int64_t n; (n = zip_source_read(source, part, sizeof part)) > 0;)
        blob_put(&out, part, (size_t)n);
    zip_source_close(source);
    bool ok = out.n == stat.size && out.n > 0;
    if (ok) blob_replace(file, 0, file->n, out.bytes, out.n);
    blob_free(&out);
    return ok;
}

void change_zip(struct chance *chance, struct blob *file,
                void (*change)(struct chance *chance, const char *name, struct blob *contents)) {
    bool ok = false, whole = !chance_one_in(chance, 15);
    zip_source_t *source = whole ? zip_source_buffer_create(copy_of(file), file->n, 1, NULL) : NULL;
    zip_t *archive = source ? zip_open_from_source(source, 0, NULL) : NULL;
    if (archive) {
        zip_source_keep(source);
        change_entry(chance, archive, change);
        ok = zip_close(archive) == 0;
        if (!ok) zip_discard(archive);
        ok = ok && read_source(source, file);
    }
    if (source) zip_source_free(source);
    if (!ok) change_blob(chance, file);
}
