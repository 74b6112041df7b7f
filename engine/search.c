#include "engine/search.h"

#include "engine/beam_groups.h"
#include "engine/decoder.h"
#include "engine/greedy.h"
#include "engine/sampling.h"

void search_take(struct search *search, const struct batch_shape *shape, struct arena *arena) {
    size_t n = shape->n_sentences, n_slots = shape->n_slots;
    size_t n_top = shape->beam > 1 ? beam_candidates((int)shape->beam) : 1;
    search->n_places = n;
    search->sentences = hypotheses_take(&search->history, n, shape->beam, shape->n_steps, arena);
    if (shape->covers) hypotheses_take_coverage(&search->history, shape->longest, arena);
    search->active = arena_take(arena, n, sizeof *search->active);
    search->vacant = arena_take(arena, n, sizeof *search->vacant);
    search->ended = arena_take(arena, n, sizeof *search->ended);
    search->rows = arena_take(arena, n_slots, sizeof *search->rows);
    search->targets = arena_take(arena, n_slots, sizeof *search->targets);
    search->choices = arena_take(arena, n_slots, sizeof *search->choices);
    search->contexts = NULL;
    if (shape->rows != ROWS_NONE) {
        search->contexts = arena_take(arena, n_slots, sizeof *search->contexts);
        search->tokens = arena_take(arena, n_slots * (shape->n_steps + 1), sizeof(int32_t));
        search->numbers = arena_take(arena, n_slots, sizeof *search->numbers);
    }
    if (shape->n_phrases) word_room_take(&search->words, shape, arena);
    struct candidate *top = arena_take(arena, n_slots * n_top, sizeof *top);
    for (size_t r = 0; search->choices && r < n_slots; r++)
        search->choices[r].top = top + r * n_top;
}

void search_begin(struct search *search, const struct config *config,
                  const struct search_options *options) {
    search->config = config;
    search->options = *options;
    search->n_active = search->n_ended = 0;
    search->n_vacant = search->n_places;
    for (size_t i = 0; i < search->n_places; i++) search->vacant[i] = search->n_places - 1 - i;
}

/* ---- places ---------------------------------------------------------------------------------- */

bool search_wants_more(const struct search *search) {
    size_t n = search->n_places;
    return search->n_vacant == n || search->n_vacant >= (n + 3) / 4;
}

static struct extending extending_at(struct search *search, size_t place) {
    return (struct extending){.config = search->config,
                              .options = &search->options,
                              .history = &search->history,
                              .sentence = &search->sentences[place],
                              .place = place};
}

/* Before this, a translator has refused words where there is no beam. */
static bool requires_words(const struct search *search) {
    return search->options.generation->settings.n_force_words > 0;
}

static bool draws(const struct search *search) {
    return search->options.generation->settings.do_sample && !search->options.teacher;
}

size_t search_place(struct search *search, const tolka_input *input, size_t index, size_t limit) {
    size_t place = search->vacant[--search->n_vacant];
    struct sentence_search *sentence = &search->sentences[place];
    sentence->input = input;
    sentence->index = index;
    sentence->limit = (uint32_t)limit;
    hypothesis_start(&search->history, sentence, place, search->config, &search->options);
    struct extending extending = extending_at(search, place);
    if (draws(search)) samples_start(&extending);
    if (search->options.groups > 1) groups_start(&extending);
    search->active[search->n_active++] = place;
    return place;
}

/* ---- a step ---------------------------------------------------------------------------------- */

/* A row for every live hypothesis; those of one sentence stand together. */
static struct decoder_rows gather_rows(struct search *search) {
    size_t n_rows = 0;
    for (size_t i = 0; i < search->n_active; i++) {
        const struct sentence_search *sentence = &search->sentences[search->active[i]];
        for (size_t k = 0; k < sentence->n_live; k++) {
            const struct hypothesis *live = &sentence->live[k];
            if (search->options.teacher)
                search->targets[n_rows] = sentence->input->target[sentence->n_generated];
            search->rows[n_rows++] = (struct decoder_row){.token = live->token,
                                                          .position = sentence->n_generated,
                                                          .sentence = (uint32_t)search->active[i],
                                                          .slot = live->slot,
                                                          .nodes = live->nodes,
                                                          .cell = live->cell};
        }
    }
    return (struct decoder_rows){search->rows, n_rows};
}

/* What each row's translation has so far, and the number that its next token is drawn by. */
static void fill_context(struct search *search, size_t r, const struct sentence_search *sentence,
                         const struct hypothesis *live) {
    int32_t *tokens = search->tokens + r * (search->history.n_steps + 1);
    size_t n = hypothesis_tokens(&search->history, live, sentence->n_generated, tokens);
    search->contexts[r] =
        (struct row_context){.tokens = tokens,
                             .n_tokens = n,
                             .source = sentence->input->ids,
                             .n_source = sentence->input->n_ids,
                             .n_prompt = n - sentence->n_generated + sentence->n_prefix,
                             .is_forced_first = sentence->forced_first >= 0};
    search->numbers[r] = sampling_number(search->options.generation->settings.seed,
                                         sentence->source, live->number, sentence->n_generated);
}

