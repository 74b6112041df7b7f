/* Norms of rows of d_model values. */
#ifndef NORM_H
#define NORM_H

#include "engine/model.h"

/* y[n_rows][d_model] = Norm(x[n_rows][d_model]), a row at a time; y may be x. config.norm_kind says
 * which:
 *
 *     LayerNorm(x) = (x - mean(x)) / sqrt(variance(x) + epsilon) * gain + shift   (Ba et al. 2016)
 *     RMSNorm(x)   = x / sqrt(mean(x^2) + epsilon) * gain        (Zhang and Sennrich 2019; T5) */
void normalize(const struct kernels *kernels, const struct config *config, const struct norm *norm,
               const float *x, size_t n_rows, float *y);

#endif
