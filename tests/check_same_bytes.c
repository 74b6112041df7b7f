/* The same bytes, always: what a sentence is translated to depends on the model, the options and the
 * instruction set. It does not depend on who stood beside it, which sentences were translated
 * before, how large batches are, or how many threads there are. What a new translator gives for each
 * sentence alone is compared with what comes out of other arrangements, to the bit.
 *
 * Any two of model, instruction set, search and arrangement meet, not all four of them;
 * SAME_BYTES=all (make check-same-bytes) runs everything. */
#include "tests/fixture.h"
#include "tests/suites.h"

#include <stdlib.h>
#include <string.h>

enum { N_SENTENCES = 24, LONGEST = 63, MAX_LENGTH = 12 };

/* ---- models ---------------------------------------------------------------------------------- */

#define STUDENT "marian-student"

/* All types of weights, kinds of positions, decoders and norms that there are. */
static const struct subject {
    const char *folder, *file; /* file NULL: the folder itself */
    enum dtype type;
    const char *shortlist;
} subjects[] = {
    {STUDENT, "model.student.intgemm.alphas.bin", DTYPE_I8, FIXTURES STUDENT "/lex.s2t.bin"},
    {STUDENT, "model.student.npz", DTYPE_F32, FIXTURES STUDENT "/lex.s2t.bin"},
    {"marian", NULL, DTYPE_I8, NULL},
    {"m2m100", NULL, DTYPE_F32, NULL},
    {"t5", NULL, DTYPE_BF16, NULL},
    {"bart", NULL, DTYPE_F16, NULL},
};
enum { N_SUBJECTS = sizeof subjects / sizeof *subjects };

struct scene {
    struct fixture fixture;
    int32_t ids[N_SENTENCES][LONGEST];
    tolka_input inputs[N_SENTENCES];
};

/* Any tokens, the end token last; every third sentence is one that was there before. */
static void make_sentence(struct scene *scene, size_t i, uint32_t *state) {
    static const size_t lengths[] = {1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 18, 31, 33, 50, 62, LONGEST};
    const struct config *config = &scene->fixture.model->model.config;
    size_t n = lengths[(i * 7) % (sizeof lengths / sizeof *lengths)];
    for (size_t k = 0; k < n; k++) {
        *state = *state * 1664525u + 1013904223u;
        scene->ids[i][k] = (int32_t)((*state >> 8) % config->source_vocab);
    }
    scene->ids[i][n - 1] = config->end_token;
    scene->inputs[i] = (tolka_input)TOLKA_INPUT_INIT;
    scene->inputs[i].ids = scene->ids[i];
    scene->inputs[i].n_ids = n;
    if (i % 3 == 2) scene->inputs[i] = scene->inputs[i / 2];
}

static void scene_open(struct scene *scene, const struct subject *subject) {
    char checkpoint[256], vocab[256];
    struct convert_options options = {.type = subject->type, .shortlist = subject->shortlist};
    snprintf(checkpoint, sizeof checkpoint, subject->file ? "%s/%s" : "%s", subject->folder,
             subject->file);
    snprintf(vocab, sizeof vocab, FIXTURES "%s/vocab.spm", subject->folder);
    if (subject->file) options.vocab = vocab;
    scene->fixture = fixture_open_with(subject->folder, checkpoint, &options);
    uint32_t state = 1;
    for (size_t i = 0; i < N_SENTENCES; i++) make_sentence(scene, i, &state);
}

/* ---- searches -------------------------------------------------------------------------------- */

struct search_case {
    const char *name;
    int beam, n_best, want_scores, alternatives, want_alignments, groups, do_sample, ngram;
    int no_shortlist;
};

static const struct search_case searches[] = {
    {"greedy", .beam = 1, .n_best = 1},
    {"greedy with scores", .beam = 1, .n_best = 1, .want_scores = 1, .ngram = 2},
    {"greedy without a shortlist", .beam = 1, .n_best = 1, .want_scores = 1, .no_shortlist = 1},
    {"beam", .beam = 4, .n_best = 4},
    {"beam with alignments", .beam = 3, .n_best = 1, .want_alignments = 1, .ngram = 2},
    {"groups of a beam", .beam = 4, .n_best = 4, .groups = 2},
    {"samples", .beam = 1, .n_best = 3, .want_scores = 1, .do_sample = 1},
    {"alternatives", .beam = 1, .n_best = 3, .want_scores = 1, .alternatives = 1},
};
enum { N_SEARCHES = sizeof searches / sizeof *searches };

/* ---- arrangements ---------------------------------------------------------------------------- */

enum order { FORWARDS, BACKWARDS, MIXED };

