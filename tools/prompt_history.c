#define _XOPEN_SOURCE 700
#include "tools/prompt_history.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_TEXTS = 1000, LONGEST_TEXT = 1 << 12, LARGEST_FILE = 1 << 24, ROOM = 4096 };

/* ---- the file -------------------------------------------------------------------------------- */

/* Makes the folders of a path from its first `from` bytes on. */
static void make_folders(char *path, size_t from) {
    for (char *slash = path + from; (slash = strchr(slash, '/')); slash++) {
        *slash = 0;
        if (*path) mkdir(path, 0700);
        *slash = '/';
    }
}

/* False: there is no home. Relative paths are none, by the XDG specification. */
static bool history_path(char path[ROOM]) {
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    int n;
    if (state && *state == '/')
        n = snprintf(path, ROOM, "%s/tolka/history", state);
    else if (home && *home == '/')
        n = snprintf(path, ROOM, "%s/.local/state/tolka/history", home);
    else
        return false;
    return n > 0 && n < ROOM - 32;
}

/* Is it a history, empty, or not there? Anything else is somebody's, and left alone. */
static bool is_ours(const char *path) {
    static const char cookie[] = "_HiStOrY_V2_\n";
    char begin[sizeof cookie] = "";
    struct stat info;
    if (stat(path, &info) != 0) return true;
    if (!S_ISREG(info.st_mode) || info.st_size > LARGEST_FILE) return false;
    FILE *file = fopen(path, "r");
    if (!file) return false;
    size_t n = fread(begin, 1, sizeof cookie - 1, file);
    fclose(file);
    return n == 0 || strcmp(begin, cookie) == 0;
}

static History *load(const char *path) {
    HistEvent event;
    History *list = history_init();
    if (!list) return NULL;
    history(list, &event, H_SETSIZE, MOST_TEXTS);
    history(list, &event, H_SETUNIQUE, 1);
    if (path && is_ours(path)) history(list, &event, H_LOAD, path);
    return list;
}

/* Beside the file, then in its place: it is whole at any time. */
static void save(History *list, const char *path) {
    char real[ROOM], partial[ROOM + 32];
    HistEvent event;
    if (!realpath(path, real)) snprintf(real, sizeof real, "%s", path);
    snprintf(partial, sizeof partial, "%s.%ld", real, (long)getpid());
    int fd = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    if (fd < 0) return;
    bool ok = file && history(list, &event, H_SAVE_FP, file) >= 0 && !ferror(file);
    if ((file ? fclose(file) : close(fd)) != 0 || !ok || rename(partial, real) != 0)
        unlink(partial);
}

/* ---- texts ----------------------------------------------------------------------------------- */

struct prompt_history history_read(void) {
    char path[ROOM];
    return (struct prompt_history){load(history_path(path) ? path : NULL), 0};
}

void history_add(struct prompt_history *kept, const char *text) {
    HistEvent event;
    if (!kept->list || strlen(text) > LONGEST_TEXT) return;
    if (history(kept->list, &event, H_ENTER, text) >= 0 && kept->n_new < MOST_TEXTS) kept->n_new++;
}

/* Texts are numbered from the newest. */
static void add_new_texts(const struct prompt_history *kept, History *list) {
    const char *texts[MOST_TEXTS];
    HistEvent event, entered;
    int n = 0;
    for (int found = history(kept->list, &event, H_FIRST); found >= 0 && n < kept->n_new;
         found = history(kept->list, &event, H_NEXT))
        texts[n++] = event.str;
    while (n > 0) history(list, &entered, H_ENTER, texts[--n]);
}

void history_write(struct prompt_history *kept) {
    char path[ROOM];
    if (kept->list && kept->n_new > 0 && history_path(path) && is_ours(path)) {
        make_folders(path, 1);
        History *list = load(path);
        if (list) {
            add_new_texts(kept, list);
            save(list, path);
            history_end(list);
        }
    }
    if (kept->list) history_end(kept->list);
    kept->list = NULL;
}
