/* Was it written? A full disk, a closed output and a reader who has gone away are no success. */
#ifndef WRITTEN_H
#define WRITTEN_H

#include <stdio.h>

/* Lets go what has been written; 0, or errno's reason why it cannot. A reader who has gone away ends
 * the program quietly, as SIGPIPE would. */
int flush_output(FILE *out);

/* At the end of a command: its exit status, or another one after a complaint if standard output has
 * not taken all that the command said. */
int finish_standard_output(int status);

/* Descriptors 0 to 2 that whoever started us has closed are taken, so that no file of ours is opened
 * there. They can neither be read nor written. */
void occupy_standard_descriptors(void);

#endif
