/* What the terminal can show, and whether there is one. */
#ifndef TERMINAL_H
#define TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

enum colours { NO_COLOURS, COLOURS_256, TRUE_COLOURS };

/* Colours for a file: none but on a terminal that has them, and with NO_COLOR. */
enum colours terminal_colours(int fd);
/* Its columns: COLUMNS, what the terminal says, or 80. */
size_t terminal_columns(int fd);
/* Can it do no more than print? */
bool terminal_is_dumb(void);

#endif
