/* A library to preload (LD_PRELOAD) that lets the machine fail where it is told to, in whatever
 * program and in all of its libraries:
 *
 *     FAULT=memory:N     the N-th allocation (1: the first) finds no memory; memory:N+ all from it on
 *     FAULT=thread:N     the N-th thread cannot start
 *     FAULT=read:N       the N-th read fails with EIO
 *     FAULT=write:N+     no room is left on the disk from the N-th write on
 *     FAULT=interrupt:N  every N-th read or write is interrupted by a signal before it did anything
 *     FAULT=short:N      reads and writes of more than N bytes do N of them
 *     FAULT=size:N       files may not grow beyond N bytes
 *     FAULT=space:N      there are N megabytes of address space
 *     FAULT=hidden:PATH  there are no files whose paths begin so
 *
 * FAULT_COUNT=FILE: how many of the kind there were is written there in the end. Standard error is
 * left alone: it is what the test reads. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { NOTHING, MEMORY, THREAD, READ, WRITE, INTERRUPT, SHORT, SIZE, SPACE, HIDDEN };

static const char *const kinds[] = {"",          "memory", "thread", "read",  "write",
                                    "interrupt", "short",  "size",   "space", "hidden"};

static enum kind wanted;
static long first;
static bool goes_on; /* all from the first on */
static const char *hidden = "/";
static atomic_long made;

/* ---- what is behind us ----------------------------------------------------------------------- */

static void *(*real_malloc)(size_t);
static void *(*real_calloc)(size_t, size_t);
static void *(*real_realloc)(void *, size_t);
static void *(*real_memalign)(size_t, size_t);
static void *(*real_mmap)(void *, size_t, int, int, int, off_t);
static int (*real_create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
static ssize_t (*real_read)(int, void *, size_t);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pread)(int, void *, size_t, off_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static ssize_t (*real_writev)(int, const struct iovec *, int);
static int (*real_open)(const char *, int, ...);
static FILE *(*real_fopen)(const char *, const char *);

/* What dlsym() allocates before there is anybody to ask. */
static char early[1 << 14];
static size_t n_early;

static void *take_early(size_t n) {
    void *memory = early + n_early;
    n_early += (n + 15) / 16 * 16;
    return n_early <= sizeof early ? memory : NULL;
}

static void read_wish(void) {
    const char *wish = getenv("FAULT"), *number = wish ? strchr(wish, ':') : NULL;
    for (size_t i = 1; number && i < sizeof kinds / sizeof *kinds; i++)
        if (strncmp(wish, kinds[i], strlen(kinds[i])) == 0) wanted = (enum kind)i;
    if (!number) return;
    first = atol(number + 1);
    hidden = number + 1;
    goes_on = number[strlen(number) - 1] == '+';
}

static void limit_to(int resource, rlim_t n) {
    struct rlimit limit;
    if (getrlimit(resource, &limit) != 0) return;
    limit.rlim_cur = n;
    setrlimit(resource, &limit);
}

static void find(void *place, const char *name) {
    void *found = dlsym(RTLD_NEXT, name);
    memcpy(place, &found, sizeof found);
}

static void begin(void) {
    static bool begun;
    if (begun) return;
    begun = true;
    find(&real_calloc, "calloc");
    find(&real_realloc, "realloc");
    find(&real_memalign, "memalign");
    find(&real_mmap, "mmap");
    find(&real_create, "pthread_create");
    find(&real_read, "read");
    find(&real_write, "write");
    find(&real_pread, "pread");
    find(&real_pwrite, "pwrite");
    find(&real_writev, "writev");
    find(&real_open, "open");
    find(&real_fopen, "fopen");
    find(&real_malloc, "malloc");
    read_wish();
}

/* When all libraries are there, for which a loader that finds no room would complain. */
__attribute__((constructor)) static void set_limits(void) {
    begin();
    if (wanted == SIZE) limit_to(RLIMIT_FSIZE, (rlim_t)first);
    if (wanted == SPACE) limit_to(RLIMIT_AS, (rlim_t)first << 20);
}

/* ---- when ------------------------------------------------------------------------------------ */

/* Counts a call of a kind; true if it is to fail. */
static bool fails(enum kind kind) {
    if (kind != wanted) return false;
    long number = atomic_fetch_add(&made, 1) + 1;
    if (kind == INTERRUPT) return first > 0 && number % first == 0;
    return number == first || (goes_on && first > 0 && number > first);
}

static bool fails_with(enum kind kind, int reason) {
    if (!fails(kind)) return false;
    errno = reason;
    return true;
}

static size_t shortened(size_t n) {
    return wanted == SHORT && first > 0 && n > (size_t)first ? (size_t)first : n;
}

__attribute__((destructor)) static void tell(void) {
    const char *path = getenv("FAULT_COUNT");
    char text[32];
    int file = path && real_open ? real_open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600) : -1;
    if (file < 0) return;
    (void)!real_write(file, text, (size_t)sprintf(text, "%ld\n", atomic_load(&made)));
    close(file);
}

