/* Settings that nobody asked for: a key that tolka passes over may be one that changes what the
 * model computes. */
#ifndef UNREAD_H
#define UNREAD_H

#include "models/convert/import.h"

/* Warns of the keys of config.json and generation_config.json that nothing has read, in one line
 * for each file. Keys that cannot change a translation are not worth a word. */
void warn_of_unread(const struct import *import);

#endif
