#include "tools/inspect_difference.h"

#include "models/convert/difference.h"
#include "tools/complain.h"
#include "tools/printable.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>

struct report {
    bool quiet, json;
    size_t counts[DIFFERENCE_KINDS];
    size_t n_left_out[2];
    json_t *tensors, *left_out[2]; /* --json */
};

static const char *const kind_names[DIFFERENCE_KINDS] = {
    [DIFFERENCE_NONE] = "equal",        [DIFFERENCE_ROUNDING] = "rounded",
    [DIFFERENCE_VALUES] = "differs",    [DIFFERENCE_SHAPE] = "shape",
    [DIFFERENCE_TYPE] = "type",         [DIFFERENCE_GONE] = "only_first",
    [DIFFERENCE_ADDED] = "only_second",
};

static bool was_measured(const struct difference *difference) {
    return difference->kind == DIFFERENCE_NONE || difference->kind == DIFFERENCE_ROUNDING ||
           difference->kind == DIFFERENCE_VALUES;
}

static size_t count_different(const struct report *report) {
    size_t n = 0;
    for (int kind = DIFFERENCE_VALUES; kind < DIFFERENCE_KINDS; kind++) n += report->counts[kind];
    return n;
}

/* ---- text ------------------------------------------------------------------------------------ */

static void print_shape(const struct compared *side) {
    putchar('[');
    for (uint32_t d = 0; d < side->rank; d++)
        printf("%s%llu", d ? ", " : "", (unsigned long long)side->dims[d]);
    putchar(']');
}

static void print_measured(const struct difference *difference, const char *mark) {
    const struct compared *sides = difference->sides;
    print_printable(stdout, "%s %s: %s %s, greatest difference %.3g, relative %.3g", mark,
                    difference->name, sides[0].type, sides[1].type, difference->max,
                    difference->relative);
    putchar('\n');
}

static void print_name(const char *mark, const char *name) {
    print_printable(stdout, "%s %s", mark, name);
    putchar('\n');
}

static void print_pair(const struct difference *difference, bool quiet) {
    const struct compared *sides = difference->sides;
    switch (difference->kind) {
    case DIFFERENCE_NONE:
        if (!quiet) print_name("=", difference->name);
        break;
    case DIFFERENCE_ROUNDING:
        if (!quiet) print_measured(difference, "~");
        break;
    case DIFFERENCE_VALUES:
        print_measured(difference, "!");
        break;
    case DIFFERENCE_SHAPE:
        print_printable(stdout, "! %s: shapes differ: ", difference->name);
        print_shape(&sides[0]);
        putchar(' ');
        print_shape(&sides[1]);
        putchar('\n');
        break;
    case DIFFERENCE_TYPE:
        print_printable(stdout, "! %s: %s and %s cannot be compared", difference->name,
                        sides[0].type, sides[1].type);
        putchar('\n');
        break;
    case DIFFERENCE_GONE:
    case DIFFERENCE_ADDED:
        print_name(difference->kind == DIFFERENCE_GONE ? "-" : "+", difference->name);
        break;
    case DIFFERENCE_KINDS:
        break;
    }
}

static void print_summary(const struct report *report, const struct comparison *comparison) {
    const size_t *counts = report->counts;
    size_t n = 0;
    for (int kind = 0; kind < DIFFERENCE_KINDS; kind++) n += counts[kind];
    for (int s = 0; s < 2; s++)
        if (report->n_left_out[s] && !report->quiet)
            printf("left out: %zu tensor%s of %s that the transformer does not compute with\n",
                   report->n_left_out[s], report->n_left_out[s] == 1 ? "" : "s",
                   comparison->paths[s]);
    if (!comparison->by_roles) print_name("matched by name only:", comparison->why.text);
    printf("%zu of %zu tensors differ: %zu equal, %zu within rounding, %zu other values, %zu other "
           "shapes or types, %zu only in the first, %zu only in the second\n",
           count_different(report), n, counts[DIFFERENCE_NONE], counts[DIFFERENCE_ROUNDING],
           counts[DIFFERENCE_VALUES], counts[DIFFERENCE_SHAPE] + counts[DIFFERENCE_TYPE],
           counts[DIFFERENCE_GONE], counts[DIFFERENCE_ADDED]);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

/* JSON has no infinities and no NaN. */
static json_t *json_finite(double value) {
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *json_side(const struct compared *side) {
    json_t *shape = json_array();
    if (!side->name) return json_decref(shape), json_null();
    for (uint32_t d = 0; d < side->rank; d++)
        json_array_append_new(shape, json_integer((json_int_t)side->dims[d]));
    return json_pack("{s:s, s:s, s:o}", "name", side->name, "type", side->type, "shape", shape);
}

static json_t *json_pair(const struct difference *difference) {
    json_t *object = json_pack(
        "{s:s, s:s, s:o, s:o}", "name", difference->name, "result", kind_names[difference->kind],
        "first", json_side(&difference->sides[0]), "second", json_side(&difference->sides[1]));
    if (!was_measured(difference)) return object;
    json_object_set_new(object, "greatest_difference", json_finite(difference->max));
    json_object_set_new(object, "relative_difference", json_finite(difference->relative));
    return object;
}

static void print_json(struct report *report, const struct comparison *comparison) {
    json_t *counts = json_object();
    for (int kind = 0; kind < DIFFERENCE_KINDS; kind++)
        json_object_set_new(counts, kind_names[kind],
                            json_integer((json_int_t)report->counts[kind]));
    json_t *object =
        json_pack("{s:s, s:s, s:b, s:s, s:o, s:o, s:{s:O, s:O}}", "first", comparison->paths[0],
                  "second", comparison->paths[1], "same", count_different(report) == 0,
                  "matched_by", comparison->by_roles ? "role" : "name", "counts", counts, "tensors",
                  json_incref(report->tensors), "left_out", "first", report->left_out[0], "second",
                  report->left_out[1]);
    if (!comparison->by_roles)
        json_object_set_new(object, "problem", json_string(comparison->why.text));
    json_dumpf(object, stdout, JSON_REAL_PRECISION(6));
    putchar('\n');
    json_decref(object);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static void visit(void *user, const struct difference *difference) {
    struct report *report = user;
    report->counts[difference->kind]++;
    if (report->json)
        json_array_append_new(report->tensors, json_pair(difference));
    else
        print_pair(difference, report->quiet);
}

static void leave_out(void *user, int side, const char *name) {
    struct report *report = user;
    report->n_left_out[side]++;
    if (report->json) json_array_append_new(report->left_out[side], json_string(name));
}

static int report_on(struct report *report, const struct options *options) {
    const struct import_options import_options = {.config = options->config,
                                                  .family = options->family};
    struct comparison comparison = {.paths = {options->arguments[0], options->arguments[1]},
                                    .options = &import_options,
                                    .visit = visit,
                                    .left_out = leave_out,
                                    .user = report};
    tolka_error err;
    if (compare_files(&comparison, &err) != TOLKA_OK) return complain(EXIT_MODEL, "%s", err.text);
    if (report->json)
        print_json(report, &comparison);
    else
        print_summary(report, &comparison);
    return count_different(report) ? EXIT_INPUT : EXIT_DONE;
}

int inspect_difference(const struct options *options) {
    struct report report = {.quiet = options->quiet, .json = options->json};
    if (report.json) {
        report.tensors = json_array();
        report.left_out[0] = json_array();
        report.left_out[1] = json_array();
    }
    int status = report_on(&report, options);
    json_decref(report.tensors);
    json_decref(report.left_out[0]);
    json_decref(report.left_out[1]);
    return status;
}
