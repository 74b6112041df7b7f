#include "tests/lengths_scene.h"

void scene_open(struct scene *scene) {
    scene->fixture = fixture_open("marian", DTYPE_F32);
    for (int i = 0; i < LONGEST; i++) scene->ids[i] = 20 + i * 7;
    scene->ids[LONGEST - 1] = 0;
    for (size_t i = 0; i < N_INPUTS; i++) {
        size_t n = 1 + i * (LONGEST - 1) / (N_INPUTS - 1);
        scene->inputs[i] = (tolka_input)TOLKA_INPUT_INIT;
        scene->inputs[i].ids = scene->ids + LONGEST - n;
        scene->inputs[i].n_ids = n;
    }
}
