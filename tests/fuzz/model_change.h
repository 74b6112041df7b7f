/* Model files with one setting changed and all tensors made anew, of the sizes that the settings then
 * ask for: what a change of single bytes never comes to. */
#ifndef MODEL_CHANGE_H
#define MODEL_CHANGE_H

#include "tests/fuzz/fuzz.h"

void change_model(struct chance *chance, struct blob *file);

#endif
