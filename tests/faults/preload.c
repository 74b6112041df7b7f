/* A library to preload (LD_PRELOAD) that lets the machine fail where it is told to, in whatever
 * program and in all of its libraries:
 *
 *     FAULT=memory:N     the N-th allocation (1: the first) finds no memory; memory:N+ all from it on
 *     FAULT=thread:N     the N-th thread cannot start
 *     FAULT=read:N       the N-th read fails with EIO
 *     FAULT=write:N+     no room is left on the disk from the N-th write on
 *     FAULT=name:N       the N-th time that a file is opened, looked at, made, renamed or put on the
 *                        disk (fsync) fails with EIO
 *     FAULT=short:N      reads and writes of more than N bytes do N of them
 *     FAULT=interrupt:N  every N-th read() or write() is interrupted by a signal before it did
 *                        anything
 *     FAULT=size:N       files may not grow beyond N bytes
 *     FAULT=space:N      there are N megabytes of address space
 *     FAULT=hidden:PATH  there are no files whose paths begin so
 *
 * FAULT_SPARES=libx:liby: nothing fails on the way through these libraries.
 *
 * FAULT_COUNT=FILE: how many of the kind there were is written there in the end, and then which of
 * them differ (call_stacks.h). Standard error is left alone: it is what the test reads. */
#define _GNU_SOURCE
#include "tests/faults/call_stacks.h"
#include "tests/faults/system_calls.h"

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
#include <unistd.h>

enum kind { NOTHING, MEMORY, THREAD, READ, WRITE, NAME, SHORT, INTERRUPT, SIZE, SPACE, HIDDEN };

static const char *const kinds[] = {"",      "memory",    "thread", "read",  "write", "name",
                                    "short", "interrupt", "size",   "space", "hidden"};

static enum kind wanted;
static long first;
static bool goes_on; /* all from the first on */
static bool counting;
static const char *spares;
static const char *hidden = "/";
static atomic_long made;
static int count_file;

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
    counting = getenv("FAULT_COUNT") != NULL;
    spares = getenv("FAULT_SPARES");
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
    find(&real_open, "open");
    find(&real_fopen, "fopen");
    find(&real_malloc, "malloc");
    read_wish();
}

/* ---- when ------------------------------------------------------------------------------------ */

/* Counts a call of a kind; true if it is to fail. */
static bool fails(enum kind kind) {
    if (kind != wanted || call_stack_in_sight()) return false;
    long number = atomic_fetch_add(&made, 1) + 1;
    if (counting) call_stack_note(number);
    if (kind == INTERRUPT) return first > 0 && number % first == 0;
    bool due = number == first || (goes_on && first > 0 && number > first);
    return due && !(spares && call_stack_passes(spares));
}

static bool fails_with(enum kind kind, int reason) {
    if (!fails(kind)) return false;
    errno = reason;
    return true;
}

static void put_count(const void *bytes, int n) {
    (void)!real_write(count_file, bytes, (size_t)n);
}

__attribute__((destructor)) static void tell(void) {
    const char *path = getenv("FAULT_COUNT");
    char text[32];
    wanted = NOTHING;
    count_file = path ? real_open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600) : -1;
    if (count_file < 0) return;
    put_count(text, sprintf(text, "%ld\n", atomic_load(&made)));
    call_stacks_write(put_count);
    close(count_file);
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

static int judge(enum call_kind kind, int file, size_t *n) {
    static const enum kind kinds_of_calls[] = {READ, WRITE, NAME};
    static const int reasons[] = {EIO, ENOSPC, EIO};
    if (kind == CALL_WRITES && file == STDERR_FILENO) return 0;
    if (wanted == SHORT && kind != CALL_NAMES && *n > (size_t)first) *n = (size_t)first;
    return fails(kinds_of_calls[kind]) ? reasons[kind] : 0;
}

/* When all libraries are there, for which a loader that finds no room would complain. */
__attribute__((constructor)) static void set_limits(void) {
    begin();
    if (wanted == SIZE) limit_to(RLIMIT_FSIZE, (rlim_t)first);
    if (wanted == SPACE) limit_to(RLIMIT_AS, (rlim_t)first << 20);
    if (wanted == READ || wanted == WRITE || wanted == NAME || wanted == SHORT)
        system_calls_judge(judge);
}

/* System calls are not interrupted where handlers have them go on (SA_RESTART), and stdio's are none
 * that a program could begin anew: these are what it calls itself. */
ssize_t read(int file, void *bytes, size_t n) {
    begin();
    return fails_with(INTERRUPT, EINTR) ? -1 : real_read(file, bytes, n);
}

ssize_t pread(int file, void *bytes, size_t n, off_t offset) {
    begin();
    return fails_with(INTERRUPT, EINTR) ? -1 : real_pread(file, bytes, n, offset);
}

ssize_t write(int file, const void *bytes, size_t n) {
    begin();
    bool fails = file != STDERR_FILENO && fails_with(INTERRUPT, EINTR);
    return fails ? -1 : real_write(file, bytes, n);
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
