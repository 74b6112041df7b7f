/* Model files and checkpoints are mapped: what is read of one that has been cut short meanwhile is
 * not there, and the system says so with SIGBUS. */
#ifndef CUT_FILE_H
#define CUT_FILE_H

/* From here on the program then says which file it was, does its duties, and ends with EXIT_MODEL.
 * Without it, the signal would end it with nothing said and temporary files left. */
void expect_cut_files(void);

#endif
