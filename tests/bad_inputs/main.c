/* bad_inputs COMMAND N [FIRST [FOLDER]]: gives it N bad inputs, and keeps those that broke a promise
 * in FOLDER. */
#include "tests/bad_inputs.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    if (argc < 3) return fputs("usage: bad_inputs COMMAND N [FIRST [FOLDER]]\n", stderr), 2;
    struct bad_inputs given = {.command = argv[1],
                               .n = strtoul(argv[2], NULL, 10),
                               .first = argc > 3 ? strtoul(argv[3], NULL, 10) : 0,
                               .keep = argc > 4 ? argv[4] : NULL};
    struct bad_inputs_seen seen = give_bad_inputs(&given);
    printf("bad inputs: %zu refused, %zu accepted, %zu broke a promise; at most %.1f s, %ld MB\n",
           seen.refused, seen.accepted, seen.broken, seen.seconds, seen.kilobytes / 1024);
    return seen.broken > 0;
}
