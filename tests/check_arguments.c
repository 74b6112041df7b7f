/* NULL where it is not allowed: every public call that returns a status is made with each of its
 * pointers NULL in turn, and says which; every other call of an object that is NULL is quiet. */
#define _POSIX_C_SOURCE 200809L
#include "tests/suites.h"

#include "engine/tolka.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Arguments of all calls, each of which may be made NULL. */
struct given {
    void *out, *n, *n_source, *index;
    const char *path, *text, *name, *format;
    const void *bytes;
    const tolka_model *model;
    tolka_translator *translator;
    const tolka_tokenizer *tokenizer;
    const tolka_input *input;
    const tolka_text *texts;
    const int32_t *ids;
    const tolka_attention *attention;
    const tolka_languages *languages;
    tolka_document *document;
    const tolka_result *result;
    const float *weights;
    const tolka_link *links;
    tolka_done done;
    tolka_emit emit;
    tolka_emit_tokens emit_tokens;
};

/* ---- valid ones ------------------------------------------------------------------------------ */

enum { N_IDS = 3, N_TEXT = 6 };

static void drop(void *user, size_t index, tolka_result *result) {
    (void)user, (void)index;
    tolka_result_free(result);
}

static int take_text(void *user, const char *text, size_t length) {
    (void)user, (void)text, (void)length;
    return 0;
}

static int take_tokens(void *user, const tolka_token *tokens, size_t n) {
    (void)user, (void)tokens, (void)n;
    return 0;
}

struct scene {
    tolka_model *model;
    tolka_translator *translator;
    tolka_tokenizer *tokenizer;
    tolka_attention *attention;
    tolka_languages *languages;
    tolka_document *document;
    tolka_result *result;
};

static void succeed(tolka_status status, const tolka_error *err) {
    ck_assert_msg(status == TOLKA_OK, "%s", err->text);
}

static const int32_t ids[N_IDS] = {50, 60, 70};
static const tolka_input input = {ids, N_IDS, -1, -1, ids, N_IDS};
static const tolka_text text = {"Hello.", N_TEXT, "Hallo.", N_TEXT};
static const tolka_link link = {0, 0};
static const float weights[1] = {1};

static struct scene scene_open(void) {
    struct scene scene;
    tolka_error err = {0};
    succeed(tolka_model_open(&scene.model, SHIPPED_MODEL, &err), &err);
    succeed(tolka_translator_new(&scene.translator, scene.model, NULL, &err), &err);
    succeed(tolka_tokenizer_new(&scene.tokenizer, scene.model, NULL, "de", &err), &err);
    succeed(tolka_attention_new(&scene.attention, scene.translator, &input, &err), &err);
    succeed(tolka_model_languages(scene.model, &scene.languages, &err), &err);
    succeed(tolka_document_new(&scene.document, "lines", "Hello.", N_TEXT, &err), &err);
    succeed(tolka_stream_text(scene.translator, scene.tokenizer, &text, take_text, NULL,
                              &scene.result, &err),
            &err);
    return scene;
}

static void scene_close(struct scene *scene) {
    tolka_result_free(scene->result);
    tolka_document_free(scene->document);
    tolka_free(scene->languages);
    tolka_attention_free(scene->attention);
    tolka_tokenizer_free(scene->tokenizer);
    tolka_translator_free(scene->translator);
    tolka_model_free(scene->model);
}

/* ---- the calls ------------------------------------------------------------------------------- */

typedef tolka_status make_call(const struct given *g, tolka_error *err);

static tolka_status open_file(const struct given *g, tolka_error *err) {
    tolka_status status = tolka_model_open(g->out, g->path, err);
    if (status == TOLKA_OK) tolka_model_free(*(tolka_model **)g->out);
    return status;
}

/* These bytes are no model: they get further than NULL. */
static tolka_status open_bytes(const struct given *g, tolka_error *err) {
    tolka_status status = tolka_model_open_memory(g->out, g->bytes, 1, g->name, err);
    return status == TOLKA_FORMAT ? TOLKA_OK : status;
}

static tolka_status new_translator(const struct given *g, tolka_error *err) {
    tolka_status status = tolka_translator_new(g->out, g->model, NULL, err);
    if (status == TOLKA_OK) tolka_translator_free(*(tolka_translator **)g->out);
    return status;
}

