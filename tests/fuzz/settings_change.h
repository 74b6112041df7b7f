/* Changes files of settings and vocabularies, which are JSON, YAML or lists of words. */
#ifndef SETTINGS_CHANGE_H
#define SETTINGS_CHANGE_H

#include "tests/fuzz/fuzz.h"

/* The input begins with the file's name. */
void change_settings(struct chance *chance, struct blob *input);

#endif
