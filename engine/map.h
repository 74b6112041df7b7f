/* A file mapped read-only. */
#ifndef MAP_H
#define MAP_H

#include "engine/error.h"

struct map {
    const uint8_t *bytes; /* NULL if the file is empty */
    size_t n_bytes;
};

tolka_status map_open(struct map *map, const char *path, tolka_error *err);
void map_close(struct map *map);
/* Tells the system that these bytes are not needed again soon (they stay readable). */
void map_release(const void *bytes, size_t n_bytes);

#endif