static tolka_status new_tokenizer(const struct given *g, tolka_error *err) {
    tolka_status status = tolka_tokenizer_new(g->out, g->model, NULL, "de", err);
    if (status == TOLKA_OK) tolka_tokenizer_free(*(tolka_tokenizer **)g->out);
    return status;
}

static tolka_status new_attention(const struct given *g, tolka_error *err) {
    tolka_status status = tolka_attention_new(g->out, g->translator, g->input, err);
    if (status == TOLKA_OK) tolka_attention_free(*(tolka_attention **)g->out);
    return status;
}

static tolka_status translate(const struct given *g, tolka_error *err) {
    return tolka_translate(g->translator, g->input, 1, g->done, NULL, err);
}

static tolka_status score(const struct given *g, tolka_error *err) {
    return tolka_score(g->translator, g->input, 1, g->done, NULL, err);
}

static tolka_status translate_texts(const struct given *g, tolka_error *err) {
    return tolka_translate_texts(g->translator, g->tokenizer, g->texts, 1, g->done, NULL, err);
}

static tolka_status score_texts(const struct given *g, tolka_error *err) {
    return tolka_score_texts(g->translator, g->tokenizer, g->texts, 1, g->done, NULL, err);
}

static tolka_status stream(const struct given *g, tolka_error *err) {
    tolka_status status = tolka_stream(g->translator, g->input, g->emit_tokens, NULL, g->out, err);
    if (status == TOLKA_OK) tolka_result_free(*(tolka_result **)g->out);
    return status;
}

static tolka_status stream_text(const struct given *g, tolka_error *err) {
    tolka_status status =
        tolka_stream_text(g->translator, g->tokenizer, g->texts, g->emit, NULL, g->out, err);
    if (status == TOLKA_OK) tolka_result_free(*(tolka_result **)g->out);
    return status;
}

/* What a call allocated, if it did. */
static tolka_status freed(tolka_status status, const struct given *g) {
    if (status == TOLKA_OK) tolka_free(*(void **)g->out);
    return status;
}

static tolka_status translate_text(const struct given *g, tolka_error *err) {
    return freed(tolka_translate_text(g->translator, g->tokenizer, g->text, g->out, err), g);
}

static tolka_status tokenize(const struct given *g, tolka_error *err) {
    return freed(tolka_tokenize(g->tokenizer, g->text, N_TEXT, g->out, g->n, err), g);
}

static tolka_status tokenize_target(const struct given *g, tolka_error *err) {
    return freed(tolka_tokenize_target(g->tokenizer, g->text, N_TEXT, g->out, g->n, err), g);
}

static tolka_status detokenize(const struct given *g, tolka_error *err) {
    return freed(tolka_detokenize(g->tokenizer, g->ids, N_IDS, g->out, NULL, err), g);
}

static tolka_status token_pieces(const struct given *g, tolka_error *err) {
    return freed(tolka_token_pieces(g->tokenizer, g->ids, N_IDS, 0, g->out, err), g);
}

static tolka_status split_text(const struct given *g, tolka_error *err) {
    return freed(tolka_split_text(g->text, N_TEXT, NULL, g->out, g->n, err), g);
}

static tolka_status model_languages(const struct given *g, tolka_error *err) {
    return freed(tolka_model_languages(g->model, g->out, err), g);
}

static tolka_status find_language(const struct given *g, tolka_error *err) {
    return tolka_find_language(g->languages, g->name, g->index, err);
}

static tolka_status soft_alignment(const struct given *g, tolka_error *err) {
    return freed(tolka_soft_alignment(g->attention, 0, 0, g->out, g->n, g->n_source, err), g);
}

static tolka_status hard_alignment(const struct given *g, tolka_error *err) {
    return freed(tolka_hard_alignment(g->weights, 1, 1, NULL, NULL, g->out, g->n, err), g);
}

static tolka_status symmetrize(const struct given *g, tolka_error *err) {
    return freed(tolka_symmetrize(g->links, 1, &link, 1, TOLKA_UNION, g->out, g->n, err), g);
}

static tolka_status symmetrize_back(const struct given *g, tolka_error *err) {
    return freed(tolka_symmetrize(&link, 1, g->links, 1, TOLKA_UNION, g->out, g->n, err), g);
}

static tolka_status new_document(const struct given *g, tolka_error *err) {
    tolka_status status = tolka_document_new(g->out, g->format, g->text, N_TEXT, err);
    if (status == TOLKA_OK) tolka_document_free(*(tolka_document **)g->out);
    return status;
}

