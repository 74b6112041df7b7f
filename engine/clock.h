/* Time that passes. */
#ifndef CLOCK_H
#define CLOCK_H

double seconds(void); /* from some moment on; never goes back */

#endif
