#include "models/checkpoint/archive.h"

#include "engine/bytes.h"
#include "engine/file_kind.h"
#include "tokenizer/utf8.h"

#include <stdlib.h>
#include <string.h>
#include <zip.h>

enum {
    END_BYTES = 22,       /* the end record, without its comment */
    END64_BYTES = 56,     /* its 64-bit twin */
    LOCATOR_BYTES = 20,   /* which says where that one is */
    DIRECTORY_BYTES = 46, /* an entry of the directory, without name, extra field, comment */
    LOCAL_BYTES = 30,     /* the header before an entry's payload */
    MAX_COMMENT = 65535,
    MAX_ENTRY_NAME = 512,
    MAX_DEFLATE_RATIO = 1032, /* what deflate can reach: 258 bytes from two bits */
    MAX_UNPACKED_RATIO = 50,  /* of the whole archive's size: weights come to 1.1 */
    SMALL_ENOUGH = 16 << 20,  /* bytes, whatever the ratio */
    METHOD_STORED = 0,
    METHOD_DEFLATED = 8,
};

struct directory {
    uint64_t offset, size, count;
};

static bool is_signature(const uint8_t *p, uint8_t third, uint8_t fourth) {
    return p[0] == 'P' && p[1] == 'K' && p[2] == third && p[3] == fourth;
}

/* ---- the end record -------------------------------------------------------------------------- */

/* Its offset; false if there is none. A comment may follow it. */
static bool find_end(const struct map *map, size_t *at) {
    if (map->n_bytes < END_BYTES) return false;
    size_t last = map->n_bytes - END_BYTES;
    size_t first = last > MAX_COMMENT ? last - MAX_COMMENT : 0;
    for (size_t i = last + 1; i-- > first;) {
        const uint8_t *p = map->bytes + i;
        if (!is_signature(p, 5, 6) || load_u16(p + 20) != last - i) continue;
        *at = i;
        return true;
    }
    return false;
}

static tolka_status find_directory64(struct directory *directory, const struct map *map, size_t end,
                                     const char *path, tolka_error *err) {
    const uint8_t *locator = map->bytes + end - LOCATOR_BYTES;
    if (end < LOCATOR_BYTES || !is_signature(locator, 6, 7))
        return fail(err, TOLKA_FORMAT, "%s: the zip archive's 64-bit end record is missing", path);
    uint64_t at = load_u64(locator + 8);
    if (end - LOCATOR_BYTES < END64_BYTES || at > end - LOCATOR_BYTES - END64_BYTES ||
        !is_signature(map->bytes + at, 6, 6))
        return fail(err, TOLKA_FORMAT, "%s: the zip archive's 64-bit end record is damaged", path);
    const uint8_t *p = map->bytes + at;
    *directory = (struct directory){load_u64(p + 48), load_u64(p + 40), load_u64(p + 32)};
    return TOLKA_OK;
}

static tolka_status find_directory(struct directory *directory, const struct map *map,
                                   const char *path, tolka_error *err) {
    size_t end;
    if (!find_end(map, &end))
        return fail(err, TOLKA_FORMAT,
                    "%s: no end record of a zip archive; the file is cut off, or it is %s", path,
                    describe_file(map->bytes, map->n_bytes));
    const uint8_t *p = map->bytes + end;
    if (load_u16(p + 4) != load_u16(p + 6) || load_u16(p + 8) != load_u16(p + 10))
        return fail(err, TOLKA_UNSUPPORTED, "%s: a zip archive in several parts", path);
    *directory = (struct directory){load_u32(p + 16), load_u32(p + 12), load_u16(p + 10)};
    if (directory->offset == UINT32_MAX || directory->size == UINT32_MAX ||
        directory->count == UINT16_MAX) {
        tolka_status status = find_directory64(directory, map, end, path, err);
        if (status != TOLKA_OK) return status;
    }
    if (directory->offset > end || directory->size > end - directory->offset ||
        directory->count > directory->size / DIRECTORY_BYTES)
        return fail(err, TOLKA_FORMAT,
                    "%s: the zip directory (%llu entries, %llu bytes at %llu) does not fit the "
                    "file; it is cut off or damaged",
                    path, (unsigned long long)directory->count, (unsigned long long)directory->size,
                    (unsigned long long)directory->offset);
    return TOLKA_OK;
}

