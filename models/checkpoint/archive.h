/* ZIP archives (npz, PyTorch): entries are used where they lie in the map if they are stored, and
 * unpacked into memory of their declared size if they are deflated. */
#ifndef ARCHIVE_H
#define ARCHIVE_H

#include "models/checkpoint/source.h"

struct archive_entry {
    char *name;             /* UTF-8, relative, without ".." */
    bool stored;            /* else deflated */
    const uint8_t *payload; /* of packed_size bytes in the map */
    uint64_t packed_size, size;
    uint64_t header; /* where its local header lies */
    uint32_t number; /* in the directory */
};

struct archive {
    const char *path; /* borrowed */
    struct map map;   /* borrowed */
    size_t n;
    struct archive_entry *entries; /* sorted by name */
    uint64_t n_unpacked;           /* bytes of memory that archive_read has given */
    void *unpacker;                /* libzip's handle, once something deflated was asked for */
};

/* Reads the directory of a mapped archive and checks that every entry lies in it, alone. On failure
 * nothing is left to free. */
tolka_status archive_open(struct archive *archive, const struct map *map, const char *path,
                          tolka_error *err);
void archive_close(struct archive *archive);

const struct archive_entry *archive_find(const struct archive *archive,
                                         const char *name); /* or NULL */

/* The bytes of an entry (entry->size of them), which live as long as the source. */
tolka_status archive_read(struct archive *archive, const struct archive_entry *entry,
                          struct source *source, const uint8_t **bytes, tolka_error *err);

#endif
