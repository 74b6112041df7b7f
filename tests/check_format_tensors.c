/* The document's table of tensors beside for_each_role, for every configuration that makes a
 * difference: names, kinds, sizes, conditions and order, both ways. (Millions of comparisons: an
 * assertion that holds writes to a file, so there are none in the inner loops.) */
#include "tests/check_format.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- settings by name ------------------------------------------------------------------------ */

static const struct config_field *find_field(const char *name, size_t length) {
    for (const struct config_field *field = config_fields; field->key; field++)
        if (strlen(field->key) == length && strncmp(field->key, name, length) == 0) return field;
    return NULL;
}

/* What the document says about it, not what the engine computes. */
static size_t head_dim(const struct config *config, uint32_t heads) {
    return config->head_dim ? config->head_dim : config->d_model / heads;
}

static size_t setting(const struct config *config, const char *name, size_t length) {
    if (length == 16 && strncmp(name, "encoder.head_dim", length) == 0)
        return head_dim(config, config->encoder_heads);
    if (length == 16 && strncmp(name, "decoder.head_dim", length) == 0)
        return head_dim(config, config->decoder_heads);
    const struct config_field *field = find_field(name, length);
    if (!field) ck_abort_msg("\"%.*s\" is no setting", (int)length, name);
    const void *at = (const char *)config + field->offset;
    if (field->type == FIELD_BOOL) return *(const bool *)at;
    if (field->type != FIELD_U32) ck_abort_msg("%s is neither a size nor a switch", field->key);
    return *(const uint32_t *)at;
}

/* ---- sizes: sums of products of settings ----------------------------------------------------- */

static size_t factor(const struct config *config, const char **at) {
    size_t n = strspn(*at, "abcdefghijklmnopqrstuvwxyz_.0123456789");
    if (n == 0) ck_abort_msg("\"%s\" is no size", *at);
    const char *name = *at;
    *at += n + strspn(*at + n, " ");
    if (*name >= '0' && *name <= '9') return strtoul(name, NULL, 10);
    return setting(config, name, n);
}

static bool take_sign(const char **at, char sign) {
    if (**at != sign) return false;
    ++*at;
    *at += strspn(*at, " ");
    return true;
}

static size_t product(const struct config *config, const char **at) {
    size_t value = factor(config, at);
    while (take_sign(at, '*')) value *= factor(config, at);
    return value;
}

static size_t size_of(const struct config *config, const char *formula) {
    const char *at = formula;
    size_t value = product(config, &at);
    while (take_sign(&at, '+')) value += product(config, &at);
    if (*at) ck_abort_msg("\"%s\" is no size", formula);
    return value;
}

/* ---- conditions: "this, that = name or other" ------------------------------------------------ */

static bool is_named(const struct config *config, const char *key, size_t length,
                     const char *name) {
    const struct config_field *field = find_field(key, length);
    if (!field || field->type != FIELD_ENUM) ck_abort_msg("\"%s\" is no choice of names", key);
    unsigned value = *(const unsigned *)((const char *)config + field->offset);
    for (size_t i = 0; field->names[i]; i++)
        if (strcmp(field->names[i], name) == 0) return i == value;
    ck_abort_msg("%s: \"%s\" is none of its names", key, name);
    return false;
}

static bool atom_holds(const struct config *config, const char *atom, uint32_t layer) {
    const char *equals = strstr(atom, " = ");
    if (strcmp(atom, "always") == 0) return true;
    if (strcmp(atom, "N = 0") == 0) return layer == 0;
    if (equals) return is_named(config, atom, (size_t)(equals - atom), equals + 3);
    return setting(config, atom, strlen(atom)) != 0;
}

static bool any_holds(const struct config *config, char *clause, uint32_t layer) {
    char *second = strstr(clause, " or ");
    if (!second) return atom_holds(config, clause, layer);
    *second = 0;
    bool first = atom_holds(config, clause, layer);
    return any_holds(config, second + 4, layer) || first;
}

static bool holds(const struct config *config, const char *conditions, uint32_t layer) {
    char text[256];
    bool all = true;
    snprintf(text, sizeof text, "%s", conditions);
    for (char *clause = text, *next; clause; clause = next) {
        next = strstr(clause, ", ");
        if (next) *next = 0, next += 2;
        all = any_holds(config, clause, layer) && all;
    }
    return all;
}

/* ---- what the document asks for -------------------------------------------------------------- */

static void plan_row(struct plan *plan, const struct table *table, const struct config *config,
                     size_t row, uint32_t layer, bool *used) {
    const char *name = cell(table, row, "tensor"), *place = strstr(name, ".N.");
    if (!holds(config, cell(table, row, "when"), layer)) return;
    if (plan->n == MAX_PLANNED) ck_abort_msg("more than %d tensors", MAX_PLANNED);
    struct planned *tensor = &plan->tensors[plan->n++];
    if (place)
        snprintf(tensor->name, sizeof tensor->name, "%.*s.%u.%s", (int)(place - name), name, layer,
                 place + 3);
    else
        snprintf(tensor->name, sizeof tensor->name, "%s", name);
    tensor->kind = cell(table, row, "kind");
    tensor->n_out = size_of(config, cell(table, row, "n_out"));
    tensor->n_in = size_of(config, cell(table, row, "n_in"));
    if (used) used[row] = true;
}

