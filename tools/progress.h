/* How far a file's translation is: a line on standard error that is written over, and a last one
 * that stays. */
#ifndef PROGRESS_H
#define PROGRESS_H

#include "engine/tolka.h"

#include <stdbool.h>

struct progress {
    bool shown;   /* somebody looks, and nothing else is written there */
    bool on_line; /* the cursor stands behind an unfinished line */
    double began, shown_at;
    unsigned long long lines, bytes;             /* done */
    unsigned long long total_lines, total_bytes; /* 0: not known */
    int columns_used;
};

/* Begins to measure; `in` is what is read. */
struct progress progress_begin(int in, bool shown);
/* A line of so many bytes is done. */
void progress_count(struct progress *progress, unsigned long long bytes);
/* Shows it, unless it was shown a moment ago. */
void progress_show(struct progress *progress, const tolka_translator *translator);
/* Makes room for something else to be said. */
void progress_clear(struct progress *progress);
/* Says what it came to. */
void progress_end(struct progress *progress, const tolka_translator *translator);

#endif
