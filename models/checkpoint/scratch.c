#define _XOPEN_SOURCE 700
#include "models/checkpoint/scratch.h"

#include "models/checkpoint/duties.h"

#include <errno.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct scratch {
    struct duty duty;
    char path[4096]; /* "": not there yet */
};

/* Links in it are removed, never followed. */
static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *where) {
    (void)info;
    (void)where;
    if (kind == FTW_DP)
        rmdir(path);
    else
        unlink(path);
    return 0;
}

/* An interrupted program may still be unpacking: again, until the directory itself is gone, in which
 * nothing can be made any more. */
static void remove_all(void *user) {
    enum { OPEN_DIRECTORIES = 16, TRIES = 1000 };
    const struct scratch *scratch = user;
    struct stat info;
    for (int i = 0; i < TRIES && *scratch->path && lstat(scratch->path, &info) == 0; i++)
        nftw(scratch->path, remove_entry, OPEN_DIRECTORIES, FTW_DEPTH | FTW_PHYS);
}

static bool make_directory(struct scratch *scratch) {
    const char *parent = getenv("TMPDIR");
    char path[sizeof scratch->path];
    int n = snprintf(path, sizeof path, "%s/tolka-XXXXXX", parent && *parent ? parent : "/tmp");
    if (n < 0 || (size_t)n >= sizeof path) {
        errno = ENAMETOOLONG;
        return false;
    }
    if (!mkdtemp(path)) return false;
    strcpy(scratch->path, path);
    return true;
}

tolka_status scratch_new(struct scratch **out, tolka_error *err) {
    struct scratch *scratch = calloc(1, sizeof *scratch);
    *out = NULL;
    if (!scratch) return fail(err, TOLKA_NOMEM, "out of memory");
    scratch->duty = (struct duty){.act = remove_all, .user = scratch};
    duty_add(&scratch->duty);
    duties_hold();
    bool made = make_directory(scratch);
    int reason = errno;
    duties_release();
    if (made) {
        *out = scratch;
        return TOLKA_OK;
    }
    scratch_free(scratch);
    return fail(err, TOLKA_IO, "no temporary directory can be made (TMPDIR says where): %s",
                strerror(reason));
}

const char *scratch_path(const struct scratch *scratch) {
    return scratch->path;
}

void scratch_free(struct scratch *scratch) {
    if (!scratch) return;
    remove_all(scratch); /* while an interruption would do the same */
    duty_remove(&scratch->duty);
    free(scratch);
}
