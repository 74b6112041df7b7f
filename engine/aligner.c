#include "engine/aligner.h"

#include "engine/attention_map.h"

#include <stdlib.h>

struct aligner *aligner_new(const struct model *model, const struct kernels *kernels,
                            struct alignment_choice choice, size_t max_memory) {
    struct aligner *aligner = calloc(1, sizeof *aligner);
    if (!aligner) return NULL;
    worker_init(&aligner->worker, model, kernels);
    aligner->worker.max_memory = max_memory;
    aligner->choice = choice;
    return aligner;
}

void aligner_free(struct aligner *aligner) {
    if (!aligner) return;
    worker_free(&aligner->worker);
    free(aligner);
}

/* ---- which tokens take part ------------------------------------------------------------------ */

/* Those that the model file itself calls special stand for no text. */
static bool takes_part(const struct config *config, const tolka_input *input, int32_t id) {
    return id != config->end_token && id != config->pad_token && id != config->start_token &&
           id != config->forced_first && id != input->start && id != input->forced_first;
}

static void mark(const struct config *config, const tolka_input *input, const int32_t *ids,
                 size_t n, uint8_t *counts) {
    for (size_t i = 0; i < n; i++) counts[i] = takes_part(config, input, ids[i]);
}

/* `pair` is the input with a hypothesis for its target. */
static tolka_status link_tokens(const struct config *config, const tolka_input *pair,
                                struct result_alignment *out, tolka_error *err) {
    uint8_t *counts = malloc(pair->n_ids + pair->n_target);
    if (!counts) return fail(err, TOLKA_NOMEM, "out of memory for an alignment");
    mark(config, pair, pair->ids, pair->n_ids, counts);
    mark(config, pair, pair->target, pair->n_target, counts + pair->n_ids);
    tolka_status status =
        tolka_hard_alignment(out->soft, pair->n_target, pair->n_ids, counts, counts + pair->n_ids,
                             &out->links, &out->n_links, err);
    free(counts);
    return status;
}

/* ---- running --------------------------------------------------------------------------------- */

tolka_status aligner_weights(struct worker *worker, struct alignment_choice choice,
                             const tolka_input *pair, float **soft, tolka_error *err) {
    tolka_attention *attention;
    *soft = NULL;
    tolka_status status = attention_record(&attention, worker, pair, ATTENTION_ALIGNS, err);
    if (status != TOLKA_OK) return status;
    *soft = malloc(pair->n_target * pair->n_ids * sizeof **soft);
    if (*soft)
        alignment_soft(&attention->maps[TOLKA_CROSS_ATTENTION], choice, pair->n_target, *soft);
    else
        status = fail(err, TOLKA_NOMEM, "out of memory for an alignment");
    tolka_attention_free(attention);
    return status;
}

static tolka_status align_pair(struct aligner *aligner, const tolka_input *pair,
                               struct result_alignment *out, tolka_error *err) {
    tolka_status status = aligner_weights(&aligner->worker, aligner->choice, pair, &out->soft, err);
    out->n_source = pair->n_ids;
    if (status != TOLKA_OK) return status;
    return link_tokens(&aligner->worker.transformer.model->config, pair, out, err);
}

static tolka_status align_hypothesis(struct aligner *aligner, const tolka_input *input,
                                     struct result_hypothesis *hypothesis, tolka_error *err) {
    int32_t *ids = hypothesis_ids(hypothesis);
    if (!ids) return fail(err, TOLKA_NOMEM, "out of memory for an alignment");
    tolka_input pair = *input;
    pair.target = ids;
    pair.n_target = hypothesis->n_tokens;
    tolka_status status = align_pair(aligner, &pair, &hypothesis->alignment, err);
    free(ids);
    return status;
}

tolka_result *aligner_align(struct aligner *aligner, const tolka_input *input,
                            tolka_result *result) {
    tolka_error err;
    tolka_status status = TOLKA_OK;
    for (size_t k = 0; result && k < result->n_hypotheses && status == TOLKA_OK; k++)
        status = align_hypothesis(aligner, input, &result->hypotheses[k], &err);
    if (status == TOLKA_OK) return result;
    tolka_result_free(result);
    return result_failed(&err);
}
