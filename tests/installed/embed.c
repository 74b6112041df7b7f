/* Written from the installed header alone, as a stranger would: ids in, ids and text out. Prints a
 * translation that was made of ids, its score and the version. */
#include <tolka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

struct answer {
    const tolka_tokenizer *tokenizer;
    char *text;
    float score;
    int failed;
};

static void take(void *user, size_t index, tolka_result *result) {
    struct answer *answer = user;
    int32_t ids[256];
    size_t n, i;
    const tolka_token *tokens = tolka_result_tokens(result, 0, &n);
    answer->failed = index != 0 || tolka_result_status(result, NULL) != TOLKA_OK || n > 256;
    for (i = 0; !answer->failed && i < n; i++) ids[i] = tokens[i].id;
    answer->score = tolka_result_score(result, 0);
    if (!answer->failed)
        answer->failed =
            tolka_detokenize(answer->tokenizer, ids, n, &answer->text, NULL, NULL) != TOLKA_OK;
    tolka_result_free(result);
}

static int translate(const tolka_model *model, const char *text, tolka_error *err) {
    tolka_tokenizer *tokenizer = NULL;
    tolka_translator *translator = NULL;
    tolka_input input = TOLKA_INPUT_INIT;
    struct answer answer = {NULL, NULL, 0, 1};
    int32_t *ids = NULL;
    if (tolka_tokenizer_new(&tokenizer, model, NULL, "de", err) == TOLKA_OK &&
        tolka_translator_new(&translator, model, NULL, err) == TOLKA_OK &&
        tolka_tokenize(tokenizer, text, strlen(text), &ids, &input.n_ids, err) == TOLKA_OK) {
        input.ids = ids;
        input.start = tolka_tokenizer_start(tokenizer);
        input.forced_first = tolka_tokenizer_forced_first(tokenizer);
        answer.tokenizer = tokenizer;
        tolka_translate(translator, &input, 1, take, &answer, err);
    }
    if (!answer.failed)
        printf("%s %s %s\n", tolka_version(), answer.text,
               isnan(answer.score) || answer.score < 0 ? "scored" : "?");
    tolka_free(answer.text);
    tolka_free(ids);
    tolka_translator_free(translator);
    tolka_tokenizer_free(tokenizer);
    return answer.failed;
}

int main(int argc, char **argv) {
    tolka_error err = {TOLKA_OK, ""};
    tolka_model *model = NULL;
    int failed = 1;
    if (argc == 3 && tolka_model_open(&model, argv[1], &err) == TOLKA_OK)
        failed = translate(model, argv[2], &err);
    if (failed) fprintf(stderr, "embed: %s\n", err.text);
    tolka_model_free(model);
    return failed;
}
