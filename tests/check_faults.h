/* What the files of the faults suite share. */
#ifndef CHECK_FAULTS_H
#define CHECK_FAULTS_H

#include "tests/check_cli.h"

/* Files in a folder, those that are not in their place yet included. */
size_t count_files(const char *folder);
/* Its bytes and a NUL; NULL: there is none. */
char *read_whole_file(const char *path, size_t *n);

TCase *faults_kills_case(void);       /* check_faults_kills.c */
void add_machine_cases(Suite *suite); /* check_faults_machine.c */

#endif
