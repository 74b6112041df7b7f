/* Who calls: of the many times that something is done, those that differ. */
#ifndef CALL_STACKS_H
#define CALL_STACKS_H

#include <stdbool.h>

/* Is this thread at it just now? What it does for that does not count. */
bool call_stack_in_sight(void);
/* The number-th time: keeps the number if a call stack led here for the first time, or for the fourth,
 * the sixteenth and so on. */
void call_stack_note(long number);
/* Does this thread's stack lead through a library whose name has one of these words in it, which stand
 * between colons? */
bool call_stack_passes(const char *words);
/* Writes the numbers that were kept, one a line. */
void call_stacks_write(void (*put)(const void *bytes, int n));

#endif
