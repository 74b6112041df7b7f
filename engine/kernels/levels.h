/* The table of each level, NULL where the compiler does not target its architecture. Only data:
 * no code built for an instruction set runs before kernels.c has seen that the machine has it. */
#ifndef LEVELS_H
#define LEVELS_H

#include "engine/kernels/kernels.h"

extern const struct kernels *const level_scalar;
extern const struct kernels *const level_avx2;
extern const struct kernels *const level_avxvnni; /* avx2, and VNNI of 256 bits */
extern const struct kernels *const level_avx512;  /* F, BW, DQ, VL, VNNI */
extern const struct kernels *const level_amx;     /* avx512, and tiles of int8 and bf16 */
extern const struct kernels *const level_neon;
extern const struct kernels *const level_neon_dot;  /* with the dot product instructions */
extern const struct kernels *const level_neon_i8mm; /* neon_dot, and products of int8 matrices */
extern const struct kernels *const level_neon_bf16; /* neon_i8mm, and products of bf16 matrices */

#endif
