/* The manual page: manual_page.roff, filled from the tables of commands and options. */
#ifndef MANUAL_H
#define MANUAL_H

#include <stdio.h>

void print_manual(FILE *out);

#endif
