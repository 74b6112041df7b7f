#define _DEFAULT_SOURCE
#include "engine/map.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

tolka_status map_open(struct map *map, const char *path, tolka_error *err) {
    *map = (struct map){0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return fail(err, TOLKA_IO, "%s: %s", path, strerror(errno));

    tolka_status status = TOLKA_OK;
    struct stat info;
    if (fstat(fd, &info) != 0) {
        status = fail(err, TOLKA_IO, "%s: %s", path, strerror(errno));
    } else if (S_ISDIR(info.st_mode)) {
        status = fail(err, TOLKA_IO, "%s: is a directory; tolka convert makes a model file of one",
                      path);
    } else if (!S_ISREG(info.st_mode)) {
        status = fail(err, TOLKA_IO, "%s: not a regular file, so it cannot be mapped", path);
    } else if ((uint64_t)info.st_size > SIZE_MAX / 2) {
        status = fail(err, TOLKA_IO, "%s: too large for this machine's addresses", path);
    } else if (info.st_size > 0) {
        size_t n_bytes = (size_t)info.st_size;
        void *bytes = mmap(NULL, n_bytes, PROT_READ, MAP_PRIVATE, fd, 0);
        if (bytes == MAP_FAILED)
            status = fail(err, errno == ENOMEM ? TOLKA_NOMEM : TOLKA_IO, "%s: cannot map: %s", path,
                          strerror(errno));
        else
            *map = (struct map){bytes, n_bytes};
    }
    close(fd);
    return status;
}

void map_close(struct map *map) {
    if (map->bytes) munmap((void *)map->bytes, map->n_bytes);
    *map = (struct map){0};
}

void map_release(const void *bytes, size_t n_bytes) {
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t from = ((uintptr_t)bytes + page - 1) & ~(page - 1);
    uintptr_t to = ((uintptr_t)bytes + n_bytes) & ~(page - 1);
    if (from < to) madvise((void *)from, to - from, MADV_DONTNEED);
}
