/* Of the library that runs: a program may have been compiled with the header of another one. */
#include "engine/tolka.h"

const char *tolka_version(void) {
    return TOLKA_VERSION;
}
