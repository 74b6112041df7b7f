#include "engine/log.h"

#include "engine/error.h"

#include <stdarg.h>
#include <stdio.h>

void log_init(struct log *log, tolka_log line, void *user) {
    log->line = line;
    log->user = user;
    pthread_mutex_init(&log->mutex, NULL);
}

void log_end(struct log *log) {
    pthread_mutex_destroy(&log->mutex);
}

void log_say(struct log *log, tolka_log_level level, const char *format, ...) {
    char line[500];
    va_list arguments;
    if (!log || !log->line) return;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    make_printable(line);
    pthread_mutex_lock(&log->mutex);
    log->line(log->user, level, line);
    pthread_mutex_unlock(&log->mutex);
}
