#include "engine/search.h"

#include "engine/beam_rules.h"
#include "engine/decoder.h"
#include "engine/greedy.h"

#include <string.h>

void search_take(struct search *search, const struct batch_shape *shape, struct arena *arena) {
    size_t n = shape->n_sentences, n_slots = shape->n_slots;
    size_t n_top = shape->beam > 1 ? beam_candidates((int)shape->beam) : 0;
    search->n_places = n;
    search->sentences =
        hypotheses_take(&search->history, n, shape->beam, shape->n_steps, arena);
    search->active = arena_take(arena, n, sizeof *search->active);
    search->vacant = arena_take(arena, n, sizeof *search->vacant);
    search->ended = arena_take(arena, n, sizeof *search->ended);
    search->rows = arena_take(arena, n_slots, sizeof *search->rows);
    search->targets = arena_take(arena, n_slots, sizeof *search->targets);
    search->choices = arena_take(arena, n_slots, sizeof *search->choices);
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

size_t search_place(struct search *search, const tolka_input *input, size_t index, size_t limit) {
    size_t place = search->vacant[--search->n_vacant];
    struct sentence_search *sentence = &search->sentences[place];
    sentence->input = input;
    sentence->index = index;
    sentence->limit = (uint32_t)limit;
    hypothesis_start(&search->history, sentence, place, search->config);
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

static struct wanted wanted_of(const struct search *search) {
    const struct search_options *options = &search->options;
    bool beam = options->beam > 1;
    return (struct wanted){.n_top = beam ? beam_candidates(options->beam) : 0,
                           .sum = beam || options->want_scores,
                           .targets = options->teacher ? search->targets : NULL};
}

/* One sentence by one token; true when it is done. */
static bool advance(struct search *search, size_t place, const struct choice *choices) {
    struct sentence_search *sentence = &search->sentences[place];
    struct extending extending = {.config = search->config,
                                  .options = &search->options,
                                  .history = &search->history,
                                  .sentence = sentence,
                                  .place = place};
    bool is_done = search->options.teacher     ? teacher_advance(&extending, choices)
                   : search->options.beam == 1 ? greedy_advance(&extending, choices)
                                               : beam_advance(&extending, choices);
    sentence->n_generated++;
    return is_done;
}

void search_step(struct search *search, struct transformer *transformer,
                 const struct output *output) {
    struct decoder_rows rows = gather_rows(search);
    struct wanted wanted = wanted_of(search);
    size_t n_active = search->n_active, r = 0;
    search->n_active = search->n_ended = 0;
    decode_step(transformer, rows);
    output_choices(output, transformer->activations.x, rows, &wanted, search->choices);
    for (size_t i = 0; i < n_active; i++) {
        size_t place = search->active[i], n_live = search->sentences[place].n_live;
        if (advance(search, place, &search->choices[r]))
            search->ended[search->n_ended++] = place;
        else
            search->active[search->n_active++] = place;
        r += n_live;
    }
    for (size_t i = 0; i < search->n_ended; i++)
        search->vacant[search->n_vacant++] = search->ended[i];
}