static const struct arrangement {
    int batch, threads;
    enum order order;
    bool used; /* the translator has translated all of it before, in another order */
} arrangements[] = {
    {1, 1, FORWARDS, true},   {2, 1, BACKWARDS, false}, {3, 2, MIXED, true},
    {7, 8, FORWARDS, false},  {32, 1, MIXED, true},     {64, 3, FORWARDS, false},
    {64, 8, BACKWARDS, true}, {1, 3, MIXED, false},     {5, 1, BACKWARDS, true},
};
enum { N_ARRANGEMENTS = sizeof arrangements / sizeof *arrangements };

static bool all_of_them(void) {
    const char *wanted = getenv("SAME_BYTES");
    return wanted && strcmp(wanted, "all") == 0;
}

/* Where sentence i stands. */
static size_t place_of(enum order order, size_t i, size_t n) {
    return order == FORWARDS ? i : order == BACKWARDS ? n - 1 - i : (i * 7 + 3) % n;
}

/* ---- comparison ------------------------------------------------------------------------------ */

/* One run of a sentence in the eyes of a reader of failures. */
struct trial {
    const char *folder, *isa, *search;
    const struct arrangement *arrangement;
    size_t sentence;
};

static void expect(bool same, const struct trial *trial, const char *what) {
    const struct arrangement *a = trial->arrangement;
    if (!same)
        ck_abort_msg("%s, %s, %s, batches of %d, %d threads, order %d, %s: sentence %zu has other "
                     "%s than alone",
                     trial->folder, trial->isa, trial->search, a->batch, a->threads, (int)a->order,
                     a->used ? "used" : "new", trial->sentence, what);
}

static void compare_hypotheses(const struct trial *trial, const tolka_result *a,
                               const tolka_result *b, size_t k) {
    size_t n, m, rows, columns, other_rows, other_columns;
    const tolka_token *x = tolka_result_tokens(a, k, &n), *y = tolka_result_tokens(b, k, &m);
    float p = tolka_result_score(a, k), q = tolka_result_score(b, k);
    expect(n == m && memcmp(x, y, n * sizeof *x) == 0, trial, "tokens");
    expect(memcmp(&p, &q, sizeof p) == 0, trial, "scores");
    const float *weights = tolka_result_soft_alignment(a, k, &rows, &columns);
    const float *others = tolka_result_soft_alignment(b, k, &other_rows, &other_columns);
    expect(!weights == !others && rows == other_rows && columns == other_columns, trial, "shapes");
    if (weights)
        expect(memcmp(weights, others, rows * columns * sizeof *weights) == 0, trial, "alignments");
    const char *text = tolka_result_text(a, k, &n), *other_text = tolka_result_text(b, k, &m);
    expect(!text == !other_text && n == m, trial, "lengths of texts");
    if (text) expect(memcmp(text, other_text, n) == 0, trial, "text");
}

static void compare(const struct trial *trial, const tolka_result *a, const tolka_result *b) {
    size_t n = tolka_result_count(a);
    expect(tolka_result_status(a, NULL) == tolka_result_status(b, NULL), trial, "statuses");
    expect(n == tolka_result_count(b), trial, "numbers of hypotheses");
    for (size_t k = 0; k < n; k++) compare_hypotheses(trial, a, b, k);
    const char *warning = tolka_result_warning(a), *other = tolka_result_warning(b);
    expect(!warning == !other && (!warning || strcmp(warning, other) == 0), trial, "warnings");
}

/* ---- ids ------------------------------------------------------------------------------------- */

static tolka_translator *make_translator(const struct scene *scene,
                                         const struct search_case *search, const char *isa,
                                         int batch, int threads) {
    tolka_options options = TOLKA_OPTIONS_INIT;
    tolka_generation generation;
    tolka_model_generation(scene->fixture.model, &generation);
    generation.do_sample = search->do_sample;
    generation.top_k = 20;
    generation.seed = 7;
    generation.num_beam_groups = search->groups;
    generation.diversity_penalty = search->groups ? 0.5f : 0;
    generation.no_repeat_ngram_size = search->ngram;
    options.generation = &generation;
    options.beam = search->beam;
    options.n_best = search->n_best;
    options.want_scores = search->want_scores;
    options.alternatives = search->alternatives;
    options.want_alignments = search->want_alignments;
    options.no_shortlist = search->no_shortlist;
    options.max_length = MAX_LENGTH;
    options.isa = isa;
    options.batch = batch;
    options.threads = threads;
    return open_translator(scene->fixture.model, &options);
}