/* ---- memory ---------------------------------------------------------------------------------- */

void *malloc(size_t n) {
    begin();
    if (!real_malloc) return take_early(n);
    return fails_with(MEMORY, ENOMEM) ? NULL : real_malloc(n);
}

void *calloc(size_t n, size_t width) {
    begin();
    if (!real_malloc) return take_early(n * width);
    return fails_with(MEMORY, ENOMEM) ? NULL : real_calloc(n, width);
}

void *realloc(void *old, size_t n) {
    begin();
    return fails_with(MEMORY, ENOMEM) ? NULL : real_realloc(old, n);
}

void *reallocarray(void *old, size_t n, size_t width) {
    size_t bytes;
    if (__builtin_mul_overflow(n, width, &bytes)) return errno = ENOMEM, NULL;
    return realloc(old, bytes);
}

void *memalign(size_t alignment, size_t n) {
    begin();
    return fails_with(MEMORY, ENOMEM) ? NULL : real_memalign(alignment, n);
}

void *aligned_alloc(size_t alignment, size_t n) {
    return memalign(alignment, n);
}

int posix_memalign(void **out, size_t alignment, size_t n) {
    *out = memalign(alignment, n);
    return *out ? 0 : ENOMEM;
}

void *mmap(void *address, size_t n, int protection, int flags, int file, off_t offset) {
    begin();
    bool is_memory = flags & MAP_ANONYMOUS;
    if (is_memory && fails_with(MEMORY, ENOMEM)) return MAP_FAILED;
    return real_mmap(address, n, protection, flags, file, offset);
}

/* ---- threads --------------------------------------------------------------------------------- */

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *),
                   void *argument) {
    begin();
    return fails(THREAD) ? EAGAIN : real_create(thread, attributes, body, argument);
}

/* ---- files ----------------------------------------------------------------------------------- */

ssize_t read(int file, void *bytes, size_t n) {
    begin();
    if (fails_with(INTERRUPT, EINTR) || fails_with(READ, EIO)) return -1;
    return real_read(file, bytes, shortened(n));
}

ssize_t pread(int file, void *bytes, size_t n, off_t offset) {
    begin();
    if (fails_with(INTERRUPT, EINTR) || fails_with(READ, EIO)) return -1;
    return real_pread(file, bytes, shortened(n), offset);
}

static bool write_fails(int file) {
    return file != STDERR_FILENO && (fails_with(INTERRUPT, EINTR) || fails_with(WRITE, ENOSPC));
}

ssize_t write(int file, const void *bytes, size_t n) {
    begin();
    return write_fails(file) ? -1 : real_write(file, bytes, shortened(n));
}

ssize_t pwrite(int file, const void *bytes, size_t n, off_t offset) {
    begin();
    return write_fails(file) ? -1 : real_pwrite(file, bytes, shortened(n), offset);
}

ssize_t writev(int file, const struct iovec *parts, int n) {
    begin();
    return write_fails(file) ? -1 : real_writev(file, parts, n);
}

static bool is_hidden(const char *path) {
    if (wanted != HIDDEN || strncmp(path, hidden, strlen(hidden)) != 0) return false;
    errno = ENOENT;
    return true;
}

int open(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    begin();
    return is_hidden(path) ? -1 : real_open(path, flags, mode);
}

FILE *fopen(const char *path, const char *mode) {
    begin();
    return is_hidden(path) ? NULL : real_fopen(path, mode);
}
