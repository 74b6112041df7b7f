/* The forms in which tolka attention writes what a model looked at. */
#ifndef ATTENTION_SHOW_H
#define ATTENTION_SHOW_H

#include "tools/attention_data.h"
#include "tools/terminal.h"

#include <stdio.h>

void show_attention_html(FILE *out, const struct looked *looked);
void show_attention_svg(FILE *out, const struct looked *looked);
void show_attention_json(FILE *out, const struct looked *looked);

void show_attention_text(FILE *out, const struct looked *looked, enum colours colours,
                         size_t columns);

#endif
