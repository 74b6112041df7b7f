/* Stands between the program and the kernel, also where libc calls it by itself (fread, fputs). */
#ifndef SYSTEM_CALLS_H
#define SYSTEM_CALLS_H

#include <stddef.h>

enum call_kind { CALL_READS, CALL_WRITES, CALL_NAMES, N_CALL_KINDS };

/* From now on each call that reads, writes, or opens, makes, renames, looks at, lists or syncs a file is
 * made known to `judge`: it may shorten how many bytes are wanted (for CALL_NAMES that is nothing),
 * or return the reason (of errno) why nothing is done. On machines other than x86-64, nothing
 * happens. */
void system_calls_judge(int (*judge)(enum call_kind kind, int file, size_t *n));

#endif
