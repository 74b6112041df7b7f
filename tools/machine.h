/* What this machine can do at best, measured with short runs on one core: how fast it reads memory
 * at each distance, and how fast the kernels multiply when nothing else is in the way. */
#ifndef MACHINE_H
#define MACHINE_H

#include <stddef.h>

/* One level of the memory: a working set that fits it, and how fast that is read again and again.
 */
struct read_rate {
    const char *level; /* "L1", "L2", "L3", "memory" */
    size_t bytes;      /* of the working set */
    double bytes_per_second;
};

enum { READ_LEVELS = 4, MULTIPLY_TYPES = 5 };

/* Products with a weight type: operations (a multiplication and an addition are two) a second. */
struct multiply_rate {
    const char *type; /* "int8", "q4", "bf16", "f16", "f32" */
    double operations_per_second;
};

struct machine_limits {
    char cpu[128];
    int cores; /* that this process may use */
    struct read_rate reads[READ_LEVELS];
    struct multiply_rate multiplies[MULTIPLY_TYPES];
};

double seconds_now(void);       /* monotonic */
double processor_seconds(void); /* that all threads of this process have used */

void machine_describe(struct machine_limits *limits); /* cpu, cores */
/* Measures reads, and multiplies with the kernels of an instruction set (NULL: the best); 0 where
 * there is no memory to measure with. */
void machine_measure(struct machine_limits *limits, const char *isa);

/* Greatest rate at which one core reads `bytes` bytes that it has read just before. */
double measure_reads(size_t bytes);
/* Limit for a weight type; 0 if it was not measured. */
double machine_multiplies(const struct machine_limits *limits, const char *type);

/* Greatest resident memory of this process so far; 0 if the system does not say. */
size_t peak_memory(void);

#endif
