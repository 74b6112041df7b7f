#define _POSIX_C_SOURCE 200809L
#include "tools/progress.h"

#include "tools/machine.h"
#include "tools/terminal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- how much there is ----------------------------------------------------------------------- */

/* Lines from here to the end of a file, which is read for it. */
static unsigned long long count_lines(int fd, off_t at) {
    static const unsigned char newline = '\n';
    unsigned char bytes[1 << 16], last = newline;
    unsigned long long n = 0;
    for (ssize_t got; (got = pread(fd, bytes, sizeof bytes, at)) > 0; at += got) {
        for (ssize_t i = 0; i < got; i++) n += bytes[i] == newline;
        last = bytes[got - 1];
    }
    return n + (last != newline);
}

static void measure_input(struct progress *progress, int in) {
    enum { COUNTED = 1 << 26 }; /* bytes that are counted in less time than anybody notices */
    struct stat info;
    off_t at = lseek(in, 0, SEEK_CUR);
    if (at < 0 || fstat(in, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size <= at) return;
    progress->total_bytes = (unsigned long long)(info.st_size - at);
    if (progress->total_bytes <= COUNTED) progress->total_lines = count_lines(in, at);
}

struct progress progress_begin(int in, bool shown) {
    struct progress progress = {.began = seconds_now(), .shown = shown};
    if (shown) measure_input(&progress, in);
    return progress;
}

void progress_count(struct progress *progress, unsigned long long bytes) {
    progress->lines++;
    progress->bytes += bytes;
}

/* ---- what is said ---------------------------------------------------------------------------- */

struct said {
    char text[256];
    size_t n, room;
};

/* Says something, if there is room for all of it. */
__attribute__((format(printf, 2, 3))) static void say(struct said *said, const char *format, ...) {
    char part[128];
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(part, sizeof part, format, arguments);
    va_end(arguments);
    if (n < 0 || (size_t)n >= sizeof part || said->n + (size_t)n > said->room) return;
    memcpy(said->text + said->n, part, (size_t)n + 1);
    said->n += (size_t)n;
}

static void say_time(struct said *said, double seconds, const char *what) {
    unsigned long long s = (unsigned long long)(seconds + 0.5);
    if (s < 60)
        say(said, "%llu s%s", s, what);
    else if (s < 3600)
        say(said, "%llu:%02llu min%s", s / 60, s % 60, what);
    else
        say(said, "%llu:%02llu h%s", s / 3600, s / 60 % 60, what);
}

static void say_rates(struct said *said, const tolka_translator *translator, double elapsed) {
    tolka_stats stats;
    tolka_translator_stats(translator, &stats);
    if (elapsed <= 0) return;
    say(said, "%.0f sentences/s", (double)stats.sentences / elapsed);
    say(said, ", %.0f tokens/s", (double)stats.target_tokens / elapsed);
}

static void say_share(struct said *said, const struct progress *progress, double elapsed) {
    double share = (double)progress->bytes / (double)progress->total_bytes;
    if (share <= 0 || share > 1) return;
    if (!progress->total_lines) say(said, " (%.0f%%)", 100 * share);
    say_time(said, elapsed * (1 - share) / share, " left, ");
}

/* ---- the line -------------------------------------------------------------------------------- */

void progress_clear(struct progress *progress) {
    if (progress->on_line) fprintf(stderr, "\r%*s\r", progress->columns_used, "");
    progress->on_line = false;
}

static struct said new_line(void) {
    struct said said = {.room = terminal_columns(STDERR_FILENO) - 1};
    if (said.room >= sizeof said.text) said.room = sizeof said.text - 1;
    return said;
}

void progress_show(struct progress *progress, const tolka_translator *translator) {
    double now = seconds_now(), elapsed = now - progress->began;
    if (!progress->shown || terminal_is_dumb() || now - progress->shown_at < 0.2) return;
    progress->shown_at = now;
    struct said said = new_line();
    say(&said, "%llu", progress->lines);
    if (progress->total_lines) say(&said, " of %llu", progress->total_lines);
    say(&said, " lines");
    say(&said, ", ");
    if (progress->total_bytes) say_share(&said, progress, elapsed);
    say_rates(&said, translator, elapsed);
    progress_clear(progress);
    fputs(said.text, stderr);
    progress->columns_used = (int)said.n;
    progress->on_line = true;
}

void progress_end(struct progress *progress, const tolka_translator *translator) {
    if (!progress->shown || progress->lines == 0) return;
    struct said said = {.room = sizeof said.text - 1};
    double elapsed = seconds_now() - progress->began;
    say(&said, "%llu line%s in ", progress->lines, progress->lines == 1 ? "" : "s");
    say_time(&said, elapsed, ": ");
    say_rates(&said, translator, elapsed);
    progress_clear(progress);
    fprintf(stderr, "%s\n", said.text);
}
