/* Lines of a file or pipe, any bytes but newline in them, read ahead only as far as they are there:
 * somebody who types a line, or a program that waits for its answer, gets it at once. */
#ifndef LINES_H
#define LINES_H

#include <stdbool.h>
#include <stddef.h>

struct line {
    char *bytes; /* owned; one NUL behind */
    size_t length;
};

struct line_reader {
    int fd;
    bool ended;
    int reason; /* of errno, why it ended before its end; 0: it did not */
    char *buffer;
    size_t start, end, capacity;
    size_t searched; /* up to here there is no newline */
};

struct line_reader line_reader(int fd);
void line_reader_free(struct line_reader *reader);
/* Reads at least one line (waiting for it), then on until `most` lines are there or more would have
 * to be waited for. Returns how many; 0 at the end, or when
 * a signal has come (interrupt.h). The caller frees the bytes. */
size_t lines_read(struct line_reader *reader, struct line *lines, size_t most);

/* Is it text that can be read as such? */
bool line_is_utf8(const struct line *line);

#endif
