/* Pages that the Makefile puts into the program: text with places such as {{version}}. */
#ifndef EMBEDDED_PAGE_H
#define EMBEDDED_PAGE_H

#include <stdio.h>

/* Copies a page, which ends with a NUL; put(out, place, user) writes what a place stands for. */
void print_page(FILE *out, const unsigned char *page,
                void (*put)(FILE *out, const char *place, const void *user), const void *user);

#endif
