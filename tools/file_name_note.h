/* A file's name where a text is expected. */
#ifndef FILE_NAME_NOTE_H
#define FILE_NAME_NOTE_H

#include "tools/options.h"

/* Says so if the text is nothing but the name of a file: its lines are not what is translated. */
void note_file_name(const struct options *options);

#endif
