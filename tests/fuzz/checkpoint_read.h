/* What every checkpoint goes through, whatever its container. */
#ifndef CHECKPOINT_READ_H
#define CHECKPOINT_READ_H

#include <stddef.h>
#include <stdint.h>

/* Opens the bytes as the weights of a small model, whose settings and vocabularies stand beside them,
 * reads all numbers, describes or compares and converts them: what is refused has one line that says
 * why, and what was converted opens as a model. */
void read_checkpoint(const uint8_t *bytes, size_t n, const char *name);
/* Where such weights lie, the rest beside them. The caller frees it. */
char *checkpoint_place(const char *name);
/* The last of what read_checkpoint does, with a directory or file that is there. */
void convert_checkpoint(const char *path, size_t choice);

#endif
