#include "engine/norm.h"

void normalize(const struct kernels *kernels, const struct config *config, const struct norm *norm,
               const float *x, size_t n_rows, float *y) {
    if (config->norm_kind == NORM_LAYER)
        kernels->layer_norm(x, n_rows, config->d_model, norm->gain, norm->shift,
                            config->norm_epsilon, y);
    else
        kernels->rms_norm(x, n_rows, config->d_model, norm->gain, config->norm_epsilon, y);
}
