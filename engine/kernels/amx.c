#include "levels.h"

const struct kernels *const level_amx = NULL;
