/* Inputs that begin with a line that says what the rest is: the name of a file, a format. */
#ifndef NAMED_TEXT_H
#define NAMED_TEXT_H

#include "tests/fuzz/fuzz.h"

struct named_text {
    char name[64];
    const uint8_t *bytes;
    size_t n;
};

/* False: there is no such line. */
bool named_text(struct named_text *text, const uint8_t *bytes, size_t n);
/* Changes what follows the line, as `change` does it. */
void change_named(struct chance *chance, struct blob *input,
                  void (*change)(struct chance *chance, const char *name, struct blob *text));

#endif
