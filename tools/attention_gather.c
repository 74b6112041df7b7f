#include "tools/attention_gather.h"

#include "models/checkpoint/names.h"
#include "tools/complain.h"

#include <stdlib.h>
#include <string.h>

static void take_result(void *user, size_t index, tolka_result *result) {
    (void)index;
    *(tolka_result **)user = result;
}

/* Was the text shown to the model otherwise: with stand-ins for addresses, or in parts? */
static tolka_status was_changed(const struct session *session, const char *text,
                                const tolka_result *result, bool *changed, tolka_error *err) {
    size_t n, n_seen;
    int32_t *ids;
    const int32_t *seen = tolka_result_source(result, &n_seen);
    *changed = false;
    if (!result || tolka_result_status(result, NULL) != TOLKA_OK) return TOLKA_OK;
    tolka_status status = tolka_tokenize(session->tokenizer, text, strlen(text), &ids, &n, err);
    if (status != TOLKA_OK) return status;
    *changed = !seen || n != n_seen || memcmp(ids, seen, n * sizeof *ids) != 0;
    tolka_free(ids);
    return TOLKA_OK;
}

/* Such a text is looked at as a whole, with the translation that came of it: attention does not
 * reach from one translation into another. */
static tolka_status look_at_whole(const struct session *session, const char *text,
                                  tolka_result **result, tolka_error *err) {
    size_t length;
    tolka_result *parts = *result;
    const char *translation = tolka_result_text(parts, 0, &length);
    tolka_text pair = {text, strlen(text), translation, length};
    *result = NULL;
    tolka_status status = tolka_score_texts(session->translator, session->tokenizer, &pair, 1,
                                            take_result, result, err);
    tolka_result_free(parts);
    return status;
}

/* The text's ids and the translation's tokens, which are the model's own or those of --target. */
static int translate(const struct options *options, const struct session *session, const char *text,
                     tolka_result **result) {
    tolka_error err;
    const char *reason = "out of memory", *target = options->target;
    tolka_text pair = {text, strlen(text), target, target ? strlen(target) : 0};
    tolka_status status = (target ? tolka_score_texts : tolka_translate_texts)(
        session->translator, session->tokenizer, &pair, 1, take_result, result, &err);
    bool changed = false;
    if (status == TOLKA_OK && !target) status = was_changed(session, text, *result, &changed, &err);
    if (changed) status = look_at_whole(session, text, result, &err);
    if (status != TOLKA_OK) return complain(EXIT_INPUT, "%s", err.text);
    if (!*result || tolka_result_status(*result, &reason) != TOLKA_OK)
        return complain(EXIT_INPUT, "%s", reason);
    size_t n_source, n_target = 0;
    const int32_t *source = tolka_result_source(*result, &n_source);
    tolka_result_tokens(*result, 0, &n_target);
    if (!source || n_source == 0 || n_target == 0)
        return complain(EXIT_INPUT, "there are no words to look at");
    return EXIT_DONE;
}

static tolka_status gather_tokens(struct gathered *gathered, const struct session *session,
                                  const tolka_result *result, tolka_error *err) {
    size_t n_source, n_target;
    const int32_t *source = tolka_result_source(result, &n_source);
    const tolka_token *tokens = tolka_result_tokens(result, 0, &n_target);
    gathered->target_ids = malloc(n_target * sizeof *gathered->target_ids);
    if (!gathered->target_ids) return TOLKA_NOMEM;
    for (size_t i = 0; i < n_target; i++) gathered->target_ids[i] = tokens[i].id;
    tolka_status status =
        tolka_token_pieces(session->tokenizer, source, n_source, 0, &gathered->source, err);
    if (status == TOLKA_OK)
        status = tolka_token_pieces(session->tokenizer, gathered->target_ids, n_target, 1,
                                    &gathered->target, err);
    tolka_input input = TOLKA_INPUT_INIT;
    input.ids = source;
    input.n_ids = n_source;
    input.start = tolka_tokenizer_start(session->tokenizer);
    input.target = gathered->target_ids;
    input.n_target = n_target;
    if (status != TOLKA_OK) return status;
    return tolka_attention_new(&gathered->attention, session->translator, &input, err);
}

static bool gather_texts(struct gathered *gathered, const char *text, const tolka_result *result) {
    size_t length, repaired;
    const char *target = tolka_result_text(result, 0, &length);
    gathered->source_text = tolka_repair_text(text, strlen(text), &repaired);
    gathered->target_text = tolka_repair_text(target ? target : "", target ? length : 0, &repaired);
    return gathered->source_text && gathered->target_text;
}

static int gather_all(struct gathered *gathered, const struct options *options,
                      const struct session *session, const char *text) {
    const tolka_result *result = gathered->result;
    tolka_error err = {TOLKA_NOMEM, "out of memory"};
    bool ok = gather_texts(gathered, text, result) &&
              gather_tokens(gathered, session, result, &err) == TOLKA_OK;
    if (!ok) return complain(EXIT_INPUT, "%s", err.text);
    size_t n_source;
    gathered->looked = (struct looked){.model = file_name(session->file.path),
                                       .source_text = gathered->source_text,
                                       .target_text = gathered->target_text,
                                       .source_ids = tolka_result_source(result, &n_source),
                                       .target_ids = gathered->target_ids,
                                       .source = gathered->source,
                                       .target = gathered->target,
                                       .attention = gathered->attention,
                                       .by_pieces = options->pieces};
    return looked_fill(&gathered->looked) ? EXIT_DONE : complain(EXIT_MODEL, "out of memory");
}

int gather(struct gathered *gathered, const struct options *options, const struct session *session,
           const char *text) {
    *gathered = (struct gathered){.result = NULL};
    int status = translate(options, session, text, &gathered->result);
    return status == EXIT_DONE ? gather_all(gathered, options, session, text) : status;
}

void gathered_free(struct gathered *gathered) {
    looked_free(&gathered->looked);
    tolka_attention_free(gathered->attention);
    tolka_free(gathered->source);
    tolka_free(gathered->target);
    tolka_free(gathered->source_text);
    tolka_free(gathered->target_text);
    free(gathered->target_ids);
    tolka_result_free(gathered->result);
}
