#include "tools/reverse.h"

#include "tools/complain.h"

#include <stdlib.h>
#include <string.h>

static bool method(const char *name, tolka_symmetry *how) {
    static const char *const names[] = {"intersection", "union", "grow-diag-final-and"};
    for (int i = 0; i < 3; i++)
        if (strcmp(name, names[i]) == 0) {
            *how = (tolka_symmetry)i;
            return true;
        }
    complain(EXIT_USAGE,
             "--symmetrize is \"%s\"; expected intersection, union or grow-diag-final-and", name);
    return false;
}

static int failed(tolka_status status, const tolka_error *err) {
    return complain(status == TOLKA_ARGUMENT ? EXIT_USAGE : EXIT_MODEL, "%s", err->text);
}

int reverse_open(struct reverse *reverse, const struct options *options, const tolka_model *forward,
                 const tolka_options *decoding, size_t n) {
    tolka_error err;
    tolka_status status = TOLKA_OK;
    const tolka_model *model = forward;
    if (!method(options->symmetrize, &reverse->how)) return EXIT_USAGE;
    if (options->ids)
        return complain(EXIT_USAGE, "--symmetrize joins words, which --ids does not know");
    if (options->reverse_model) {
        status = tolka_model_open(&reverse->model, options->reverse_model, &err);
        model = reverse->model;
    }
    if (status == TOLKA_OK)
        status = tolka_tokenizer_new(&reverse->tokenizer, model, options->reverse_from,
                                     options->reverse_to, &err);
    if (status == TOLKA_OK)
        status = tolka_translator_new(&reverse->translator, model, decoding, &err);
    if (status != TOLKA_OK) return failed(status, &err);
    reverse->n = n;
    reverse->results = calloc(n, sizeof(tolka_result *));
    return reverse->results ? EXIT_DONE : complain(EXIT_MODEL, "out of memory");
}

static void forget(struct reverse *reverse) {
    for (size_t i = 0; reverse->results && i < reverse->n; i++) {
        tolka_result_free(reverse->results[i]);
        reverse->results[i] = NULL;
    }
}

void reverse_close(struct reverse *reverse) {
    forget(reverse);
    free(reverse->results);
    tolka_translator_free(reverse->translator);
    tolka_tokenizer_free(reverse->tokenizer);
    tolka_model_free(reverse->model);
}

static void keep(void *user, size_t index, tolka_result *result) {
    struct reverse *reverse = user;
    reverse->results[reverse->items[index]] = result;
}

tolka_status reverse_align(struct reverse *reverse, const tolka_text *texts, const size_t *items,
                           size_t n, tolka_error *err) {
    forget(reverse);
    if (n == 0) return TOLKA_OK;
    tolka_text *turned = calloc(n, sizeof *turned);
    if (!turned) {
        if (err) *err = (tolka_error){TOLKA_NOMEM, "out of memory"};
        return TOLKA_NOMEM;
    }
    for (size_t i = 0; i < n; i++)
        turned[i] = (tolka_text){texts[i].target, texts[i].target_length, texts[i].source,
                                 texts[i].source_length};
    reverse->items = items;
    tolka_status status = tolka_score_texts(reverse->translator, reverse->tokenizer, turned, n,
                                            keep, reverse, err);
    free(turned);
    return status;
}

tolka_link *reverse_join(const struct reverse *reverse, size_t item, const tolka_result *forward,
                         size_t *n) {
    size_t n_forward, n_reverse;
    const tolka_link *ours = tolka_result_word_alignment(forward, 0, &n_forward);
    const tolka_link *theirs =
        tolka_result_word_alignment(reverse->results[item], 0, &n_reverse);
    tolka_link *joined;
    tolka_symmetrize(ours, n_forward, theirs, n_reverse, reverse->how, &joined, n, NULL);
    return joined;
}
