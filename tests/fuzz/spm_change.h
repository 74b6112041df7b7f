/* Protocol buffers, changed field by field at any depth: numbers of odd widths, wrong wire types,
 * lengths that lie. */
#ifndef SPM_CHANGE_H
#define SPM_CHANGE_H

#include "tests/fuzz/fuzz.h"

void change_spm(struct chance *chance, struct blob *message);

#endif
