/* tolka.h alone, first, and used: this file is compiled as C99 with -Wc++-compat. */
#include "engine/tolka.h"

#include "tests/public_header.h"

int header_in_c(const char *path) {
    tolka_error err;
    tolka_model *model;
    tolka_translator *translator = NULL;
    tolka_tokenizer *tokenizer = NULL;
    tolka_options options = TOLKA_OPTIONS_INIT;
    tolka_input input = TOLKA_INPUT_INIT;
    char *text = NULL;
    int works;
    if (tolka_model_open(&model, path, &err) != TOLKA_OK) return 0;
    works = tolka_tokenizer_new(&tokenizer, model, "en", "de", &err) == TOLKA_OK &&
            tolka_translator_new(&translator, model, &options, &err) == TOLKA_OK &&
            tolka_translate_text(translator, tokenizer, "Hello.", &text, &err) == TOLKA_OK &&
            text[0] != 0 && input.start == -1 && input.forced_first == -1;
    tolka_free(text);
    tolka_translator_free(translator);
    tolka_tokenizer_free(tokenizer);
    tolka_model_free(model);
    return works;
}
