#include "levels.h"

const struct kernels *const level_neon_dot = NULL;
