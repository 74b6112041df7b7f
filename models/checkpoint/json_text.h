/* JSON out of files that nobody vouches for. */
#ifndef JSON_TEXT_H
#define JSON_TEXT_H

#include <jansson.h>

/* json_loadb, for texts whose tree takes a bearable amount of memory: "{}," is three bytes in a file
 * and a hundred times as many in memory. A number that fits no integer type makes all of them reals:
 * Python writes 10^30 for "no limit". NULL: *problem says why. */
json_t *json_read(const char *text, size_t length, size_t flags, json_error_t *problem);

#endif
