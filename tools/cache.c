/* tolka cache: the model files that were made of checkpoints given with -m. */
#define _POSIX_C_SOURCE 200809L
#include "models/convert/model_cache.h"
#include "tools/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct total {
    size_t n;
    double bytes;
    bool clear, quiet;
};

static void show_file(void *user, const char *name, uint64_t bytes, long long seconds) {
    struct total *total = user;
    time_t time = (time_t)seconds;
    struct tm date;
    char day[32] = "";
    total->n++;
    total->bytes += (double)bytes;
    if (total->clear) return;
    if (localtime_r(&time, &date)) strftime(day, sizeof day, "%Y-%m-%d %H:%M", &date);
    printf("%9.1f MB  %s  %s\n", (double)bytes / 1e6, day, name);
}

int run_cache(struct options *options) {
    struct total total = {.clear = options->clear};
    tolka_error err;
    if (options->n_arguments) return complain(EXIT_USAGE, "cache takes no arguments");
    char *directory = cache_directory(&err);
    if (!directory) return complain(EXIT_MODEL, "%s", err.text);
    int status = EXIT_DONE;
    if (cache_visit(options->clear, show_file, &total, &err) != TOLKA_OK)
        status = complain(EXIT_MODEL, "%s", err.text);
    else if (!options->quiet)
        printf("%s: %zu model file%s%s, %.1f MB\n", directory, total.n, total.n == 1 ? "" : "s",
               options->clear ? " removed" : "", total.bytes / 1e6);
    free(directory);
    return status;
}
