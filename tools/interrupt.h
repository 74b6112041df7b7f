/* Ctrl-C and SIGTERM end what is under way, not the program at once: finished lines are written
 * first, and a prompt goes on. A second one ends it. */
#ifndef INTERRUPT_H
#define INTERRUPT_H

#include "engine/tolka.h"

#include <stdbool.h>

/* From now on they stop the translator (NULL: only say so in interrupted()). Ignored ones stay
 * ignored. Forgets those before. */
void interrupt_catch(tolka_translator *translator);
/* Another translator than before. */
void interrupt_stops(tolka_translator *translator);
/* The signal that has come; 0: none. */
int interrupted(void);
/* Was it Ctrl-C? */
bool interrupted_by_user(void);
/* Readable once a signal has come: somebody who waits for input can wait for it, too. -1: there is
 * no such file. */
int interrupt_fd(void);
/* They do again what they did before. */
void interrupt_release(void);
/* Ends the program as the signal would have, if one has come and was not forgotten. */
void interrupt_die(void);

#endif