static tolka_status put_in_document(const struct given *g, tolka_error *err) {
    return tolka_document_put(g->document, 0, g->result, err);
}

static tolka_status write_document(const struct given *g, tolka_error *err) {
    return freed(tolka_document_write(g->document, (char **)g->out, g->n, err), g);
}

static tolka_status translate_document(const struct given *g, tolka_error *err) {
    return tolka_translate_document(g->translator, g->tokenizer, g->document, NULL, NULL, err);
}

#define GIVEN(member) offsetof(struct given, member)

static const struct {
    const char *call;
    make_call *make;
    struct {
        const char *name; /* NULL: no more */
        size_t place;
    } needs[6];
} calls[] = {
    {"model_open", open_file, {{"out", GIVEN(out)}, {"path", GIVEN(path)}}},
    {"model_open_memory",
     open_bytes,
     {{"out", GIVEN(out)}, {"bytes", GIVEN(bytes)}, {"name", GIVEN(name)}}},
    {"translator_new", new_translator, {{"out", GIVEN(out)}, {"model", GIVEN(model)}}},
    {"tokenizer_new", new_tokenizer, {{"out", GIVEN(out)}, {"model", GIVEN(model)}}},
    {"attention_new",
     new_attention,
     {{"out", GIVEN(out)}, {"translator", GIVEN(translator)}, {"input", GIVEN(input)}}},
    {"translate",
     translate,
     {{"translator", GIVEN(translator)}, {"inputs", GIVEN(input)}, {"done", GIVEN(done)}}},
    {"score",
     score,
     {{"translator", GIVEN(translator)}, {"inputs", GIVEN(input)}, {"done", GIVEN(done)}}},
    {"translate_texts",
     translate_texts,
     {{"translator", GIVEN(translator)},
      {"tokenizer", GIVEN(tokenizer)},
      {"texts", GIVEN(texts)},
      {"done", GIVEN(done)}}},
    {"score_texts",
     score_texts,
     {{"translator", GIVEN(translator)},
      {"tokenizer", GIVEN(tokenizer)},
      {"texts", GIVEN(texts)},
      {"done", GIVEN(done)}}},
    {"stream",
     stream,
     {{"translator", GIVEN(translator)},
      {"input", GIVEN(input)},
      {"emit", GIVEN(emit_tokens)},
      {"out", GIVEN(out)}}},
    {"stream_text",
     stream_text,
     {{"translator", GIVEN(translator)},
      {"tokenizer", GIVEN(tokenizer)},
      {"text", GIVEN(texts)},
      {"emit", GIVEN(emit)},
      {"out", GIVEN(out)}}},
    {"translate_text",
     translate_text,
     {{"translator", GIVEN(translator)},
      {"tokenizer", GIVEN(tokenizer)},
      {"text", GIVEN(text)},
      {"translation", GIVEN(out)}}},
    {"tokenize",
     tokenize,
     {{"tokenizer", GIVEN(tokenizer)},
      {"text", GIVEN(text)},
      {"ids", GIVEN(out)},
      {"n", GIVEN(n)}}},
    {"tokenize_target",
     tokenize_target,
     {{"tokenizer", GIVEN(tokenizer)},
      {"text", GIVEN(text)},
      {"ids", GIVEN(out)},
      {"n", GIVEN(n)}}},
    {"detokenize",
     detokenize,
     {{"tokenizer", GIVEN(tokenizer)}, {"ids", GIVEN(ids)}, {"text", GIVEN(out)}}},
    {"token_pieces",
     token_pieces,
     {{"tokenizer", GIVEN(tokenizer)}, {"ids", GIVEN(ids)}, {"out", GIVEN(out)}}},
    {"split_text", split_text, {{"text", GIVEN(text)}, {"sentences", GIVEN(out)}, {"n", GIVEN(n)}}},
    {"model_languages", model_languages, {{"model", GIVEN(model)}, {"out", GIVEN(out)}}},
    {"find_language",
     find_language,
     {{"languages", GIVEN(languages)}, {"name", GIVEN(name)}, {"index", GIVEN(index)}}},
    {"soft_alignment",
     soft_alignment,
     {{"attention", GIVEN(attention)},
      {"weights", GIVEN(out)},
      {"n_target", GIVEN(n)},
      {"n_source", GIVEN(n_source)}}},
    {"hard_alignment",
     hard_alignment,
     {{"weights", GIVEN(weights)}, {"links", GIVEN(out)}, {"n", GIVEN(n)}}},
    {"symmetrize", symmetrize, {{"forward", GIVEN(links)}, {"links", GIVEN(out)}, {"n", GIVEN(n)}}},
    {"symmetrize", symmetrize_back, {{"reverse", GIVEN(links)}}},
    {"document_new",
     new_document,
     {{"out", GIVEN(out)}, {"format", GIVEN(format)}, {"bytes", GIVEN(text)}}},
    {"document_put", put_in_document, {{"document", GIVEN(document)}, {"result", GIVEN(result)}}},
    {"document_write",
     write_document,
     {{"document", GIVEN(document)}, {"bytes", GIVEN(out)}, {"n", GIVEN(n)}}},
    {"translate_document",
     translate_document,
     {{"translator", GIVEN(translator)},
      {"tokenizer", GIVEN(tokenizer)},
      {"document", GIVEN(document)}}},
};
enum { N_CALLS = sizeof calls / sizeof *calls };