/* ---- entries --------------------------------------------------------------------------------- */

/* A name may become a tensor's name, never a path; but what tries to climb is no checkpoint. */
static bool is_entry_name(const uint8_t *name, size_t length) {
    if (length == 0 || length > MAX_ENTRY_NAME || name[0] == '/' || memchr(name, '\\', length))
        return false;
    for (size_t i = 0; i + 1 < length; i++) {
        bool starts = i == 0 || name[i - 1] == '/';
        bool ends = i + 2 == length || name[i + 2] == '/';
        if (starts && ends && name[i] == '.' && name[i + 1] == '.') return false;
    }
    return utf8_is_clean((const char *)name, length);
}

/* Sizes and offset that do not fit 32 bits stand in an extra field, in this order. */
static bool read_extra64(struct archive_entry *entry, const uint8_t *extra, size_t length) {
    uint64_t *fields[] = {&entry->size, &entry->packed_size, &entry->header};
    size_t wanted = 0;
    for (size_t i = 0; i < 3; i++) wanted += *fields[i] == UINT32_MAX;
    if (wanted == 0) return true;
    while (length >= 4) {
        size_t size = load_u16(extra + 2);
        if (size > length - 4) return false;
        if (load_u16(extra) == 1) {
            const uint8_t *p = extra + 4;
            if (size < 8 * wanted) return false;
            for (size_t i = 0; i < 3; i++) {
                if (*fields[i] != UINT32_MAX) continue;
                *fields[i] = load_u64(p);
                p += 8;
            }
            return true;
        }
        extra += 4 + size;
        length -= 4 + size;
    }
    return false;
}

/* The local header's sizes may be zeros or ones; only its lengths of name and extra field say where
 * the payload starts. */
static tolka_status locate_payload(const struct archive *archive, struct archive_entry *entry,
                                   const struct directory *directory, uint32_t method,
                                   tolka_error *err) {
    if (directory->offset < LOCAL_BYTES || entry->header > directory->offset - LOCAL_BYTES ||
        !is_signature(archive->map.bytes + entry->header, 3, 4))
        return fail(err, TOLKA_FORMAT, "%s: zip entry %s: no header at byte %llu", archive->path,
                    entry->name, (unsigned long long)entry->header);
    const uint8_t *p = archive->map.bytes + entry->header;
    uint64_t left = directory->offset - entry->header - LOCAL_BYTES;
    uint32_t name_length = load_u16(p + 26), extra_length = load_u16(p + 28);
    if (left < name_length + extra_length || left - name_length - extra_length < entry->packed_size)
        return fail(err, TOLKA_FORMAT,
                    "%s: zip entry %s: %llu bytes do not fit before the directory; the file is "
                    "cut off or damaged",
                    archive->path, entry->name, (unsigned long long)entry->packed_size);
    if (name_length != strlen(entry->name) || memcmp(p + LOCAL_BYTES, entry->name, name_length) ||
        load_u16(p + 8) != method)
        return fail(err, TOLKA_FORMAT, "%s: zip entry %s: its header contradicts the directory",
                    archive->path, entry->name);
    entry->payload = p + LOCAL_BYTES + name_length + extra_length;
    return TOLKA_OK;
}

static tolka_status check_packing(const struct archive *archive, const struct archive_entry *entry,
                                  uint32_t flags, uint32_t method, tolka_error *err) {
    if (flags & 1)
        return fail(err, TOLKA_UNSUPPORTED, "%s: zip entry %s is encrypted", archive->path,
                    entry->name);
    if (method != METHOD_STORED && method != METHOD_DEFLATED)
        return fail(err, TOLKA_UNSUPPORTED,
                    "%s: zip entry %s is packed by method %u; expected stored or deflated",
                    archive->path, entry->name, method);
    if (entry->stored ? entry->size != entry->packed_size
                      : entry->size / MAX_DEFLATE_RATIO > entry->packed_size)
        return fail(err, TOLKA_FORMAT, "%s: zip entry %s: %llu bytes cannot come from %llu",
                    archive->path, entry->name, (unsigned long long)entry->size,
                    (unsigned long long)entry->packed_size);
    return TOLKA_OK;
}

