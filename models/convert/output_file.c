#define _XOPEN_SOURCE 700
#include "models/convert/output_file.h"

#include "models/checkpoint/names.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { MAX_LINKS = 40, NO_DESCRIPTOR = -1 };

/* ---- names ----------------------------------------------------------------------------------- */

/* `name` in the directory of `path`, which counts for nothing if the name is absolute. */
static char *beside(const char *path, const char *name) {
    size_t n = *name == '/' ? 0 : directory_length(path);
    char *joined = malloc(n + strlen(name) + 1);
    if (!joined) return NULL;
    memcpy(joined, path, n);
    strcpy(joined + n, name);
    return joined;
}

/* What a link says; NULL with errno 0: it is no link. */
static char *read_link(const char *path) {
    char text[4096];
    struct stat info;
    errno = 0;
    if (lstat(path, &info) != 0 || !S_ISLNK(info.st_mode)) {
        errno = 0;
        return NULL;
    }
    ssize_t n = readlink(path, text, sizeof text - 1);
    if (n < 0) return NULL;
    text[n] = 0;
    return beside(path, text);
}

/* One of our own descriptors by name (/dev/stdout leads here): opened anew, a file would be cut. */
static int descriptor_of(const char *path) {
    static const char *const folders[] = {"/proc/self/fd/", "/dev/fd/"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        size_t n = strlen(folders[i]);
        char *end;
        if (strncmp(path, folders[i], n) != 0 || !path[n]) continue;
        long number = strtol(path + n, &end, 10);
        if (!*end && number >= 0 && number < 65536) return (int)number;
    }
    return NO_DESCRIPTOR;
}

/* Follows links by hand, since the last one may point to a file that is not there yet. */
static tolka_status follow(const char *path, char **target, int *descriptor, tolka_error *err) {
    *descriptor = NO_DESCRIPTOR;
    *target = strdup(path);
    for (int i = 0; *target; i++) {
        *descriptor = descriptor_of(*target);
        char *next = *descriptor == NO_DESCRIPTOR ? read_link(*target) : NULL;
        if (!next && (*descriptor != NO_DESCRIPTOR || errno == 0)) return TOLKA_OK;
        free(*target);
        *target = i < MAX_LINKS ? next : NULL;
        if (next && i >= MAX_LINKS) {
            free(next);
            return fail(err, TOLKA_IO, "%s: %s", path, strerror(ELOOP));
        }
    }
    return fail(err, TOLKA_NOMEM, "%s: out of memory", path);
}

/* ---- what may be written --------------------------------------------------------------------- */

enum way { BESIDE, IN_PLACE, BY_DESCRIPTOR };

struct place {
    char *target;
    int descriptor; /* BY_DESCRIPTOR */
    enum way way;
    bool exists;
    struct stat info; /* of what exists */
};

static tolka_status check_directory(const struct place *place, const char *path, tolka_error *err) {
    size_t n = directory_length(place->target);
    char *directory = n ? strndup(place->target, n) : strdup(".");
    if (!directory) return fail(err, TOLKA_NOMEM, "%s: out of memory", path);
    errno = 0;
    bool ok = place->target[n] != 0 && access(directory, W_OK | X_OK) == 0;
    int reason = errno ? errno : EISDIR;
    free(directory);
    return ok ? TOLKA_OK : fail(err, TOLKA_IO, "%s: %s", path, strerror(reason));
}

static tolka_status check_existing(struct place *place, const char *path, unsigned flags,
                                   tolka_error *err) {
    mode_t mode = place->info.st_mode;
    if (S_ISDIR(mode))
        return fail(err, TOLKA_IO, "%s is a directory; expected the name of a file", path);
    if (S_ISBLK(mode) || S_ISSOCK(mode))
        return fail(err, TOLKA_IO, "%s is a %s; expected a file, a pipe or a terminal", path,
                    S_ISBLK(mode) ? "disk" : "socket");
    if (access(place->target, W_OK) != 0)
        return fail(err, TOLKA_IO, "%s: %s", path, strerror(errno));
    place->way = S_ISREG(mode) ? BESIDE : IN_PLACE;
    if (place->way == BESIDE && !(flags & OUTPUT_REPLACE))
        return fail(err, TOLKA_ARGUMENT, "%s is there already; --force replaces it", path);
    return TOLKA_OK;
}