/* Each sentence by a translator of its own. */
static void translate_alone(const struct scene *scene, const struct search_case *search,
                            const char *isa, tolka_result **results) {
    for (size_t i = 0; i < N_SENTENCES; i++) {
        tolka_translator *translator = make_translator(scene, search, isa, 1, 1);
        tolka_result **one = run_inputs(translator, &scene->inputs[i], 1, false);
        results[i] = *one;
        free(one);
        tolka_translator_free(translator);
    }
}

static void arrange(const struct scene *scene, enum order order, tolka_input *inputs) {
    for (size_t i = 0; i < N_SENTENCES; i++)
        inputs[place_of(order, i, N_SENTENCES)] = scene->inputs[i];
}

static void try_arrangement(const struct scene *scene, const struct search_case *search,
                            struct trial *trial, tolka_result **expected) {
    const struct arrangement *a = trial->arrangement;
    tolka_input inputs[N_SENTENCES];
    tolka_translator *translator = make_translator(scene, search, trial->isa, a->batch, a->threads);
    arrange(scene, (a->order + 1) % 3, inputs);
    if (a->used) free_results(run_inputs(translator, inputs, N_SENTENCES, false), N_SENTENCES);
    arrange(scene, a->order, inputs);
    tolka_result **results = run_inputs(translator, inputs, N_SENTENCES, false);
    for (trial->sentence = 0; trial->sentence < N_SENTENCES; trial->sentence++)
        compare(trial, expected[trial->sentence],
                results[place_of(a->order, trial->sentence, N_SENTENCES)]);
    free_results(results, N_SENTENCES);
    tolka_translator_free(translator);
}

/* In all arrangements, or in two of them, other ones for each number. */
static void check_search_case(const struct scene *scene, struct trial *trial,
                              const struct search_case *search, size_t number) {
    tolka_result *expected[N_SENTENCES];
    size_t n_tried = all_of_them() ? N_ARRANGEMENTS : 2;
    trial->search = search->name;
    translate_alone(scene, search, trial->isa, expected);
    for (size_t i = 0; i < n_tried; i++) {
        trial->arrangement = &arrangements[(2 * number + i) % N_ARRANGEMENTS];
        try_arrangement(scene, search, trial, expected);
    }
    for (size_t i = 0; i < N_SENTENCES; i++) tolka_result_free(expected[i]);
}

START_TEST(ids_do_not_depend_on_company) {
    struct scene scene;
    const struct kernels *levels[MAX_LEVELS + 1];
    size_t n_levels = kernels_available(levels);
    scene_open(&scene, &subjects[_i]);
    for (size_t i = 0; i < n_levels * N_SEARCHES; i++) {
        size_t level = i / N_SEARCHES, n = i % N_SEARCHES;
        struct trial trial = {.folder = subjects[_i].folder, .isa = levels[level]->name};
        if (all_of_them() || (n + level + (size_t)_i) % 3 == 0)
            check_search_case(&scene, &trial, &searches[n], n + (size_t)_i * N_SEARCHES + level);
    }
    fixture_close(&scene.fixture);
}
END_TEST

/* ---- texts ----------------------------------------------------------------------------------- */

static const char *const texts[] = {
    "Hello.",
    "The weather is nice today. Where did you put the keys? I wrote a letter yesterday.",
    "",
    "I",
    "  - Tom, who had waited for the bus since early in the morning, went home, as it rained.  ",
    "Hello.",
    "x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x",
    "\xe4\xbd\xa0\xe5\xa5\xbd, said Zo\xc3\xab; 12:30.",
    "Good night.\n\nSee you tomorrow!",
    "I",
};
enum { N_TEXTS = sizeof texts / sizeof *texts };

static const struct text_search {
    const char *name;
    int beam, want_alignments, no_guards;
    tolka_split split;
} text_searches[] = {
    {"texts, greedy", 1, 0, 0, TOLKA_SPLIT_DEFAULT},
    {"texts, beam with alignments", 3, 1, 0, TOLKA_SPLIT_DEFAULT},
    {"texts, as they come", 2, 0, 1, TOLKA_SPLIT_NEVER},
};
enum { N_TEXT_SEARCHES = sizeof text_searches / sizeof *text_searches };

struct shelf {
    tolka_model *model;
    tolka_tokenizer *tokenizer;
};

static tolka_translator *text_translator(const struct shelf *shelf,
                                         const struct text_search *search, const char *isa,
                                         int batch, int threads) {
    tolka_options options = TOLKA_OPTIONS_INIT;
    options.beam = search->beam;
    options.want_scores = 1;
    options.want_alignments = search->want_alignments;
    options.no_guards = search->no_guards;
    options.split = search->split;
    options.max_length = 25;
    options.isa = isa;
    options.batch = batch;
    options.threads = threads;
    return open_translator(shelf->model, &options);
}