/* ---- tests ----------------------------------------------------------------------------------- */

static bool fills_out(size_t i) {
    for (size_t k = 0; calls[i].needs[k].name; k++)
        if (calls[i].needs[k].place == GIVEN(out)) return true;
    return false;
}

/* One call without one of its arguments. */
static void expect_refusal(size_t i, size_t k, const struct given *whole) {
    static const void *const nothing = NULL;
    struct given given = *whole;
    tolka_error err = {0};
    char says[100];
    memcpy((char *)&given + calls[i].needs[k].place, &nothing, sizeof nothing);
    if (given.out) *(const void **)given.out = whole->bytes;
    ck_assert_int_eq(calls[i].make(&given, &err), TOLKA_ARGUMENT);
    snprintf(says, sizeof says, "tolka_%s: %s is NULL", calls[i].call, calls[i].needs[k].name);
    ck_assert_str_eq(err.text, says);
    ck_assert_int_eq(err.status, TOLKA_ARGUMENT);
    ck_assert_int_eq(calls[i].make(&given, NULL), TOLKA_ARGUMENT);
    if (given.out && fills_out(i)) ck_assert_ptr_null(*(void **)given.out);
}

START_TEST(each_pointer_may_be_missing) {
    struct scene scene = scene_open();
    static const _Alignas(64) char bytes[64] = "no model";
    void *out;
    size_t n, n_source, index;
    const struct given whole = {.out = &out,
                                .n = &n,
                                .n_source = &n_source,
                                .index = &index,
                                .path = SHIPPED_MODEL,
                                .text = "Hello.",
                                .name = "de",
                                .format = "lines",
                                .bytes = bytes,
                                .model = scene.model,
                                .translator = scene.translator,
                                .tokenizer = scene.tokenizer,
                                .input = &input,
                                .texts = &text,
                                .ids = ids,
                                .attention = scene.attention,
                                .languages = scene.languages,
                                .document = scene.document,
                                .result = scene.result,
                                .weights = weights,
                                .links = &link,
                                .done = drop,
                                .emit = take_text,
                                .emit_tokens = take_tokens};
    for (size_t i = 0; i < N_CALLS; i++) {
        tolka_error err = {0};
        ck_assert_msg(calls[i].make(&whole, &err) == TOLKA_OK, "%s: %s", calls[i].call, err.text);
        for (size_t k = 0; calls[i].needs[k].name; k++) expect_refusal(i, k, &whole);
    }
    scene_close(&scene);
}
END_TEST

static bool is_in_table(const char *name) {
    for (size_t i = 0; i < N_CALLS; i++)
        if (strcmp(calls[i].call, name) == 0) return true;
    return false;
}

/* A call that was added to the header has to be added here. */
START_TEST(no_call_is_forgotten) {
    char line[1000], name[100];
    size_t n_found = 0;
    FILE *header = fopen("engine/tolka.h", "r");
    ck_assert_ptr_nonnull(header);
    while (fgets(line, sizeof line, header))
        if (sscanf(line, "tolka_status tolka_%99[a-z0-9_](", name) == 1 &&
            strcmp(name, "result_status") != 0) { /* which is of a result, NULL or not */
            ck_assert_msg(is_in_table(name), "tolka_%s is not in the table", name);
            n_found++;
        }
    fclose(header);
    ck_assert_uint_eq(n_found, N_CALLS - 1); /* one stands there twice */
}
END_TEST

