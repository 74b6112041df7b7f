/* Which embedding tables are one and the same is decided by the tensors, not by flags: exports of
 * different ages disagree about the flags, and a table that is tied is stored once (or equal). */
#include "models/tables.h"

#include <string.h>

/* The first of these tensors that exists; NULL: none. */
static const char *first_of(const struct checkpoint *checkpoint, const char *const *names) {
    for (; *names; names++)
        if (has_tensor(checkpoint, *names)) return *names;
    return NULL;
}

static bool differ(const struct checkpoint *checkpoint, const char *a, const char *b) {
    return strcmp(a, b) != 0 && !checkpoint->same(checkpoint->user, a, b);
}

tolka_status read_tables(const struct checkpoint *checkpoint, const struct table_names *names,
                         struct config *config, tolka_error *err) {
    const char *encoder = names->encoder, *decoder = names->decoder;
    const char *const source_names[] = {encoder, names->shared, decoder, names->head, NULL};
    const char *const target_names[] = {decoder, names->shared, encoder, names->head, NULL};
    const char *const output_names[] = {names->head, decoder, names->shared, encoder, NULL};
    const char *source = first_of(checkpoint, source_names);
    if (!source)
        return fail(err, TOLKA_FORMAT, "%s: no embedding table (%s or %s)", checkpoint->name,
                    names->shared, encoder);
    const char *target = first_of(checkpoint, target_names);
    const char *output = first_of(checkpoint, output_names);
    config->separate_tables = differ(checkpoint, source, target);
    config->separate_output = differ(checkpoint, output, target);
    uint64_t source_vocab = tensor_dim(checkpoint, source, 0);
    uint64_t target_vocab = tensor_dim(checkpoint, target, 0);
    if (source_vocab > INT32_MAX || target_vocab > INT32_MAX)
        return fail(err, TOLKA_FORMAT, "%s: a vocabulary of more than 2^31 tokens",
                    checkpoint->name);
    config->source_vocab = (uint32_t)source_vocab;
    config->target_vocab = (uint32_t)target_vocab;
    return TOLKA_OK;
}
