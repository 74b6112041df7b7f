/* A whole document through a translator: tolka_translate_document. */
#include "text/formats/document_access.h"

#include "engine/error.h"
#include "engine/translator.h"

#include <stdlib.h>
#include <string.h>

/* Stand-ins once, those that were kept once more, then none. */
enum { MOST_ROUNDS = 3 };

struct round {
    tolka_document *document;
    tolka_translator *translator;
    tolka_text *texts;
    size_t *numbers; /* their texts in the document */
    size_t n;
    unsigned char *again; /* of each text of the document: it is to be translated in this round */
    unsigned char *next;  /* ... and in the next one */
    size_t n_done;
    tolka_document_progress progress;
    void *user;
    bool no_memory;
};

/* By the callback, or from another thread. */
static bool is_stopped(const struct round *round) {
    return translator_stopped(round->translator);
}

static void set_problem(struct round *round, struct text *text, const char *reason) {
    free(text->problem);
    size_t n = strlen(reason);
    text->problem = malloc(n + 1);
    if (text->problem)
        memcpy(text->problem, reason, n + 1);
    else
        round->no_memory = true;
}

static void report(struct round *round) {
    size_t n = tolka_document_count(round->document);
    if (!round->progress || round->progress(round->user, round->n_done, n) == 0) return;
    tolka_translator_stop(round->translator);
}

static void take_result(void *user, size_t index, tolka_result *result) {
    struct round *round = user;
    size_t i = round->numbers[index];
    struct text *text = text_number(round->document, i);
    tolka_error err = {TOLKA_NOMEM, "out of memory"};
    tolka_status status =
        result ? tolka_document_put(round->document, i, result, &err) : TOLKA_NOMEM;
    bool retried = status != TOLKA_OK && result && tolka_result_status(result, NULL) == TOLKA_OK &&
                   !text->seen;
    tolka_result_free(result);
    round->next[i] = retried;
    if (retried) return;
    if (status != TOLKA_OK) set_problem(round, text, err.text);
    round->n_done++;
    report(round);
}

/* Texts of this round that need alignments, or those that do not. */
static tolka_status translate_some(struct round *round, const tolka_tokenizer *tokenizer,
                                   bool aligned, tolka_error *err) {
    round->n = 0;
    for (size_t i = 0; i < tolka_document_count(round->document); i++) {
        struct text *text = text_number(round->document, i);
        if (!round->again[i] || text_needs_alignment(round->document, text) != aligned) continue;
        if (!show_text(round->document, text)) return fail(err, TOLKA_NOMEM, "out of memory");
        /* Showing it may leave out spans that no stand-in is left for. */
        if (text_needs_alignment(round->document, text) != aligned) continue;
        round->again[i] = 0;
        round->numbers[round->n] = i;
        round->texts[round->n++] = (tolka_text){text->seen, text->n_seen, NULL, 0};
    }
    if (round->n == 0 || is_stopped(round)) return TOLKA_OK;
    bool aligns = translator_set_aligning(round->translator, aligned);
    tolka_status status = tolka_translate_texts(round->translator, tokenizer, round->texts,
                                                round->n, take_result, round, err);
    translator_set_aligning(round->translator, aligns);
    return status;
}

static tolka_status translate_rounds(struct round *round, const tolka_tokenizer *tokenizer,
                                     tolka_error *err) {
    size_t n = tolka_document_count(round->document);
    tolka_status status = TOLKA_OK;
    memset(round->again, 1, n);
    for (int i = 0; i < MOST_ROUNDS && status == TOLKA_OK && !is_stopped(round); i++) {
        status = translate_some(round, tokenizer, false, err);
        if (status == TOLKA_OK) status = translate_some(round, tokenizer, true, err);
        memcpy(round->again, round->next, n);
        memset(round->next, 0, n);
    }
    return status;
}

tolka_status tolka_translate_document(tolka_translator *translator,
                                      const tolka_tokenizer *tokenizer, tolka_document *document,
                                      tolka_document_progress progress, void *user,
                                      tolka_error *err) {
    tolka_status status = need_arguments(err, __func__,
                                         (const struct argument[]){{"translator", translator},
                                                                   {"tokenizer", tokenizer},
                                                                   {"document", document},
                                                                   {NULL, false}});
    if (status == TOLKA_OK) status = translator_check_idle(translator, __func__, err);
    if (status != TOLKA_OK) return status;
    size_t n = tolka_document_count(document);
    struct round round = {.document = document,
                          .translator = translator,
                          .progress = progress,
                          .user = user,
                          .texts = calloc(n + 1, sizeof *round.texts),
                          .numbers = calloc(n + 1, sizeof *round.numbers),
                          .again = calloc(n + 1, 1),
                          .next = calloc(n + 1, 1)};
    status = TOLKA_NOMEM;
    translator_enter(translator);
    if (round.texts && round.numbers && round.again && round.next)
        status = translate_rounds(&round, tokenizer, err);
    translator_leave(translator);
    if (status == TOLKA_NOMEM || round.no_memory)
        status = fail(err, TOLKA_NOMEM, "out of memory for a document");
    else if (status == TOLKA_OK && translator_stopped(translator))
        status = fail(err, TOLKA_STOPPED, "stopped");
    free(round.texts);
    free(round.numbers);
    free(round.again);
    free(round.next);
    return status;
}
