#include "tools/arguments.h"

#include <stdlib.h>

bool hold_texts(struct held_texts *held, int argc, char **argv, int first,
                bool (*is_text)(void *user, const char *argument), void *user) {
    size_t n = (size_t)argc + 1;
    *held = (struct held_texts){calloc(n, 1), calloc(n, sizeof *held->texts)};
    if (!held->places || !held->texts) {
        free(held->places);
        free(held->texts);
        return false;
    }
    for (int i = first; i < argc; i++) {
        if (!is_text(user, argv[i])) continue;
        held->texts[i] = argv[i];
        argv[i] = held->places + i;
    }
    return true;
}

char *held_text(const struct held_texts *held, char *argument, int argc) {
    for (int i = 0; i < argc; i++)
        if (argument == held->places + i) return held->texts[i];
    return argument;
}

void release_texts(struct held_texts *held, int argc, char **argv) {
    for (int i = 0; i < argc; i++) argv[i] = held_text(held, argv[i], argc);
    free(held->places);
    free(held->texts);
}
