#include "levels.h"

const struct kernels *const level_avx512 = NULL;
