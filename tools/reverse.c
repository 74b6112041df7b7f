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

static bool asks_for_reverse(const struct options *options) {
    return options->reverse_model || options->reverse_from || options->reverse_to;
}

static int failed(tolka_status status, const tolka_error *err) {
    return complain(status == TOLKA_ARGUMENT ? EXIT_USAGE : EXIT_MODEL, "the other direction: %s",
                    err->text);
}

/* A model that serves both directions translates back into the language that it translates from. */
static void choose_languages(const struct options *options, const char **from, const char **to) {
    *from = options->reverse_from;
    *to = options->reverse_to;
    if (options->reverse_model) return;
    if (!*from) *from = options->to;
    if (!*to) *to = options->from;
}

static int check_usage(const struct options *options) {
    if (!options->symmetrize)
        return complain(EXIT_USAGE, "a model of the other direction is for --symmetrize METHOD");
    if (options->ids)
        return complain(EXIT_USAGE, "--symmetrize joins words, which --ids does not know");
    if (!options->reverse_model && !options->reverse_to && !options->from)
        return complain(EXIT_USAGE,
                        "--symmetrize needs --reverse-to LANG, the language of the sources, or "
                        "--reverse-model FILE");
    return EXIT_DONE;
}

/* --type is said of whichever is a checkpoint. */
static int find_model(struct reverse *reverse, const struct options *options) {
    struct options own = *options;
    if (!options->reverse_model) return EXIT_DONE;
    if (!is_checkpoint(options->reverse_model)) own.type = NULL;
    return model_file_find(&reverse->file, &own, options->reverse_model);
}

static tolka_status open_direction(struct reverse *reverse, const struct options *options,
                                   const tolka_model *forward, const tolka_options *decoding,
                                   tolka_error *err) {
    tolka_status status = TOLKA_OK;
    const char *from, *to;
    choose_languages(options, &from, &to);
    if (options->reverse_model) status = tolka_model_open(&reverse->model, reverse->file.path, err);
    if (status != TOLKA_OK) return status;
    const tolka_model *model = reverse->model ? reverse->model : forward;
    status = tolka_tokenizer_new(&reverse->tokenizer, model, from, to, err);
    if (status != TOLKA_OK) return status;
    return tolka_translator_new(&reverse->translator, model, decoding, err);
}

int reverse_open(struct reverse *reverse, const struct options *options, const tolka_model *forward,
                 const tolka_options *decoding, size_t n) {
    tolka_error err;
    if (!options->symmetrize && !asks_for_reverse(options)) return EXIT_DONE;
    int usage = check_usage(options);
    if (usage != EXIT_DONE) return usage;
    if (!method(options->symmetrize, &reverse->how)) return EXIT_USAGE;
    int found = find_model(reverse, options);
    if (found != EXIT_DONE) return found;
    tolka_status status = open_direction(reverse, options, forward, decoding, &err);
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
    model_file_close(&reverse->file);
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
    tolka_status status =
        tolka_score_texts(reverse->translator, reverse->tokenizer, turned, n, keep, reverse, err);
    free(turned);
    return status;
}

const char *reverse_problem(const struct reverse *reverse, size_t item) {
    const char *reason;
    if (!reverse->translator) return NULL;
    return tolka_result_status(reverse->results[item], &reason) == TOLKA_OK ? NULL : reason;
}

tolka_link *reverse_join(const struct reverse *reverse, size_t item, const tolka_result *forward,
                         size_t *n) {
    size_t n_forward, n_reverse;
    if (!reverse->translator) return NULL;
    const tolka_link *ours = tolka_result_word_alignment(forward, 0, &n_forward);
    const tolka_link *theirs = tolka_result_word_alignment(reverse->results[item], 0, &n_reverse);
    tolka_link *joined;
    tolka_symmetrize(ours, n_forward, theirs, n_reverse, reverse->how, &joined, n, NULL);
    return joined;
}
