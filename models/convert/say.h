/* What is worth saying about a checkpoint goes to whoever asked for the import. */
#ifndef SAY_H
#define SAY_H

#include "models/convert/import.h"

/* `import` is a struct import; the type is that of struct checkpoint's warn. */
void import_warn(const void *import, const char *format, ...) __attribute__((format(printf, 2, 3)));
void import_note(const void *import, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
