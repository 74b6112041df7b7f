#define _POSIX_C_SOURCE 200809L
#include "models/checkpoint/unpack.h"

#include "models/checkpoint/names.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    MAX_UNPACKED_ENTRIES = 10000,
    MAX_UNPACKED_RATIO = 200, /* of an archive's own size; weights come to 1.1, texts to 10 */
    MAX_NAME = 1024,
    MAX_DEPTH = 16,
    BLOCK = 1 << 18,
};
static const uint64_t max_unpacked_bytes = (uint64_t)1 << 38; /* 256 GiB */
static const uint64_t small_enough = (uint64_t)16 << 20;      /* whatever the ratio */

struct unpacking {
    const char *path, *directory;
    struct archive *archive;
    struct unpack_budget *budget;
    uint64_t left; /* bytes that this archive may come to */
    tolka_error *err;
};

struct unpack_budget unpack_budget(void) {
    return (struct unpack_budget){max_unpacked_bytes, MAX_UNPACKED_ENTRIES};
}

/* ---- libarchive ------------------------------------------------------------------------------ */

static void support(struct archive *archive) {
    archive_read_support_filter_gzip(archive);
    archive_read_support_filter_bzip2(archive);
    archive_read_support_filter_xz(archive);
    archive_read_support_filter_zstd(archive);
    archive_read_support_format_zip(archive);
    archive_read_support_format_tar(archive);
    archive_read_support_format_raw(archive);
}

static tolka_status open_archive(struct unpacking *unpacking) {
    unpacking->archive = archive_read_new();
    if (!unpacking->archive)
        return fail(unpacking->err, TOLKA_NOMEM, "%s: out of memory", unpacking->path);
    support(unpacking->archive);
    if (archive_read_open_filename(unpacking->archive, unpacking->path, BLOCK) == ARCHIVE_OK)
        return TOLKA_OK;
    return fail(unpacking->err, TOLKA_FORMAT, "%s: cannot be unpacked: %s", unpacking->path,
                archive_error_string(unpacking->archive));
}

static tolka_status cannot_unpack(const struct unpacking *unpacking) {
    const char *why = archive_error_string(unpacking->archive);
    return fail(unpacking->err, TOLKA_FORMAT, "%s: cannot be unpacked: %s", unpacking->path,
                why ? why : "it is damaged");
}

/* UTF-8 where the archive says so; a locale has no say. */
static const char *name_of(struct archive_entry *entry) {
    const char *name = archive_entry_pathname_utf8(entry);
    return name ? name : archive_entry_pathname(entry);
}

bool is_zip_of_files(const char *path) {
    struct unpacking unpacking = {.path = path};
    struct archive_entry *entry;
    bool of_files = open_archive(&unpacking) == TOLKA_OK;
    size_t n = 0;
    while (of_files && n < MAX_UNPACKED_ENTRIES) {
        int result = archive_read_next_header(unpacking.archive, &entry);
        if (result == ARCHIVE_EOF) break;
        const char *name = result == ARCHIVE_OK ? name_of(entry) : NULL;
        const char *dot = name ? strrchr(name, '.') : NULL;
        of_files = name && strcmp(file_name(name), "data.pkl") != 0 &&
                   !(dot && strcmp(dot, ".npy") == 0) &&
                   archive_format(unpacking.archive) == ARCHIVE_FORMAT_ZIP;
        n++;
    }
    archive_read_free(unpacking.archive);
    return of_files && n > 0;
}

/* ---- names ----------------------------------------------------------------------------------- */

/* A path below the directory: relative, without "..", not too long, not too deep. */
static bool is_safe(const char *name) {
    size_t depth = 0;
    if (!*name || *name == '/' || strlen(name) >= MAX_NAME || strchr(name, '\\')) return false;
    for (const char *part = name; *part; depth++) {
        size_t n = strcspn(part, "/");
        if (n == 2 && memcmp(part, "..", 2) == 0) return false;
        if (n > 255) return false;
        part += n + strspn(part + n, "/");
    }
    return depth <= MAX_DEPTH;
}

static tolka_status refuse(const struct unpacking *unpacking, const char *name, const char *why) {
    return fail(unpacking->err, TOLKA_FORMAT, "%s: refused: %.80s in it %s", unpacking->path, name,
                why);
}

static tolka_status cannot_write(const struct unpacking *unpacking, const char *name) {
    return fail(unpacking->err, TOLKA_IO, "%s: cannot unpack %.80s to %s: %s", unpacking->path,
                name, unpacking->directory, strerror(errno));
}

