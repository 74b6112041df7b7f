/* What a translator says of its work (tolka_log). */
#ifndef LOG_H
#define LOG_H

#include "engine/tolka.h"

#include <pthread.h>

struct log {
    tolka_log line; /* NULL: nobody listens */
    void *user;
    pthread_mutex_t mutex; /* one line at a time */
};

void log_init(struct log *log, tolka_log line, void *user);
void log_end(struct log *log);
/* Says a line, if anybody listens; `log` may be NULL. */
void log_say(struct log *log, tolka_log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
