/* Archives and compressed files, unpacked by libarchive under rules of our own: nothing outside the
 * directory, nothing but files and directories, and no more than an honest checkpoint needs. */
#ifndef UNPACK_H
#define UNPACK_H

#include "engine/error.h"

#include <stdbool.h>

/* What may still be unpacked, by one archive or by several that belong together. */
struct unpack_budget {
    uint64_t bytes, entries;
};
struct unpack_budget unpack_budget(void);

/* Does a zip archive hold other things than one checkpoint of PyTorch's or numpy's, which are zip
 * archives themselves? False where it cannot be read. */
bool is_zip_of_files(const char *path);

/* Unpacks an archive into a directory that is there and empty. A compressed file that is no archive
 * becomes the file `single` in it; *was_single says so. */
tolka_status unpack(const char *path, const char *directory, const char *single,
                    struct unpack_budget *budget, bool *was_single, tolka_error *err);

#endif