/* The directories that lead to a name, or with `all` the name itself, too. */
static bool make_directories(int root, const char *name, bool all) {
    char path[MAX_NAME];
    for (const char *end = name; *end;) {
        end += strspn(end, "/");
        end += strcspn(end, "/");
        if (!*end && !all) break;
        memcpy(path, name, (size_t)(end - name));
        path[end - name] = 0;
        if (mkdirat(root, path, 0700) != 0 && errno != EEXIST) return false;
    }
    return true;
}

/* ---- entries --------------------------------------------------------------------------------- */

static bool write_all(int fd, const char *bytes, size_t n) {
    while (n > 0) {
        ssize_t written = write(fd, bytes, n);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return false;
        bytes += written;
        n -= (size_t)written;
    }
    return true;
}

/* What an entry says of its size is not believed: what comes out is counted. */
static tolka_status write_data(struct unpacking *unpacking, int fd, const char *name) {
    char *block = malloc(BLOCK);
    tolka_status status =
        block ? TOLKA_OK : fail(unpacking->err, TOLKA_NOMEM, "%s: out of memory", unpacking->path);
    while (status == TOLKA_OK) {
        la_ssize_t n = archive_read_data(unpacking->archive, block, BLOCK);
        if (n == 0) break;
        if (n < 0) {
            status = cannot_unpack(unpacking);
        } else if ((uint64_t)n > unpacking->left || (uint64_t)n > unpacking->budget->bytes) {
            status = refuse(unpacking, name, "comes to more bytes than a checkpoint would");
        } else {
            unpacking->left -= (uint64_t)n;
            unpacking->budget->bytes -= (uint64_t)n;
            if (!write_all(fd, block, (size_t)n)) status = cannot_write(unpacking, name);
        }
    }
    free(block);
    return status;
}

static tolka_status unpack_file(struct unpacking *unpacking, int root, const char *name) {
    if (!make_directories(root, name, false)) return cannot_write(unpacking, name);
    int fd = openat(root, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 && errno == EEXIST) return refuse(unpacking, name, "stands there twice");
    if (fd < 0) return cannot_write(unpacking, name);
    tolka_status status = write_data(unpacking, fd, name);
    if (close(fd) != 0 && status == TOLKA_OK) status = cannot_write(unpacking, name);
    return status;
}

static tolka_status unpack_entry(struct unpacking *unpacking, int root,
                                 struct archive_entry *entry) {
    const char *name = name_of(entry);
    if (!name || !is_safe(name))
        return refuse(unpacking, name ? name : "a name", "leads out of the archive");
    if (unpacking->budget->entries-- == 0) {
        unpacking->budget->entries = 0;
        return refuse(unpacking, name, "is one file too many");
    }
    if (archive_entry_hardlink(entry)) return refuse(unpacking, name, "is a link");
    switch (archive_entry_filetype(entry)) {
    case AE_IFREG:
        return unpack_file(unpacking, root, name);
    case AE_IFDIR:
        return make_directories(root, name, true) ? TOLKA_OK : cannot_write(unpacking, name);
    case AE_IFLNK:
        return refuse(unpacking, name, "is a link");
    default:
        return refuse(unpacking, name, "is neither a file nor a directory");
    }
}

static tolka_status unpack_entries(struct unpacking *unpacking, int root, const char *single,
                                   bool *was_single) {
    struct archive_entry *entry;
    tolka_status status = TOLKA_OK;
    *was_single = false;
    while (status == TOLKA_OK) {
        int result = archive_read_next_header(unpacking->archive, &entry);
        if (result == ARCHIVE_EOF) break;
        if (result != ARCHIVE_OK && result != ARCHIVE_WARN) return cannot_unpack(unpacking);
        *was_single = archive_format(unpacking->archive) == ARCHIVE_FORMAT_RAW;
        status = *was_single ? unpack_file(unpacking, root, single)
                             : unpack_entry(unpacking, root, entry);
    }
    return status;
}

static void set_limit(struct unpacking *unpacking) {
    struct stat info;
    uint64_t size = stat(unpacking->path, &info) == 0 ? (uint64_t)info.st_size : 0;
    unpacking->left = small_enough;
    if (size > unpacking->left / MAX_UNPACKED_RATIO)
        unpacking->left =
            size > UINT64_MAX / MAX_UNPACKED_RATIO ? UINT64_MAX : size * MAX_UNPACKED_RATIO;
}

tolka_status unpack(const char *path, const char *directory, const char *single,
                    struct unpack_budget *budget, bool *was_single, tolka_error *err) {
    struct unpacking unpacking = {path, directory, NULL, budget, 0, err};
    set_limit(&unpacking);
    int root = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root < 0) return fail(err, TOLKA_IO, "%s: %s", directory, strerror(errno));
    tolka_status status = open_archive(&unpacking);
    if (status == TOLKA_OK) status = unpack_entries(&unpacking, root, single, was_single);
    archive_read_free(unpacking.archive);
    close(root);
    return status;
}
