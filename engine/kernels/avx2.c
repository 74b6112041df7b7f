#include "levels.h"

const struct kernels *const level_avx2 = NULL;
