/* Two checkpoints side by side. Where tolka knows the families of both, tensors belong together
 * that play the same role, whatever they are called, however they lie and whatever they are stored
 * in; what plays no role, and everything otherwise, is matched by name. */
#include "models/convert/difference.h"

#include "models/checkpoint/detect.h"
#include "models/convert/rounding.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct side {
    struct import import; /* if imported */
    struct source alone;  /* if not */
    bool imported;
    const struct source *source;
    struct role *roles;
    size_t n_roles;
    bool *used; /* of each tensor of the source */
};

/* ---- what is compared: rows of floats -------------------------------------------------------- */

struct operand {
    struct role role;
    struct role_source from;
};

static uint64_t row_count(const struct operand *operand) {
    return operand->role.kind == ROLE_VECTOR ? 1 : operand->role.n_out;
}

static uint64_t row_length(const struct operand *operand) {
    return operand->role.kind == ROLE_VECTOR ? operand->role.n_out : operand->role.n_in;
}

/* A tensor that plays no role: all dimensions but the last count as rows. */
static struct operand operand_of(const struct source_tensor *tensor) {
    uint64_t n = source_elements(tensor);
    uint64_t columns = tensor->rank == 0 ? 1 : tensor->dims[tensor->rank - 1];
    struct operand operand = {.from = {.tensor = tensor}};
    operand.role.kind = tensor->rank < 2 ? ROLE_VECTOR : ROLE_MATRIX;
    operand.role.n_out = tensor->rank < 2 ? n : columns ? n / columns : 0;
    operand.role.n_in = tensor->rank < 2 ? 1 : columns;
    return operand;
}

/* Packed panels can be read only by those who know the shape of what is packed. */
static bool is_readable(const struct operand *operand) {
    const struct source_tensor *tensor = operand->from.tensor;
    bool unknown_scales = tensor->scale && tensor->n_scales != 1 && !operand->from.panels &&
                          (tensor->rank == 0 || tensor->n_scales != tensor->dims[0]);
    return tensor->type != SOURCE_OTHER && !unknown_scales;
}

struct sums {
    double max, squares, norm;
    bool beyond_rounding;
};

static double largest_of(const float *x, uint64_t n) {
    double largest = 0;
    for (uint64_t i = 0; i < n; i++)
        if (fabs((double)x[i]) > largest) largest = fabs((double)x[i]);
    return largest;
}

/* The same type has the same steps: there is nothing to round between two of them. */
static struct rounding allowed(const struct operand *a, const struct operand *b, uint64_t r,
                               double largest) {
    if (a->from.tensor->type == b->from.tensor->type &&
        a->from.tensor->ggml_type == b->from.tensor->ggml_type)
        return (struct rounding){0, 0};
    struct rounding of_a = rounding_of(&a->from, r, largest);
    struct rounding of_b = rounding_of(&b->from, r, largest);
    return (struct rounding){of_a.relative + of_b.relative, of_a.absolute + of_b.absolute};
}

/* Infinities of one sign are the same, and so is no number on both sides. */
static double distance(double x, double y) {
    if (x == y || (isnan(x) && isnan(y))) return 0;
    return fabs(x - y);
}

static void add_row(struct sums *sums, const float *x, const float *y, uint64_t n,
                    struct rounding rounding) {
    for (uint64_t i = 0; i < n; i++) {
        double d = distance((double)x[i], (double)y[i]);
        double magnitude = fmax(fabs((double)x[i]), fabs((double)y[i]));
        if (d > sums->max || isnan(d)) sums->max = d;
        if (d != 0 && !(d <= rounding.relative * magnitude + rounding.absolute))
            sums->beyond_rounding = true;
        sums->squares += d * d;
        sums->norm += (double)x[i] * (double)x[i];
    }
}

static tolka_status measure(const struct operand *a, const struct operand *b, struct sums *sums,
                            tolka_error *err) {
    uint64_t n = row_length(a);
    float *x = malloc((n + 1) * sizeof *x), *y = malloc((n + 1) * sizeof *y);
    tolka_status status = x && y ? TOLKA_OK : fail(err, TOLKA_NOMEM, "out of memory");
    *sums = (struct sums){0};
    for (uint64_t r = 0; status == TOLKA_OK && r < row_count(a); r++) {
        status = import_read(&a->from, &a->role, r, x, err);
        if (status == TOLKA_OK) status = import_read(&b->from, &b->role, r, y, err);
        if (status != TOLKA_OK) break;
        double largest = fmax(largest_of(x, n), largest_of(y, n));
        add_row(sums, x, y, n, allowed(a, b, r, largest));
    }
    free(x);
    free(y);
    return status;
}

