/* JSON, changed value by value; text that is none is changed word by word. */
#ifndef JSON_CHANGE_H
#define JSON_CHANGE_H

#include "tests/fuzz/fuzz.h"

void change_json(struct chance *chance, struct blob *text);

#endif
