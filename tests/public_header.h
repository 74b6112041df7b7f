/* The public header seen by other compilers than ours. */
#ifndef PUBLIC_HEADER_H
#define PUBLIC_HEADER_H

#ifdef __cplusplus
extern "C" {
#endif

/* 1 if the model at `path` opens and translates. */
int header_in_c(const char *path);
int header_in_cpp(const char *path);

#ifdef __cplusplus
}
#endif
#endif