/* ---- a pair ---------------------------------------------------------------------------------- */

static struct compared shown(const struct operand *operand, bool as_stored) {
    const struct source_tensor *tensor = operand->from.tensor;
    struct compared compared = {.name = tensor->name, .type = tensor->type_name};
    if (as_stored) {
        compared.rank = tensor->rank;
        memcpy(compared.dims, tensor->dims, sizeof compared.dims);
        return compared;
    }
    compared.rank = operand->role.kind == ROLE_VECTOR ? 1 : 2;
    compared.dims[0] = operand->role.n_out;
    compared.dims[1] = operand->role.n_in;
    return compared;
}

static bool same_shape(const struct compared *a, const struct compared *b) {
    return a->rank == b->rank && memcmp(a->dims, b->dims, a->rank * sizeof *a->dims) == 0;
}

static tolka_status visit_pair(const struct comparison *comparison, const char *role,
                               const struct operand *a, const struct operand *b, tolka_error *err) {
    struct difference difference = {.sides = {shown(a, !role), shown(b, !role)}};
    const struct compared *sides = difference.sides;
    struct sums sums;
    difference.name = strcmp(sides[0].name, sides[1].name) == 0 ? sides[0].name : role;
    if (!same_shape(&sides[0], &sides[1])) {
        difference.kind = DIFFERENCE_SHAPE;
    } else if (!is_readable(a) || !is_readable(b)) {
        difference.kind = DIFFERENCE_TYPE;
    } else {
        tolka_status status = measure(a, b, &sums, err);
        if (status != TOLKA_OK) return status;
        difference.kind = sums.max == 0          ? DIFFERENCE_NONE
                          : sums.beyond_rounding ? DIFFERENCE_VALUES
                                                 : DIFFERENCE_ROUNDING;
        difference.max = sums.max;
        difference.relative = sums.norm > 0 ? sqrt(sums.squares / sums.norm) : sums.max;
    }
    comparison->visit(comparison->user, &difference);
    return TOLKA_OK;
}

static void visit_alone(const struct comparison *comparison, int side, const char *role,
                        const struct operand *operand) {
    struct difference difference = {.kind = side ? DIFFERENCE_ADDED : DIFFERENCE_GONE};
    difference.sides[side] = shown(operand, !role);
    difference.name = role ? role : difference.sides[side].name;
    comparison->visit(comparison->user, &difference);
}

/* ---- roles ----------------------------------------------------------------------------------- */

static tolka_status collect(void *user, const struct role *role, tolka_error *err) {
    struct side *side = user;
    size_t n = side->n_roles;
    if ((n & (n - 1)) == 0) {
        struct role *grown = realloc(side->roles, (n ? 2 * n : 1) * sizeof *grown);
        if (!grown) return fail(err, TOLKA_NOMEM, "out of memory");
        side->roles = grown;
    }
    side->roles[side->n_roles++] = *role;
    return TOLKA_OK;
}

/* Another name for the same numbers is used with it. */
static void use(struct side *side, const struct source_tensor *tensor) {
    if (!tensor) return;
    side->used[tensor - side->source->tensors] = true;
    if (tensor->shares >= 0) side->used[tensor->shares] = true;
}

/* The tensor itself, and what tolka's own files keep beside it. */
static tolka_status find(struct side *side, const struct role *role, struct operand *operand,
                         tolka_error *err) {
    static const char *const companions[] = {"scale", "sum", "input_multiplier"};
    operand->role = *role;
    tolka_status status = import_find(&side->import, role, &operand->from, err);
    if (status != TOLKA_OK) return status;
    use(side, operand->from.tensor);
    for (size_t i = 0; i < sizeof companions / sizeof *companions; i++) {
        char name[300];
        if (role_companion(operand->from.tensor->name, companions[i], name, sizeof name))
            use(side, source_find(side->source, name));
    }
    return TOLKA_OK;
}

/* Roles come in the same order on both sides, but for those that one of them lacks: the search
 * begins where the last one ended. */
static const struct role *same_role(const struct side *side, const struct role *role,
                                    size_t *next) {
    for (size_t i = 0; i < side->n_roles; i++) {
        size_t at = (*next + i) % side->n_roles;
        if (strcmp(side->roles[at].name, role->name) != 0) continue;
        *next = at + 1;
        return &side->roles[at];
    }
    return NULL;
}

