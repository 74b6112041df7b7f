#include "models/shown.h"

bool has_tensor(const struct checkpoint *checkpoint, const char *name) {
    uint32_t rank;
    const uint64_t *dims;
    return checkpoint->tensor(checkpoint->user, name, &rank, &dims);
}

uint64_t tensor_dim(const struct checkpoint *checkpoint, const char *name, uint32_t i) {
    uint32_t rank;
    const uint64_t *dims;
    if (!checkpoint->tensor(checkpoint->user, name, &rank, &dims) || i >= rank) return 0;
    return dims[i];
}
