/* Archives of any kind, unpacked, changed and packed again, perhaps as another kind. */
#ifndef ARCHIVE_CHANGE_H
#define ARCHIVE_CHANGE_H

#include "tests/fuzz/fuzz.h"

void change_archive(struct chance *chance, struct blob *file);

#endif
