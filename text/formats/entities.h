/* Characters that HTML spells by name or number. */
#ifndef ENTITIES_H
#define ENTITIES_H

#include <stddef.h>

/* Reads the entity that begins at bytes[0] ("&eacute;", "&#233;", "&#xe9;"): returns its length and
 * its character in UTF-8, a string. 0: it is none, or one that no letter or sign of prose is, which
 * stays as it is ("&nbsp;"). */
size_t entity_read(const char *bytes, size_t n, char spelled[5]);

#endif