static tolka_status look_at(struct place *place, const char *path, unsigned flags,
                            tolka_error *err) {
    *place = (struct place){.way = BESIDE};
    tolka_status status = follow(path, &place->target, &place->descriptor, err);
    if (status != TOLKA_OK) return status;
    if (place->descriptor != NO_DESCRIPTOR) {
        place->way = BY_DESCRIPTOR;
        return TOLKA_OK;
    }
    place->exists = stat(place->target, &place->info) == 0;
    if (!place->exists && errno != ENOENT)
        return fail(err, TOLKA_IO, "%s: %s", path, strerror(errno));
    if (place->exists) status = check_existing(place, path, flags, err);
    if (status == TOLKA_OK && place->way == BESIDE) status = check_directory(place, path, err);
    return status;
}

static bool is_standard(const char *path) {
    return !path || strcmp(path, "-") == 0;
}

tolka_status output_check(const char *path, unsigned flags, tolka_error *err) {
    struct place place;
    if (is_standard(path)) return TOLKA_OK;
    tolka_status status = look_at(&place, path, flags, err);
    free(place.target);
    return status;
}

/* ---- the end --------------------------------------------------------------------------------- */

static int sync_directory(const char *path) {
    size_t n = directory_length(path);
    char *directory = n ? strndup(path, n) : strdup(".");
    int fd = directory ? open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    free(directory);
    if (fd < 0) return -1;
    int result = fsync(fd);
    close(fd);
    return result;
}

/* Puts the partial file where it belongs. Without leave to replace, a file that has come in between
 * stays; where there are no hard links (FAT), it was not there a moment ago. */
static int put_in_place(const struct output_file *output) {
    if (!(output->flags & OUTPUT_REPLACE)) {
        if (link(output->partial, output->target) == 0) return unlink(output->partial);
        if (errno == EEXIST || access(output->target, F_OK) == 0) {
            errno = EEXIST;
            return -1;
        }
    }
    return rename(output->partial, output->target);
}

/* Beside the input that was to be replaced; false: it keeps its temporary name. */
static bool keep_unfinished(const struct output_file *output, char *name, size_t size) {
    int n = snprintf(name, size, "%s.unfinished", output->target);
    bool kept = n > 0 && (size_t)n < size && link(output->partial, name) == 0;
    if (kept) unlink(output->partial);
    if (!kept) snprintf(name, size, "%s", output->partial);
    return kept;
}

/* On a terminal, ^C stands before it. */
static const char *fresh_line(void) {
    return isatty(STDERR_FILENO) ? "\n" : "";
}

/* What was done is put in place, unless that is nothing, or would replace the input. */
static void end_early(const struct output_file *output, const char *why) {
    char name[4200];
    struct stat info;
    if (!output->partial) return;
    bool empty = fstat(output->fd, &info) == 0 && info.st_size == 0;
    if (!(output->flags & OUTPUT_LINES) || empty) {
        unlink(output->partial);
        return;
    }
    fsync(output->fd);
    if (output->is_input) {
        keep_unfinished(output, name, sizeof name);
        dprintf(STDERR_FILENO, "%stolka: %s; %s is as it was, and %s has what was done\n",
                fresh_line(), why, output->target, name);
    } else if (put_in_place(output) == 0) {
        dprintf(STDERR_FILENO, "%stolka: %s; %s has what was done\n", fresh_line(), why,
                output->target);
    }
}

/* The duty of an interrupted program. */
static void end_now(void *user) {
    end_early(user, "interrupted");
}

static void forget(struct output_file *output) {
    if (output->fd > STDERR_FILENO) close(output->fd);
    free(output->target);
    free(output->partial);
    *output = (struct output_file){.fd = NO_DESCRIPTOR};
}

/* The partial file's end, one or the other, in one step with forgetting it: an interruption finds it
 * before or after. Returns errno's reason why it is not in place, or 0. */
static int settle(struct output_file *output, bool good) {
    duties_hold();
    int reason = !good || put_in_place(output) == 0 ? 0 : errno;
    if (!good || reason) unlink(output->partial);
    free(output->partial);
    output->partial = NULL;
    duties_release();
    duty_remove(&output->duty);
    return reason;
}

void output_stop(struct output_file *output) {
    duties_hold();
    end_early(output, "stopped");
    free(output->partial);
    output->partial = NULL;
    duties_release();
    duty_remove(&output->duty);
    forget(output);
}

void output_discard(struct output_file *output) {
    if (output->partial) settle(output, false);
    forget(output);
}