/* Reads the directory entry at p, of which `left` bytes are there; *used: its length. */
static tolka_status read_entry(struct archive *archive, const uint8_t *p, uint64_t left,
                               const struct directory *directory, uint64_t *used,
                               tolka_error *err) {
    if (left < DIRECTORY_BYTES || !is_signature(p, 1, 2))
        return fail(err, TOLKA_FORMAT, "%s: the zip directory is damaged at entry %zu",
                    archive->path, archive->n);
    size_t name_length = load_u16(p + 28), extra_length = load_u16(p + 30);
    *used = DIRECTORY_BYTES + name_length + extra_length + load_u16(p + 32);
    if (*used > left)
        return fail(err, TOLKA_FORMAT, "%s: the zip directory is cut off at entry %zu",
                    archive->path, archive->n);
    const uint8_t *name = p + DIRECTORY_BYTES;
    if (!is_entry_name(name, name_length))
        return fail(err, TOLKA_FORMAT, "%s: zip entry %zu has an unusable name", archive->path,
                    archive->n);
    uint32_t flags = load_u16(p + 8), method = load_u16(p + 10);
    struct archive_entry *entry = &archive->entries[archive->n];
    *entry = (struct archive_entry){
        .stored = method == METHOD_STORED,
        .packed_size = load_u32(p + 20),
        .size = load_u32(p + 24),
        .header = load_u32(p + 42),
        .number = (uint32_t)archive->n,
    };
    entry->name = malloc(name_length + 1);
    if (!entry->name) return fail(err, TOLKA_NOMEM, "%s: out of memory", archive->path);
    memcpy(entry->name, name, name_length);
    entry->name[name_length] = '\0';
    archive->n++;
    if (!read_extra64(entry, name + name_length, extra_length))
        return fail(err, TOLKA_FORMAT, "%s: zip entry %s: its 64-bit sizes are missing",
                    archive->path, entry->name);
    tolka_status status = check_packing(archive, entry, flags, method, err);
    return status == TOLKA_OK ? locate_payload(archive, entry, directory, method, err) : status;
}

/* ---- the whole archive ----------------------------------------------------------------------- */

static int compare_headers(const void *a, const void *b) {
    const struct archive_entry *left = a, *right = b;
    return left->header < right->header ? -1 : left->header > right->header;
}

static int compare_names(const void *a, const void *b) {
    const struct archive_entry *left = a, *right = b;
    return strcmp(left->name, right->name);
}

/* Entries that overlap would let a small file unpack into any number of bytes. */
static tolka_status check_entries(struct archive *archive, tolka_error *err) {
    struct archive_entry *entries = archive->entries;
    qsort(entries, archive->n, sizeof *entries, compare_headers);
    for (size_t i = 1; i < archive->n; i++) {
        const uint8_t *end = entries[i - 1].payload + entries[i - 1].packed_size;
        if (end > archive->map.bytes + entries[i].header)
            return fail(err, TOLKA_FORMAT, "%s: zip entries %s and %s overlap", archive->path,
                        entries[i - 1].name, entries[i].name);
    }
    qsort(entries, archive->n, sizeof *entries, compare_names);
    for (size_t i = 1; i < archive->n; i++)
        if (strcmp(entries[i - 1].name, entries[i].name) == 0)
            return fail(err, TOLKA_FORMAT, "%s: there are two zip entries named %s", archive->path,
                        entries[i].name);
    return TOLKA_OK;
}

