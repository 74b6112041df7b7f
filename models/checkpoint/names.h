/* Names of files and of tensors. */
#ifndef NAMES_H
#define NAMES_H

#include <stdbool.h>
#include <stddef.h>

bool ends_with(const char *name, const char *end);

/* Of a path: what stands behind its last slash, and the length of what stands before that, slash
 * included. */
const char *file_name(const char *path);
size_t directory_length(const char *path);

/* Is it a path that, written into a checkpoint by whoever made it, can only mean a file below the
 * checkpoint's directory? Not absolute, without "..". */
bool is_inner_path(const char *name);

/* Does a file of the directory ("": the current one) turn out to be elsewhere, by a symbolic link?
 * The blobs of a Hugging Face cache, to which its snapshots are links, belong to the directory. */
bool leads_out(const char *directory, const char *path);

/* Is there a file, or something that keeps us from seeing it? A disk that fails is found out when it
 * is opened: what may be absent is not taken for absent then. */
bool is_or_may_be(const char *path);

/* May a tensor be called so? */
bool is_tensor_name(const char *name, size_t length);

#endif