START_TEST(objects_may_be_missing) {
    tolka_stats stats = {.sentences = 1};
    tolka_cost cost = {.target_vocab = 1};
    tolka_generation generation = {.top_k = 1};
    size_t n = 1, m = 1;
    ck_assert_int_eq(tolka_model_default_beam(NULL), 0);
    ck_assert_int_eq(tolka_model_default_max_length(NULL), 0);
    ck_assert(tolka_model_default_length_penalty(NULL) == 0);
    tolka_model_cost(NULL, &cost);
    ck_assert_uint_eq(cost.target_vocab, 0);
    tolka_model_generation(NULL, &generation);
    ck_assert_int_eq(generation.top_k, 0);
    tolka_translator_stats(NULL, &stats);
    ck_assert_uint_eq(stats.sentences, 0);
    tolka_translator_stop(NULL);
    ck_assert_ptr_null(tolka_translator_isa(NULL));
    ck_assert_int_eq(tolka_translator_threads(NULL), 0);
    ck_assert_int_eq(tolka_tokenizer_start(NULL), -1);
    ck_assert_int_eq(tolka_tokenizer_takes_tokens(NULL), 0);
    ck_assert_ptr_null(tolka_result_warning(NULL));
    ck_assert_uint_eq(tolka_document_count(NULL), 0);
    ck_assert_ptr_null(tolka_document_text(NULL, 0, &n));
    ck_assert_uint_eq(tolka_document_line(NULL, 0), 0);
    ck_assert_int_eq(tolka_document_needs_alignment(NULL, 0), 0);
    ck_assert_int_eq(tolka_document_has_marks(NULL), 0);
    ck_assert_ptr_null(tolka_document_problem(NULL, 0));
    tolka_document_free(NULL);
    ck_assert_str_eq(tolka_document_format(NULL), "lines");
    ck_assert_int_eq(tolka_tokenizer_forced_first(NULL), -1);
    ck_assert_uint_eq(tolka_attention_layers(NULL, TOLKA_CROSS_ATTENTION), 0);
    ck_assert_uint_eq(tolka_attention_heads(NULL, TOLKA_CROSS_ATTENTION), 0);
    ck_assert_ptr_null(tolka_attention_weights(NULL, TOLKA_CROSS_ATTENTION, 0, 0, &n, &m));
    ck_assert(n == 0 && m == 0);
    ck_assert_int_eq(tolka_same_language(NULL, "de"), 0);
    ck_assert_int_eq(tolka_same_language("de", NULL), 0);
    ck_assert_ptr_null(tolka_language_name(NULL, "en"));
    ck_assert_ptr_null(tolka_language_tag(NULL));
    ck_assert_ptr_null(tolka_language_iso639_3(NULL));
    ck_assert_ptr_null(tolka_repair_text(NULL, 3, &n));
    ck_assert(tolka_product_rate(NULL, NULL) == 0);
    ck_assert_str_eq(tolka_version(), TOLKA_VERSION);
}
END_TEST

START_TEST(places_for_answers_may_be_missing) {
    struct scene scene = scene_open();
    tolka_model_cost(scene.model, NULL);
    tolka_model_generation_sized(scene.model, NULL, 100);
    tolka_translator_stats(scene.translator, NULL);
    char *repaired = tolka_repair_text("a\xff", 2, NULL);
    ck_assert_str_eq(repaired, "a\xef\xbf\xbd");
    tolka_free(repaired);
    scene_close(&scene);
}
END_TEST

struct reasons {
    tolka_status status;
    char text[100];
};

static void keep_reason(void *user, size_t index, tolka_result *result) {
    struct reasons *reasons = user;
    const char *reason;
    reasons[index].status = tolka_result_status(result, &reason);
    snprintf(reasons[index].text, sizeof reasons->text, "%s", reason);
    tolka_result_free(result);
}

/* A bad one among several does not stop the others. */
START_TEST(lists_may_be_missing) {
    struct scene scene = scene_open();
    struct reasons got[3];
    const tolka_text texts[] = {{NULL, 3, NULL, 0}, {"Hello.", 6, NULL, 2}, {NULL, 0, NULL, 0}};
    tolka_translate_texts(scene.translator, scene.tokenizer, texts, 3, keep_reason, got, NULL);
    ck_assert_int_eq(got[0].status, TOLKA_ARGUMENT);
    ck_assert_str_eq(got[0].text, "the source is NULL, but not its length");
    ck_assert_int_eq(got[1].status, TOLKA_ARGUMENT);
    ck_assert_str_eq(got[1].text, "the target is NULL, but not its length");
    ck_assert_int_eq(got[2].status, TOLKA_OK);
    const tolka_input inputs[] = {
        {NULL, 3, -1, -1, NULL, 0}, {ids, 3, -1, -1, NULL, 2}, {ids, 3, -1, -1, NULL, 0}};
    tolka_translate(scene.translator, inputs, 3, keep_reason, got, NULL);
    ck_assert_int_eq(got[0].status, TOLKA_ARGUMENT);
    ck_assert_str_eq(got[0].text, "the list of source tokens is NULL");
    ck_assert_str_eq(got[1].text, "the list of target tokens is NULL");
    ck_assert_int_eq(got[2].status, TOLKA_OK);
    scene_close(&scene);
}
END_TEST

