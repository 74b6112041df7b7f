#include "models/checkpoint/lexical_shortlist.h"

#include "engine/cursor.h"
#include "engine/map.h"

#include <stdlib.h>

static const uint64_t MAGIC = 0xF11A48D5013417F5;

enum { HEADER_BYTES = 6 * 8, CHECKED_FROM = 2 * 8 };

struct reader {
    const char *path;
    struct map map;
    uint32_t source_vocabulary, target_vocabulary;
};

/* As Marian computes it: over whole words only, so an odd number of ids leaves the last one out. */
static uint64_t checksum(const uint8_t *bytes, size_t n_bytes) {
    uint64_t sum = 0;
    for (size_t at = 0; n_bytes - at >= 8; at += 8)
        sum ^= load_u64(bytes + at) + 0x9e3779b9 + (sum << 6) + (sum >> 2);
    return sum;
}

static tolka_status check_sizes(const struct reader *reader, uint64_t n_offsets, uint64_t n_ids,
                                tolka_error *err) {
    uint64_t left = reader->map.n_bytes - HEADER_BYTES;
    uint64_t vocabulary = reader->source_vocabulary;
    if (n_offsets > left / 8 || n_offsets > INT32_MAX || n_ids > INT32_MAX ||
        n_offsets * 8 + n_ids * 4 != left)
        return fail(err, TOLKA_FORMAT,
                    "%s: %llu offsets and %llu ids do not make a file of %zu bytes; it is cut off "
                    "or damaged",
                    reader->path, (unsigned long long)n_offsets, (unsigned long long)n_ids,
                    reader->map.n_bytes);
    if (n_offsets < 2 || (n_offsets != vocabulary && n_offsets != vocabulary + 1))
        return fail(err, TOLKA_FORMAT,
                    "%s: has %llu offsets, expected one for each of the %llu source tokens (or one "
                    "more); it belongs to another vocabulary",
                    reader->path, (unsigned long long)n_offsets, (unsigned long long)vocabulary);
    return TOLKA_OK;
}

static tolka_status read_offsets(const struct reader *reader, struct lexical_shortlist *shortlist,
                                 const uint8_t *bytes, tolka_error *err) {
    uint64_t last = 0;
    for (size_t i = 0; i < shortlist->n_offsets; i++) {
        uint64_t offset = load_u64(bytes + 8 * i);
        if (offset < last || offset > shortlist->n_ids)
            return fail(err, TOLKA_FORMAT, "%s: offset %zu is %llu, expected %llu to %u",
                        reader->path, i, (unsigned long long)offset, (unsigned long long)last,
                        shortlist->n_ids);
        shortlist->offsets[i] = (uint32_t)offset;
        last = offset;
    }
    if (last != shortlist->n_ids)
        return fail(err, TOLKA_FORMAT, "%s: the last offset is %llu, expected the %u ids there are",
                    reader->path, (unsigned long long)last, shortlist->n_ids);
    return TOLKA_OK;
}

static tolka_status read_ids(const struct reader *reader, struct lexical_shortlist *shortlist,
                             const uint8_t *bytes, tolka_error *err) {
    for (size_t i = 0; i < shortlist->n_ids; i++) {
        uint32_t id = load_u32(bytes + 4 * i);
        if (id >= reader->target_vocabulary)
            return fail(err, TOLKA_FORMAT,
                        "%s: id %zu is %u, but the target vocabulary has %u tokens", reader->path,
                        i, id, reader->target_vocabulary);
        shortlist->ids[i] = id;
    }
    return TOLKA_OK;
}

static tolka_status read_lists(const struct reader *reader, struct lexical_shortlist *shortlist,
                               tolka_error *err) {
    /* One more than asked for, so that an empty list is not NULL. */
    shortlist->offsets = calloc((size_t)shortlist->n_offsets + 1, sizeof *shortlist->offsets);
    shortlist->ids = calloc((size_t)shortlist->n_ids + 1, sizeof *shortlist->ids);
    if (!shortlist->offsets || !shortlist->ids)
        return fail(err, TOLKA_NOMEM, "%s: out of memory", reader->path);
    const uint8_t *bytes = reader->map.bytes + HEADER_BYTES;
    tolka_status status = read_offsets(reader, shortlist, bytes, err);
    if (status != TOLKA_OK) return status;
    return read_ids(reader, shortlist, bytes + 8 * (size_t)shortlist->n_offsets, err);
}

static tolka_status read_file(const struct reader *reader, struct lexical_shortlist *shortlist,
                              tolka_error *err) {
    const uint8_t *bytes = reader->map.bytes;
    if (reader->map.n_bytes < HEADER_BYTES || load_u64(bytes) != MAGIC)
        return fail(
            err, TOLKA_FORMAT,
            "%s: not a binary lexical shortlist (lex.*.s2t.bin): its first bytes are others",
            reader->path);
    uint64_t n_offsets = load_u64(bytes + 32), n_ids = load_u64(bytes + 40);
    tolka_status status = check_sizes(reader, n_offsets, n_ids, err);
    if (status != TOLKA_OK) return status;
    uint64_t stored = load_u64(bytes + 8);
    uint64_t computed = checksum(bytes + CHECKED_FROM, reader->map.n_bytes - CHECKED_FROM);
    if (stored != computed)
        return fail(err, TOLKA_FORMAT, "%s: checksum is %016llx, expected %016llx; it is damaged",
                    reader->path, (unsigned long long)computed, (unsigned long long)stored);
    shortlist->first = load_u64(bytes + 16);
    if (shortlist->first == 0)
        return fail(err, TOLKA_UNSUPPORTED,
                    "%s: its count of tokens that are always candidates is 0, so that a sentence "
                    "may have none; expected 1 or more",
                    reader->path);
    if (shortlist->first > reader->target_vocabulary) shortlist->first = reader->target_vocabulary;
    shortlist->n_offsets = (uint32_t)n_offsets;
    shortlist->n_ids = (uint32_t)n_ids;
    return read_lists(reader, shortlist, err);
}

tolka_status shortlist_read(struct lexical_shortlist *shortlist, const char *path,
                            uint32_t source_vocabulary, uint32_t target_vocabulary,
                            tolka_error *err) {
    *shortlist = (struct lexical_shortlist){0};
    struct reader reader = {
        .path = path,
        .source_vocabulary = source_vocabulary,
        .target_vocabulary = target_vocabulary,
    };
    tolka_status status = map_open(&reader.map, path, err);
    if (status != TOLKA_OK) return status;
    status = read_file(&reader, shortlist, err);
    map_close(&reader.map);
    if (status != TOLKA_OK) shortlist_free(shortlist);
    return status;
}

void shortlist_free(struct lexical_shortlist *shortlist) {
    free(shortlist->offsets);
    free(shortlist->ids);
    *shortlist = (struct lexical_shortlist){0};
}