static tolka_status compare_roles(const struct comparison *comparison, struct side sides[2],
                                  tolka_error *err) {
    tolka_status status = TOLKA_OK;
    for (size_t i = 0, next = 0; i < sides[0].n_roles && status == TOLKA_OK; i++) {
        const struct role *role = &sides[0].roles[i];
        const struct role *other = same_role(&sides[1], role, &next);
        struct operand a, b;
        status = find(&sides[0], role, &a, err);
        if (status == TOLKA_OK && other) status = find(&sides[1], other, &b, err);
        if (status != TOLKA_OK) break;
        if (other)
            status = visit_pair(comparison, role->name, &a, &b, err);
        else
            visit_alone(comparison, 0, role->name, &a);
    }
    for (size_t i = 0, next = 0; i < sides[1].n_roles && status == TOLKA_OK; i++) {
        struct operand b;
        if (same_role(&sides[0], &sides[1].roles[i], &next)) continue;
        status = find(&sides[1], &sides[1].roles[i], &b, err);
        if (status == TOLKA_OK) visit_alone(comparison, 1, sides[1].roles[i].name, &b);
    }
    return status;
}

/* ---- names ----------------------------------------------------------------------------------- */

static bool is_used(const struct side *side, const struct source_tensor *tensor) {
    const struct source_tensor *tensors = side->source->tensors;
    return side->used[tensor - tensors] || (tensor->shares >= 0 && side->used[tensor->shares] &&
                                            tensors[tensor->shares].data == tensor->data);
}

/* What one side's family has no use for, the other's may have no name for. */
static bool are_akin(const struct side sides[2]) {
    return !sides[0].imported || !sides[1].imported ||
           sides[0].import.family == sides[1].import.family;
}

static tolka_status compare_rest(const struct comparison *comparison, struct side sides[2], int s,
                                 tolka_error *err) {
    const struct source *source = sides[s].source;
    tolka_status status = TOLKA_OK;
    for (size_t i = 0; i < source->n_tensors && status == TOLKA_OK; i++) {
        const struct source_tensor *tensor = &source->tensors[i];
        const struct source_tensor *other = source_find(sides[!s].source, tensor->name);
        if (is_used(&sides[s], tensor)) continue;
        struct operand operand = operand_of(tensor);
        if (other) {
            struct operand second = operand_of(other);
            if (s == 0) status = visit_pair(comparison, NULL, &operand, &second, err);
        } else if (are_akin(sides)) {
            visit_alone(comparison, s, NULL, &operand);
        } else {
            comparison->left_out(comparison->user, s, tensor->name);
        }
    }
    return status;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static tolka_status open_side(struct side *side, struct comparison *comparison, int s,
                              tolka_error *err) {
    const char *path = comparison->paths[s];
    *side = (struct side){.imported = false};
    tolka_status status = import_open(&side->import, path, comparison->options, &comparison->why);
    if (status == TOLKA_NOMEM) return fail(err, status, "%s", comparison->why.text);
    side->imported = status == TOLKA_OK;
    side->source = side->imported ? &side->import.source : &side->alone;
    status = side->imported ? TOLKA_OK : source_open(&side->alone, path, err);
    if (status != TOLKA_OK) return status;
    side->used = calloc(side->source->n_tensors + 1, sizeof *side->used);
    if (!side->used) return fail(err, TOLKA_NOMEM, "out of memory");
    return side->imported ? for_each_role(&side->import.config, collect, side, err) : TOLKA_OK;
}

static void close_side(struct side *side) {
    if (side->imported) import_close(&side->import);
    source_close(&side->alone);
    free(side->roles);
    free(side->used);
}

static tolka_status compare_sides(struct comparison *comparison, struct side sides[2],
                                  tolka_error *err) {
    tolka_status status = TOLKA_OK;
    comparison->by_roles = sides[0].imported && sides[1].imported;
    if (comparison->by_roles) status = compare_roles(comparison, sides, err);
    for (int s = 0; s < 2 && status == TOLKA_OK; s++)
        status = compare_rest(comparison, sides, s, err);
    return status;
}

tolka_status compare_files(struct comparison *comparison, tolka_error *err) {
    struct side sides[2] = {{.imported = false}, {.imported = false}};
    tolka_status status = open_side(&sides[0], comparison, 0, err);
    if (status == TOLKA_OK) status = open_side(&sides[1], comparison, 1, err);
    if (status == TOLKA_OK) status = compare_sides(comparison, sides, err);
    close_side(&sides[0]);
    close_side(&sides[1]);
    return status;
}
