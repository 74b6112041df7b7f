/* Zip archives, unpacked, changed and packed again, so that sums and directories are right. */
#ifndef ZIP_CHANGE_H
#define ZIP_CHANGE_H

#include "tests/fuzz/fuzz.h"

/* `change` is for the contents of an entry, whose name it is given. */
void change_zip(struct chance *chance, struct blob *file,
                void (*change)(struct chance *chance, const char *name, struct blob *contents));

#endif
