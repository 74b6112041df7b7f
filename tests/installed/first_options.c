/* A program that was compiled when tolka_options had ten fields (the header of 2026-11-21, before
 * generation settings): it brings its own declarations, and nothing behind its fields may be read.
 * Prints the translation. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

typedef struct tolka_model tolka_model;
typedef struct tolka_tokenizer tolka_tokenizer;
typedef struct tolka_translator tolka_translator;

typedef struct {
    int status;
    char text[500];
} tolka_error;

typedef struct {
    size_t size;
    int beam;
    int n_best;
    int max_length;
    float length_penalty;
    int want_scores;
    int threads;
    int batch;
    int no_shortlist;
    int stop;
    const char *isa;
} tolka_options;

int tolka_model_open(tolka_model **out, const char *path, tolka_error *err);
void tolka_model_free(tolka_model *model);
int tolka_tokenizer_new(tolka_tokenizer **out, const tolka_model *model, const char *from,
                        const char *to, tolka_error *err);
void tolka_tokenizer_free(tolka_tokenizer *tokenizer);
int tolka_translator_new(tolka_translator **out, const tolka_model *model,
                         const tolka_options *options, tolka_error *err);
void tolka_translator_free(tolka_translator *translator);
int tolka_translate_text(tolka_translator *translator, const tolka_tokenizer *tokenizer,
                         const char *text, char **translation, tolka_error *err);
void tolka_free(void *memory);

int main(int argc, char **argv) {
    tolka_error err = {0, "usage: first_options MODEL TEXT"};
    tolka_model *model = NULL;
    tolka_tokenizer *tokenizer = NULL;
    tolka_translator *translator = NULL;
    char *translation = NULL;
    struct {
        tolka_options options;
        unsigned char behind[256]; /* would be a pointer, and wild numbers */
    } given;
    memset(&given, 0x7e, sizeof given);
    given.options = (tolka_options){sizeof(tolka_options), 4, 1, 0, -1.0f, 0, 1, 32, 0, 0, NULL};
    if (argc == 3 && tolka_model_open(&model, argv[1], &err) == 0 &&
        tolka_tokenizer_new(&tokenizer, model, NULL, "de", &err) == 0 &&
        tolka_translator_new(&translator, model, &given.options, &err) == 0 &&
        tolka_translate_text(translator, tokenizer, argv[2], &translation, &err) == 0)
        puts(translation);
    else
        fprintf(stderr, "first_options: %s\n", err.text);
    tolka_free(translation);
    tolka_translator_free(translator);
    tolka_tokenizer_free(tokenizer);
    tolka_model_free(model);
    return translation == NULL;
}
