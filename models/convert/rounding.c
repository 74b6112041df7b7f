#include "models/convert/rounding.h"

#include <string.h>

/* The step between neighbours of an int8 row: its scale. A matrix that is stored the other way
 * round has one scale, or several for each of our rows: then the greatest will do. */
static double step_of(const struct role_source *source, uint64_t r) {
    const struct source_tensor *tensor = source->tensor;
    if (!tensor->scale) return 1;
    uint64_t row = source->first + r;
    bool by_row = source->panels || (!source->transposed && tensor->n_scales == tensor->dims[0]);
    if (by_row && row < tensor->n_scales) return (double)tensor->scale[row];
    double greatest = 0;
    for (size_t i = 0; i < tensor->n_scales; i++)
        if ((double)tensor->scale[i] > greatest) greatest = (double)tensor->scale[i];
    return greatest;
}

/* Blocks of n bits, as their names have it ("Q4_K", "IQ4_NL", "TQ2_0"), are steps of 2^(1 - n) of
 * what is largest in them, and those of small floats ("MXFP4") twice as wide at their ends. Half a
 * step is what rounding takes; scales that are rounded themselves, and steps that are missing at
 * one end, take the rest. */
static double block_step(const struct source_tensor *tensor, double largest) {
    const char *digit = strpbrk(tensor->type_name, "12345678");
    int bits = digit ? *digit - '0' : 8;
    if (strstr(tensor->type_name, "FP")) bits--;
    return largest / (1 << (bits - 1));
}

struct rounding rounding_of(const struct role_source *source, uint64_t r, double largest) {
    const struct source_tensor *tensor = source->tensor;
    switch (tensor->type) {
    case SOURCE_F32:
        return (struct rounding){0x1p-24, 0x1p-150};
    case SOURCE_F16:
        return (struct rounding){0x1p-11, 0x1p-25};
    case SOURCE_BF16:
        return (struct rounding){0x1p-8, 0x1p-134};
    case SOURCE_I8:
    case SOURCE_I16:
        /* The products of whole numbers and scales are rounded as well. */
        return (struct rounding){0x1p-22, 0.5 * step_of(source, r)};
    case SOURCE_Q8_0:
    case SOURCE_BLOCKS:
        return (struct rounding){0, block_step(tensor, largest)};
    default:
        return (struct rounding){0, 0};
    }
}
