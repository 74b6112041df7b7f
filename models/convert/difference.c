#include "models/convert/difference.h"

#include "models/checkpoint/detect.h"

#include <math.h>
#include <stdlib.h>

static bool same_shape(const struct source_tensor *a, const struct source_tensor *b) {
    if (a->rank != b->rank) return false;
    for (uint32_t d = 0; d < a->rank; d++)
        if (a->dims[d] != b->dims[d]) return false;
    return true;
}

struct sums {
    double max, squares, norm;
};

/* Rows of a vector or matrix; anything else is compared as far as it is one. */
static bool measure(const struct source_tensor *a, const struct source_tensor *b,
                    struct sums *sums) {
    uint64_t rows = a->rank == 2 ? a->dims[0] : 1;
    uint64_t columns = a->rank == 0 ? 1 : a->dims[a->rank - 1];
    float *x = malloc((columns + 1) * sizeof *x), *y = malloc((columns + 1) * sizeof *y);
    *sums = (struct sums){0};
    bool sound = x && y && a->rank <= 2 && a->type != SOURCE_OTHER && b->type != SOURCE_OTHER;
    for (uint64_t r = 0; sound && r < rows; r++) {
        source_read_row(a, r, false, x);
        source_read_row(b, r, false, y);
        for (uint64_t i = 0; i < columns; i++) {
            double d = fabs((double)x[i] - (double)y[i]);
            if (!(d <= sums->max)) sums->max = d;
            sums->squares += d * d;
            sums->norm += (double)x[i] * (double)x[i];
        }
    }
    free(x);
    free(y);
    return sound;
}

static struct difference compare(const struct source_tensor *a, const struct source_tensor *b) {
    struct sums sums;
    struct difference difference = {.name = a->name,
                                    .types = {a->type_name, b ? b->type_name : NULL}};
    if (!b) {
        difference.kind = DIFFERENCE_GONE;
    } else if (!same_shape(a, b)) {
        difference.kind = DIFFERENCE_SHAPE;
    } else if (!measure(a, b, &sums)) {
        difference.kind = DIFFERENCE_TYPE;
    } else if (sums.max != 0) {
        difference.kind = DIFFERENCE_VALUES;
        difference.max = sums.max;
        difference.relative = sums.norm > 0 ? sqrt(sums.squares / sums.norm) : INFINITY;
    }
    return difference;
}

tolka_status compare_files(const char *a, const char *b,
                           void (*visit)(void *user, const struct difference *difference),
                           void *user, tolka_error *err) {
    struct source first, second;
    tolka_status status = source_open(&first, a, err);
    if (status != TOLKA_OK) return status;
    status = source_open(&second, b, err);
    for (size_t i = 0; status == TOLKA_OK && i < first.n_tensors; i++) {
        const struct source_tensor *tensor = &first.tensors[i];
        struct difference difference = compare(tensor, source_find(&second, tensor->name));
        visit(user, &difference);
    }
    for (size_t i = 0; status == TOLKA_OK && i < second.n_tensors; i++) {
        const struct source_tensor *tensor = &second.tensors[i];
        const struct difference added = {
            DIFFERENCE_ADDED, tensor->name, {NULL, tensor->type_name}, 0, 0};
        if (!source_find(&first, tensor->name)) visit(user, &added);
    }
    source_close(&first);
    if (status == TOLKA_OK) source_close(&second);
    return status;
}
