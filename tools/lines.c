#define _POSIX_C_SOURCE 200809L
#include "tools/lines.h"

#include "tools/interrupt.h"

#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { READ_SIZE = 1 << 16 };

struct line_reader line_reader(int fd) {
    return (struct line_reader){.fd = fd};
}

void line_reader_free(struct line_reader *reader) {
    free(reader->buffer);
    reader->buffer = NULL;
}

static bool has_more(const struct line_reader *reader) {
    struct pollfd poll_fd = {.fd = reader->fd, .events = POLLIN};
    return poll(&poll_fd, 1, 0) > 0;
}

/* Waits for input; false if a signal comes instead. */
static bool wait_for_input(const struct line_reader *reader) {
    struct pollfd files[2] = {{.fd = reader->fd, .events = POLLIN},
                              {.fd = interrupt_fd(), .events = POLLIN}};
    while (!interrupted() && poll(files, 2, -1) < 0 && errno == EINTR) {
    }
    return !interrupted();
}

static void give_up(struct line_reader *reader) {
    reader->ended = true;
    reader->reason = errno;
}

static void fill(struct line_reader *reader) {
    if (reader->start > 0) {
        memmove(reader->buffer, reader->buffer + reader->start, reader->end - reader->start);
        reader->end -= reader->start;
        reader->searched -= reader->start;
        reader->start = 0;
    }
    if (reader->capacity - reader->end < READ_SIZE) {
        size_t capacity = reader->capacity * 2 + READ_SIZE;
        char *grown = realloc(reader->buffer, capacity);
        if (!grown) {
            give_up(reader);
            return;
        }
        reader->buffer = grown;
        reader->capacity = capacity;
    }
    if (!wait_for_input(reader)) {
        reader->ended = true;
        return;
    }
    ssize_t n;
    do {
        n = read(reader->fd, reader->buffer + reader->end, reader->capacity - reader->end);
    } while (n < 0 && errno == EINTR);
    if (n < 0) give_up(reader);
    if (n == 0) reader->ended = true;
    if (n > 0) reader->end += (size_t)n;
}

static bool take(struct line_reader *reader, struct line *line, size_t length, size_t skip) {
    line->bytes = malloc(length + 1);
    if (!line->bytes) {
        give_up(reader);
        return false;
    }
    memcpy(line->bytes, reader->buffer + reader->start, length);
    line->bytes[length] = 0;
    line->length = length;
    reader->start += length + skip;
    return true;
}

/* A whole line that has been read already (or, at the end, the rest). */
static bool next_buffered(struct line_reader *reader, struct line *line) {
    size_t left = reader->end - reader->start;
    if (reader->searched < reader->start) reader->searched = reader->start;
    if (left == 0) return false;
    const char *newline =
        memchr(reader->buffer + reader->searched, '\n', reader->end - reader->searched);
    if (newline) return take(reader, line, (size_t)(newline - reader->buffer) - reader->start, 1);
    reader->searched = reader->end;
    return reader->ended && !interrupted() && take(reader, line, left, 0);
}

bool line_is_utf8(const struct line *line) {
    json_t *string = json_stringn(line->bytes, line->length);
    json_decref(string);
    return string != NULL;
}

size_t lines_read(struct line_reader *reader, struct line *lines, size_t most) {
    size_t n = 0;
    while (n < most) {
        if (next_buffered(reader, &lines[n])) {
            n++;
        } else {
            if (reader->ended || (n > 0 && !has_more(reader))) break;
            fill(reader);
        }
    }
    return n;
}
