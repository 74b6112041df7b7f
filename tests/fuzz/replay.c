/* Gives files to a target once each, without a fuzzer: replay TARGET FILE... */
#include "tests/fuzz/fuzz.h"

#include "engine/map.h"

#include <stdio.h>

int main(int argc, char **argv) {
    const struct fuzz_target *target = argc > 1 ? fuzz_target_named(argv[1]) : NULL;
    if (!target) {
        fputs("usage: replay TARGET FILE...\ntargets:", stderr);
        for (size_t i = 0; fuzz_targets[i]; i++) fprintf(stderr, " %s", fuzz_targets[i]->name);
        return fputc('\n', stderr), 2;
    }
    for (int i = 2; i < argc; i++) {
        struct map map;
        tolka_error err;
        if (map_open(&map, argv[i], &err) != TOLKA_OK) return fprintf(stderr, "%s\n", err.text), 2;
        fprintf(stderr, "%s\n", argv[i]);
        target->run(map.bytes, map.n_bytes);
        map_close(&map);
    }
    return 0;
}