static void fill_contexts(struct search *search) {
    size_t r = 0;
    for (size_t i = 0; i < search->n_active; i++) {
        const struct sentence_search *sentence = &search->sentences[search->active[i]];
        for (size_t k = 0; k < sentence->n_live; k++)
            fill_context(search, r++, sentence, &sentence->live[k]);
    }
}

static size_t top_of(const struct search_options *options) {
    if (options->teacher || options->generation->settings.do_sample) return 0;
    if (options->alternatives) return (size_t)options->n_best;
    return options->beam > 1 ? beam_candidates(options->beam) : 0;
}

static struct wanted wanted_of(struct search *search) {
    const struct search_options *options = &search->options;
    size_t n_top = top_of(options);
    bool rows = search->contexts && !options->teacher;
    if (rows) fill_contexts(search);
    return (struct wanted){.n_top = n_top,
                           .greedily = options->alternatives,
                           .sum = n_top > 0 || options->want_scores,
                           .targets = options->teacher ? search->targets : NULL,
                           .generation = options->generation,
                           .contexts = rows ? search->contexts : NULL,
                           .numbers = search->numbers};
}

/* What each hypothesis's row paid attention to, where scores count it. */
static void fill_attention(struct search *search, const struct attention_rows *seen) {
    const float *row = seen->weights;
    for (size_t i = 0; i < search->n_active; i++) {
        struct sentence_search *sentence = &search->sentences[search->active[i]];
        for (size_t k = 0; k < sentence->n_live; k++, row += seen->stride)
            sentence->live[k].attention = row;
    }
}

static bool is_broken(const struct sentence_search *sentence, const struct wanted *wanted,
                      const struct choice *choices) {
    for (size_t k = 0; k < sentence->n_live; k++)
        if (!choice_is_sound(&choices[k], wanted)) return true;
    return false;
}

/* One sentence by one token; true when it is done. */
static bool advance(struct search *search, size_t place, const struct wanted *wanted,
                    const struct choice *choices) {
    const struct search_options *options = &search->options;
    search->sentences[place].is_broken = is_broken(&search->sentences[place], wanted, choices);
    if (search->sentences[place].is_broken) return true;
    struct extending extending = extending_at(search, place);
    bool is_done = options->teacher         ? teacher_advance(&extending, choices)
                   : draws(search)          ? samples_advance(&extending, choices)
                   : options->alternatives  ? alternatives_advance(&extending, choices)
                   : options->beam == 1     ? greedy_advance(&extending, choices)
                   : options->groups > 1    ? groups_advance(&extending, choices)
                   : requires_words(search) ? words_advance(&extending, choices, &search->words)
                                            : beam_advance(&extending, choices);
    search->sentences[place].n_generated++;
    return is_done;
}

void search_step(struct search *search, struct transformer *transformer,
                 const struct output *output) {
    struct decoder_rows rows = gather_rows(search);
    struct wanted wanted = wanted_of(search);
    size_t n_active = search->n_active, r = 0;
    decode_step(transformer, rows);
    if (transformer->seen.stride) fill_attention(search, &transformer->seen);
    search->n_active = search->n_ended = 0;
    output_choices(output, transformer->activations.x, rows, &wanted, search->choices);
    for (size_t i = 0; i < n_active; i++) {
        size_t place = search->active[i], n_live = search->sentences[place].n_live;
        if (advance(search, place, &wanted, &search->choices[r]))
            search->ended[search->n_ended++] = place;
        else
            search->active[search->n_active++] = place;
        r += n_live;
    }
    for (size_t i = 0; i < search->n_ended; i++)
        search->vacant[search->n_vacant++] = search->ended[i];
}

/* ---- what is settled ------------------------------------------------------------------------- */

static bool live_agree(const struct sentence_search *sentence, uint32_t position) {
    for (size_t k = 1; k < sentence->n_live; k++)
        if (sentence->live[k].nodes[position] != sentence->live[0].nodes[position]) return false;
    return true;
}

/* One that has ended may still win. */
static bool finished_agree(const struct sentence_search *sentence, size_t i, int32_t token) {
    for (size_t k = 0; k < sentence->n_finished; k++)
        if (sentence->finished[k].n_tokens <= i || sentence->finished[k].tokens[i].id != token)
            return false;
    return true;
}

size_t search_settled(const struct search *search, size_t place, tolka_token *out) {
    const struct sentence_search *sentence = &search->sentences[place];
    const struct history *history = &search->history;
    size_t n = 0;
    if (search->options.groups > 1) return 0; /* they are there to disagree */
    for (uint32_t i = 1; i <= sentence->n_generated && live_agree(sentence, i); i++) {
        int32_t node = sentence->live[0].nodes[i], token = history->node_token[node];
        if (!finished_agree(sentence, n, token)) break;
        out[n++] = (tolka_token){token, history->node_log_prob[node]};
    }
    return n;
}