tolka_status archive_open(struct archive *archive, const struct map *map, const char *path,
                          tolka_error *err) {
    *archive = (struct archive){.path = path, .map = *map};
    struct directory directory = {0};
    tolka_status status = find_directory(&directory, map, path, err);
    if (status != TOLKA_OK) return status;
    if (directory.count == 0) return fail(err, TOLKA_FORMAT, "%s: an empty zip archive", path);
    archive->entries = calloc((size_t)directory.count, sizeof *archive->entries);
    if (!archive->entries) return fail(err, TOLKA_NOMEM, "%s: out of memory", path);
    uint64_t at = directory.offset, end = directory.offset + directory.size;
    for (uint64_t i = 0; i < directory.count && status == TOLKA_OK; i++) {
        uint64_t used = 0;
        status = read_entry(archive, map->bytes + at, end - at, &directory, &used, err);
        at += used;
    }
    if (status == TOLKA_OK) status = check_entries(archive, err);
    if (status != TOLKA_OK) archive_close(archive);
    return status;
}

void archive_close(struct archive *archive) {
    for (size_t i = 0; i < archive->n; i++) free(archive->entries[i].name);
    free(archive->entries);
    if (archive->unpacker) zip_discard(archive->unpacker);
    *archive = (struct archive){0};
}

const struct archive_entry *archive_find(const struct archive *archive, const char *name) {
    struct archive_entry wanted = {.name = (char *)name};
    return bsearch(&wanted, archive->entries, archive->n, sizeof wanted, compare_names);
}

/* ---- unpacking ------------------------------------------------------------------------------- */

/* The entry must give exactly its declared bytes: neither fewer nor one more. */
static bool read_exactly(zip_file_t *file, uint8_t *bytes, uint64_t size) {
    uint64_t got = 0;
    while (got < size) {
        zip_int64_t n = zip_fread(file, bytes + got, size - got);
        if (n <= 0) return false;
        got += (uint64_t)n;
    }
    uint8_t more;
    return zip_fread(file, &more, 1) == 0;
}

/* Unpacked entries stay in memory until the source is closed: all of them count. */
static bool is_within_budget(struct archive *archive, uint64_t size) {
    uint64_t most = (uint64_t)archive->map.n_bytes * MAX_UNPACKED_RATIO;
    if (most < SMALL_ENOUGH) most = SMALL_ENOUGH;
    if (size > most - archive->n_unpacked) return false;
    archive->n_unpacked += size;
    return true;
}

/* Opened once: libzip reads the whole directory each time. */
static zip_t *unpacker(struct archive *archive) {
    if (archive->unpacker) return archive->unpacker;
    zip_source_t *bytes =
        zip_source_buffer_create(archive->map.bytes, archive->map.n_bytes, 0, NULL);
    if (!bytes) return NULL;
    archive->unpacker = zip_open_from_source(bytes, ZIP_RDONLY, NULL);
    if (!archive->unpacker) zip_source_free(bytes);
    return archive->unpacker;
}

static bool unpack(struct archive *archive, const struct archive_entry *entry, uint8_t *bytes) {
    zip_t *handle = unpacker(archive);
    zip_file_t *file = handle ? zip_fopen_index(handle, entry->number, 0) : NULL;
    bool ok = file && read_exactly(file, bytes, entry->size);
    if (file) zip_fclose(file);
    return ok;
}

tolka_status archive_read(struct archive *archive, const struct archive_entry *entry,
                          struct source *source, const uint8_t **bytes, tolka_error *err) {
    *bytes = entry->payload;
    if (entry->stored) return TOLKA_OK;
    if (!is_within_budget(archive, entry->size))
        return fail(err, TOLKA_FORMAT,
                    "%s: refused: with zip entry %s it unpacks to more than %d times its size",
                    archive->path, entry->name, MAX_UNPACKED_RATIO);
    uint8_t *unpacked = entry->size < SIZE_MAX / 2 ? malloc((size_t)entry->size + 1) : NULL;
    if (!source_own(source, unpacked))
        return fail(err, TOLKA_NOMEM, "%s: zip entry %s: no memory for %llu bytes", archive->path,
                    entry->name, (unsigned long long)entry->size);
    *bytes = unpacked;
    if (!unpack(archive, entry, unpacked))
        return fail(err, TOLKA_FORMAT, "%s: zip entry %s cannot be unpacked to its %llu bytes",
                    archive->path, entry->name, (unsigned long long)entry->size);
    return TOLKA_OK;
}
