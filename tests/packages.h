/* Archives made at run time by libarchive, of files that lie elsewhere, and of entries that no
 * honest archive has. */
#ifndef PACKAGES_H
#define PACKAGES_H

#include <stddef.h>

/* An entry: a file's content (`from`), or this text; `kind` is one of libarchive's AE_IF..., 0: a
 * regular file. `n_zeros` zeros follow. */
struct packed {
    const char *name, *from, *text, *link;
    unsigned kind;
    size_t n_zeros;
};

/* By the ending of its name: .zip (and .argosmodel), .tar, .tar.gz, .tar.zst, .tar.xz, .tar.bz2. The
 * list ends with a NULL name. */
void pack_files(const char *path, const struct packed *entries);
/* One file compressed by itself, by the ending of `path`: .gz or .zst. */
void pack_alone(const char *path, const char *from);

#endif