tolka_status output_finish(struct output_file *output, tolka_error *err) {
    int reason = 0;
    if (output->partial) {
        bool on_disk = fsync(output->fd) == 0 || errno == EINVAL || errno == EROFS;
        reason = on_disk ? 0 : errno;
        int placed = settle(output, on_disk);
        if (!reason) reason = placed;
        if (reason)
            fail(err, TOLKA_IO, "cannot write %s: %s", output->target, strerror(reason));
        else
            sync_directory(output->target);
    }
    forget(output);
    return reason ? TOLKA_IO : TOLKA_OK;
}

/* ---- the beginning --------------------------------------------------------------------------- */

/* A name that nobody has, in the directory of the target, whatever the length of the target's. */
static tolka_status create_partial(struct output_file *output, tolka_error *err) {
    enum { TRIES = 100 };
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    for (unsigned i = 0; i < TRIES; i++) {
        char name[64];
        snprintf(name, sizeof name, ".tolka-%ld-%lx", (long)getpid(),
                 (unsigned long)now.tv_nsec + i);
        output->partial = beside(output->target, name);
        if (!output->partial) return fail(err, TOLKA_NOMEM, "out of memory");
        output->fd =
            open(output->partial, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
        if (output->fd >= 0) return TOLKA_OK;
        int reason = errno;
        free(output->partial);
        output->partial = NULL;
        if (reason != EEXIST)
            return fail(err, TOLKA_IO, "%s: no file can be made beside it: %s", output->target,
                        strerror(reason));
    }
    return fail(err, TOLKA_IO, "%s: no file can be made beside it", output->target);
}

/* As far as we may. The owner comes first, since a new owner takes the set-user-id bits away; where
 * the owner cannot be kept, they go. */
static void keep_owner(int fd, const struct stat *info) {
    bool kept = fchown(fd, info->st_uid, info->st_gid) == 0;
    if (!kept) kept = fchown(fd, (uid_t)-1, info->st_gid) == 0 && info->st_uid == geteuid();
    (void)fchmod(fd, info->st_mode & (kept ? 07777U : 0777U));
}

static tolka_status open_beside(struct output_file *output, const struct place *place,
                                tolka_error *err) {
    output->duty = (struct duty){.act = end_now, .user = output};
    duty_add(&output->duty);
    duties_hold();
    tolka_status status = create_partial(output, err);
    duties_release();
    if (status != TOLKA_OK) duty_remove(&output->duty);
    if (status == TOLKA_OK && place->exists) keep_owner(output->fd, &place->info);
    return status;
}

tolka_status output_open(struct output_file *output, const char *path, unsigned flags,
                         tolka_error *err) {
    struct place place;
    *output = (struct output_file){.fd = STDOUT_FILENO, .flags = flags};
    if (is_standard(path)) return TOLKA_OK;
    output->fd = NO_DESCRIPTOR;
    tolka_status status = look_at(&place, path, flags, err);
    output->target = place.target;
    if (status == TOLKA_OK && place.way == BESIDE) {
        status = open_beside(output, &place, err);
    } else if (status == TOLKA_OK) {
        output->fd = place.way == IN_PLACE ? open(place.target, O_WRONLY | O_NOCTTY | O_CLOEXEC)
                                           : fcntl(place.descriptor, F_DUPFD_CLOEXEC, 3);
        if (output->fd < 0) status = fail(err, TOLKA_IO, "%s: %s", path, strerror(errno));
    }
    if (status != TOLKA_OK) forget(output);
    return status;
}

/* ---- in between ------------------------------------------------------------------------------ */

void output_reads(struct output_file *output, int input) {
    struct stat in, out;
    output->is_input = output->partial && fstat(input, &in) == 0 &&
                       stat(output->target, &out) == 0 && in.st_dev == out.st_dev &&
                       in.st_ino == out.st_ino;
}

FILE *output_file_stream(const struct output_file *output) {
    int fd = dup(output->fd);
    FILE *stream = fd < 0 ? NULL : fdopen(fd, "w");
    if (!stream && fd >= 0) close(fd);
    if (!stream && errno == EINVAL) errno = EBADF; /* it is there, but not for writing */
    return stream;
}

void output_hold(const struct output_file *output) {
    if (output->partial) duties_hold();
}

void output_release(const struct output_file *output) {
    if (output->partial) duties_release();
}

_Noreturn void output_end(int status) {
    duties_act();
    _exit(status);
}

_Noreturn void output_end_from_handler(int status) {
    duties_act_and_exit(status);
}

void output_broken_pipe(void) {
    duties_act();
    signal(SIGPIPE, SIG_DFL);
    raise(SIGPIPE);
    _exit(128 + SIGPIPE);
}
