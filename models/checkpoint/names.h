/* Names of files and of tensors. */
#ifndef NAMES_H
#define NAMES_H

#include <stdbool.h>
#include <stddef.h>

bool ends_with(const char *name, const char *end);

/* May a tensor be called so? */
bool is_tensor_name(const char *name, size_t length);

#endif