static void keep(void *user, size_t index, tolka_result *result) {
    ((tolka_result **)user)[index] = result;
}

/* In an order of theirs; results come in the order of `texts`. */
static void translate_texts(const struct shelf *shelf, tolka_translator *translator,
                            enum order order, tolka_result **results) {
    tolka_text arranged[N_TEXTS];
    tolka_result *found[N_TEXTS] = {NULL};
    tolka_error err = {0};
    for (size_t i = 0; i < N_TEXTS; i++)
        arranged[place_of(order, i, N_TEXTS)] = (tolka_text){texts[i], strlen(texts[i]), NULL, 0};
    tolka_status status =
        tolka_translate_texts(translator, shelf->tokenizer, arranged, N_TEXTS, keep, found, &err);
    ck_assert_msg(status == TOLKA_OK, "%s", err.text);
    for (size_t i = 0; i < N_TEXTS; i++) results[i] = found[place_of(order, i, N_TEXTS)];
}

static void free_texts(tolka_result **results) {
    for (size_t i = 0; i < N_TEXTS; i++) tolka_result_free(results[i]);
}

static void try_texts(const struct shelf *shelf, const struct text_search *search,
                      struct trial *trial, tolka_result **expected) {
    const struct arrangement *a = trial->arrangement;
    tolka_result *results[N_TEXTS];
    tolka_translator *translator = text_translator(shelf, search, trial->isa, a->batch, a->threads);
    if (a->used) {
        translate_texts(shelf, translator, (a->order + 1) % 3, results);
        free_texts(results);
    }
    translate_texts(shelf, translator, a->order, results);
    for (trial->sentence = 0; trial->sentence < N_TEXTS; trial->sentence++)
        compare(trial, expected[trial->sentence], results[trial->sentence]);
    free_texts(results);
    tolka_translator_free(translator);
}

static void translate_text_alone(const struct shelf *shelf, const struct text_search *search,
                                 const char *isa, size_t i, tolka_result **result) {
    tolka_translator *translator = text_translator(shelf, search, isa, 1, 1);
    tolka_text text = {texts[i], strlen(texts[i]), NULL, 0};
    tolka_status status =
        tolka_translate_texts(translator, shelf->tokenizer, &text, 1, keep, result, NULL);
    ck_assert_int_eq(status, TOLKA_OK);
    tolka_translator_free(translator);
}

static void check_texts_of(const struct shelf *shelf, struct trial *trial, size_t level, size_t n) {
    const struct text_search *search = &text_searches[n];
    tolka_result *expected[N_TEXTS];
    size_t n_tried = all_of_them() ? N_ARRANGEMENTS : 2;
    trial->search = search->name;
    for (size_t i = 0; i < N_TEXTS; i++)
        translate_text_alone(shelf, search, trial->isa, i, &expected[i]);
    for (size_t i = 0; i < n_tried; i++) {
        trial->arrangement = &arrangements[(level + 3 * n + i) % N_ARRANGEMENTS];
        try_texts(shelf, search, trial, expected);
    }
    free_texts(expected);
}

/* Each search on a level of its own, and not on scalar, the last one, which takes seconds. */
static bool is_tried(size_t level, size_t n_levels, size_t search) {
    return all_of_them() || level == (n_levels > 1 ? search % (n_levels - 1) : 0);
}

START_TEST(texts_do_not_depend_on_company) {
    struct shelf shelf;
    const struct kernels *levels[MAX_LEVELS + 1];
    size_t n_levels = kernels_available(levels), n = (size_t)_i;
    ck_assert_int_eq(tolka_model_open(&shelf.model, SHIPPED_MODEL, NULL), TOLKA_OK);
    ck_assert_int_eq(tolka_tokenizer_new(&shelf.tokenizer, shelf.model, "en", "de", NULL),
                     TOLKA_OK);
    for (size_t level = 0; level < n_levels; level++) {
        struct trial trial = {.folder = SHIPPED_MODEL, .isa = levels[level]->name};
        if (is_tried(level, n_levels, n)) check_texts_of(&shelf, &trial, level, n);
    }
    tolka_tokenizer_free(shelf.tokenizer);
    tolka_model_free(shelf.model);
}
END_TEST

Suite *same_bytes_suite(void) {
    Suite *suite = suite_create("same_bytes");
    TCase *tcase = tcase_create("company");
    tcase_set_timeout(tcase, all_of_them() ? 1800 : 60);
    tcase_add_loop_test(tcase, ids_do_not_depend_on_company, 0, N_SUBJECTS);
    tcase_add_loop_test(tcase, texts_do_not_depend_on_company, 0, N_TEXT_SEARCHES);
    suite_add_tcase(suite, tcase);
    return suite;
}