static void expect_bad_list(const tolka_model *model, const tolka_generation *generation,
                            const char *says) {
    tolka_error err = {0};
    tolka_options options = TOLKA_OPTIONS_INIT;
    tolka_translator *translator;
    options.generation = generation;
    ck_assert_int_eq(tolka_translator_new(&translator, model, &options, &err), TOLKA_ARGUMENT);
    ck_assert_str_eq(err.text, says);
}

START_TEST(lists_of_a_generation_may_be_missing) {
    struct scene scene = scene_open();
    tolka_generation plain, g;
    const tolka_sequence no_ids = {NULL, 2, 0};
    const tolka_alternatives no_phrases = {NULL, 2}, no_phrase_ids = {&no_ids, 1};
    tolka_model_generation(scene.model, &plain);
    g = plain, g.bad_words = NULL, g.n_bad_words = 1;
    expect_bad_list(scene.model, &g, "bad_words_ids: the list is NULL");
    g.bad_words = &no_ids;
    expect_bad_list(scene.model, &g, "bad_words_ids: a list of ids is NULL");
    g = plain, g.suppress_tokens = NULL, g.n_suppress_tokens = 1;
    expect_bad_list(scene.model, &g, "suppress_tokens: a list of ids is NULL");
    g = plain, g.n_force_words = 1, g.force_words = NULL;
    expect_bad_list(scene.model, &g, "force_words_ids: the list is NULL");
    g.force_words = &no_phrases;
    expect_bad_list(scene.model, &g, "force_words_ids: a list of phrases is NULL");
    g.force_words = &no_phrase_ids;
    expect_bad_list(scene.model, &g, "force_words_ids: a list of ids is NULL");
    g = plain, g.size = 0;
    expect_bad_list(scene.model, &g, "generation: a size of 0");
    scene_close(&scene);
}
END_TEST

/* A caller of another version knows fewer fields, or more. */
START_TEST(generations_of_other_sizes) {
    struct scene scene = scene_open();
    struct {
        tolka_generation generation;
        unsigned char behind[32];
    } given;
    const size_t early = offsetof(tolka_generation, do_sample);
    const size_t sizes[] = {sizeof given.generation.size, early, sizeof given.generation,
                            sizeof given};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        memset(&given, 0x7e, sizeof given);
        tolka_model_generation_sized(scene.model, &given.generation, sizes[i]);
        ck_assert_uint_eq(given.generation.size, sizes[i]);
        for (size_t k = sizes[i]; k < sizeof given; k++)
            ck_assert_int_eq(((unsigned char *)&given)[k], 0x7e);
        for (size_t k = sizeof given.generation; k < sizes[i]; k++)
            ck_assert_int_eq(((unsigned char *)&given)[k], 0);
        /* What the caller does not know is the model's: 0x7e would be refused. */
        tolka_options options = TOLKA_OPTIONS_INIT;
        tolka_translator *translator;
        tolka_error err = {0};
        options.generation = &given.generation;
        succeed(tolka_translator_new(&translator, scene.model, &options, &err), &err);
        tolka_translator_free(translator);
    }
    scene_close(&scene);
}
END_TEST

TCase *arguments_case(void) {
    TCase *arguments = tcase_create("arguments");
    tcase_set_timeout(arguments, 60);
    tcase_add_test(arguments, each_pointer_may_be_missing);
    tcase_add_test(arguments, no_call_is_forgotten);
    tcase_add_test(arguments, objects_may_be_missing);
    tcase_add_test(arguments, places_for_answers_may_be_missing);
    tcase_add_test(arguments, lists_may_be_missing);
    tcase_add_test(arguments, lists_of_a_generation_may_be_missing);
    tcase_add_test(arguments, generations_of_other_sizes);
    return arguments;
}