/* Rows of layers belong together: "enc", "dec", or neither. */
static char stack_of(const struct table *table, size_t row) {
    const char *name = cell(table, row, "tensor");
    return strstr(name, ".blk.N.") ? *name : 0;
}

void plan_tensors(struct plan *plan, const struct table *table, const struct config *config,
                  bool *used) {
    plan->n = 0;
    for (size_t first = 0, end; first < table->n_rows; first = end) {
        char stack = stack_of(table, first);
        uint32_t n_layers = stack == 'e'   ? config->encoder_layers
                            : stack == 'd' ? config->decoder_layers
                                           : 1;
        for (end = first + 1; end < table->n_rows && stack_of(table, end) == stack; end++) {
        }
        for (uint32_t layer = 0; layer < n_layers; layer++)
            for (size_t row = first; row < end; row++)
                plan_row(plan, table, config, row, layer, used);
    }
}

/* ---- beside the code ------------------------------------------------------------------------- */

static const char *kind_name(enum role_kind kind) {
    switch (kind) {
    case ROLE_MATRIX:
        return "matrix";
    case ROLE_TABLE:
        return "table";
    case ROLE_VECTOR:
        return "vector";
    }
    return "?";
}

struct comparison {
    const struct plan *plan;
    size_t at;
};

static tolka_status compare_role(void *user, const struct role *role, tolka_error *err) {
    (void)err;
    struct comparison *comparison = user;
    const struct plan *plan = comparison->plan;
    if (comparison->at == plan->n) ck_abort_msg("%s is not documented here", role->name);
    const struct planned *tensor = &plan->tensors[comparison->at++];
    if (strcmp(tensor->name, role->name) != 0 || strcmp(tensor->kind, kind_name(role->kind)) != 0 ||
        tensor->n_out != role->n_out || tensor->n_in != role->n_in)
        ck_abort_msg("the document has %s, %s [%zu][%zu]; the code has %s, %s [%zu][%zu]",
                     tensor->name, tensor->kind, tensor->n_out, tensor->n_in, role->name,
                     kind_name(role->kind), role->n_out, role->n_in);
    return TOLKA_OK;
}

enum { N_SWITCHES = 14 };

/* Sizes are such that a wrong formula gives another number. */
static struct config variant(unsigned bits) {
    bool on[N_SWITCHES];
    for (unsigned i = 0; i < N_SWITCHES; i++) on[i] = bits >> i & 1;
    struct config config;
    config_init(&config);
    config.d_model = 24;
    config.encoder_layers = 2, config.decoder_layers = 3;
    config.encoder_heads = 2, config.decoder_heads = 3;
    config.encoder_ffn = 50, config.decoder_ffn = 70;
    config.relative_buckets = 9, config.relative_max_distance = 20;
    config.max_positions = 31, config.position_offset = 2;
    config.end_token = 0;
    config.norm_kind = on[0] ? NORM_RMS : NORM_LAYER;
    config.embedding_norm = on[1];
    config.final_norm = on[2];
    config.linear_bias = on[3];
    config.gated_ffn = on[4];
    config.position_kind = (enum position_kind)(on[5] + 2 * on[6]);
    config.relative_bias_per_layer = on[7];
    config.decoder_kind = on[8] ? DECODER_SSRU : DECODER_SELF_ATTENTION;
    config.ssru_output = on[9];
    config.separate_tables = on[10];
    config.source_vocab = 90, config.target_vocab = on[10] ? 110 : 90;
    config.separate_output = on[11];
    config.output_bias = on[12];
    config.head_dim = on[13] ? 5 : 0;
    config.norm_place = bits % 3 ? NORM_POST : NORM_PRE; /* changes no tensor */
    return config;
}

START_TEST(tensors_of_every_configuration) {
    struct document *document = document_open(FORMAT_DOCUMENT);
    const struct table *table = document_table(document, "Tensors", 0);
    bool used[MAX_ROWS] = {false};
    struct plan plan;
    for (unsigned bits = 0; bits < 1u << N_SWITCHES; bits++) {
        struct config config = variant(bits);
        tolka_error err = {0};
        if (config_check(&config, "variant", &err) != TOLKA_OK) ck_abort_msg("%s", err.text);
        plan_tensors(&plan, table, &config, used);
        struct comparison comparison = {&plan, 0};
        for_each_role(&config, compare_role, &comparison, &err);
        if (comparison.at < plan.n)
            ck_abort_msg("%s is documented, but not in the code", plan.tensors[comparison.at].name);
    }
    for (size_t row = 0; row < table->n_rows; row++)
        ck_assert_msg(used[row], "no configuration has %s", cell(table, row, "tensor"));
    document_free(document);
}
END_TEST

TCase *format_tensors_case(void) {
    TCase *tensors = tcase_create("tensors");
    tcase_set_timeout(tensors, 120);
    tcase_add_test(tensors, tensors_of_every_configuration);
    return tensors;
}
