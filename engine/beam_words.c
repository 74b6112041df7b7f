#include "engine/beam_words.h"

#include "engine/progress.h"

void word_room_take(struct word_room *room, const struct batch_shape *shape, struct arena *arena) {
    size_t n = shape->beam * (1 + shape->n_phrases);
    room->tokens = arena_take(arena, shape->n_steps + 1, sizeof *room->tokens);
    room->progress = arena_take(arena, shape->beam, sizeof *room->progress);
    room->list = arena_take(arena, n, sizeof *room->list);
    room->spare = arena_take(arena, n, sizeof *room->spare);
}

/* A sentence's step. */
struct step {
    const struct extending *extending;
    const struct choice *choices;
    const struct word_room *room;
    size_t n;       /* candidates in room->list */
    int32_t forced; /* -1: no token must come */
    bool is_prompt, is_last;
};

/* Progress is made anew of all tokens, which costs less than what attention does with them. */
static void read_progress(const struct step *step) {
    const struct extending *extending = step->extending;
    const tolka_generation *settings = &extending->options->generation->settings;
    const struct sentence_search *sentence = extending->sentence;
    for (size_t b = 0; b < sentence->n_live; b++) {
        struct progress *progress = &step->room->progress[b];
        size_t n = hypothesis_tokens(extending->history, &sentence->live[b], sentence->n_generated,
                                     step->room->tokens);
        *progress = progress_begin(settings->force_words, settings->n_force_words);
        for (size_t i = 0; i < n; i++) progress_add(progress, step->room->tokens[i]);
    }
}

static struct ranked *add(struct step *step, struct extension extension) {
    struct progress progress = step->room->progress[extension.parent];
    struct ranked *ranked = &step->room->list[step->n++];
    progress_add(&progress, extension.token);
    *ranked = (struct ranked){.extension = extension,
                              .steps = progress_steps(&progress),
                              .is_complete = progress_is_complete(&progress)};
    return ranked;
}

/* ---- the likeliest --------------------------------------------------------------------------- */

/* Those of the first `beam` candidates that end are kept if they have all words; the best `beam`
 * others may go on. */
static void take_best(struct step *step, const struct extensions *best) {
    size_t beam = (size_t)step->extending->options->beam;
    for (size_t i = 0; i < best->n && step->n < beam; i++) {
        const struct extension *extension = &best->list[i];
        if (!(extension->sum > -INFINITY)) break;
        if (extension->token != step->extending->config->end_token)
            add(step, *extension);
        else if (i < beam && progress_is_complete(&step->room->progress[extension->parent]))
            extension_ends(step->extending, extension, beam);
    }
}

/* Where the first token is forced, transformers' beam is full of it, although all but one have a
 * probability of next to nothing. */
static void add_shadows(struct step *step) {
    const struct sentence_search *sentence = step->extending->sentence;
    if (step->is_prompt || step->forced < 0 || sentence->n_generated > 0 || step->n == 0) return;
    while (step->n < (size_t)step->extending->options->beam) {
        struct extension extension = step->room->list[0].extension;
        extension.sum = -1e9f;
        add(step, extension)->is_shadow = true;
    }
}

/* ---- those that go on with words ------------------------------------------------------------- */

static bool is_listed(const struct step *step, uint32_t parent, int32_t token) {
    for (size_t i = 0; i < step->n; i++) {
        const struct extension *extension = &step->room->list[i].extension;
        if (extension->parent == parent && extension->token == token) return true;
    }
    return false;
}

/* A token that cannot come has a probability of 0 and takes its turn all the same. */
static float log_prob_of(const struct step *step, uint32_t parent, int32_t token) {
    if (step->forced >= 0) return token == step->forced ? 0 : -INFINITY;
    return step->choices[parent].row[token];
}

static void add_words_of(struct step *step, uint32_t parent) {
    const struct progress *progress = &step->room->progress[parent];
    float sum = step->extending->sentence->live[parent].sum;
    int32_t next[MAX_SEQUENCES];
    size_t n = progress_next(progress, next), first = step->n;
    /* Transformers counts the steps of a word that has been begun in a list which all of its
     * continuations share: the first one is counted, of the others each goes on from the last that
     * could. */
    struct progress shared = *progress;
    for (size_t i = 0; i < n; i++) {
        struct progress own = *progress;
        own.path = shared.path, own.depth = shared.depth;
        progress_add(&own, next[i]);
        bool goes_on = progress->current >= 0 && own.depth > shared.depth;
        if (goes_on) shared.path = own.path, shared.depth = own.depth;
        if (is_listed(step, parent, next[i])) continue;
        float log_prob = log_prob_of(step, parent, next[i]);
        struct ranked *ranked =
            add(step, (struct extension){sum + log_prob, log_prob, next[i], parent});
        ranked->steps = progress_steps(&own);
        ranked->turn = goes_on && own.current >= 0 ? (uint32_t)own.depth : 0;
    }
    for (size_t i = first; i < step->n; i++)
        if (step->room->list[i].turn)
            step->room->list[i].steps += shared.depth - step->room->list[i].turn;
}

static void add_words(struct step *step) {
    for (uint32_t b = 0; b < step->extending->sentence->n_live; b++)
        if (!progress_is_complete(&step->room->progress[b])) add_words_of(step, b);
}

/* ---- turns ----------------------------------------------------------------------------------- */

static bool has_greater_key(const struct ranked *a, const struct ranked *b) {
    return a->key > b->key;
}

static bool has_earlier_turn(const struct ranked *a, const struct ranked *b) {
    return a->turn < b->turn;
}

/* Sorts stably, without the memory that qsort may allocate. */
static void sort(struct ranked *list, struct ranked *spare, size_t n,
                 bool (*before)(const struct ranked *, const struct ranked *)) {
    size_t half = n / 2, a = 0, b = half;
    if (n < 2) return;
    sort(list, spare, half, before);
    sort(list + half, spare, n - half, before);
    for (size_t i = 0; i < n; i++) {
        bool from_b = a == half || (b < n && before(&list[b], &list[a]));
        spare[i] = from_b ? list[b++] : list[a++];
    }
    for (size_t i = 0; i < n; i++) list[i] = spare[i];
}

/* The best of each number of steps, then the second best of each, and so on. A step outweighs what
 * probabilities differ by, if they do not differ by more than 100. */
static void choose_by_turns(struct step *step) {
    struct ranked *list = step->room->list;
    size_t beam = (size_t)step->extending->options->beam;
    for (size_t i = 0; i < step->n; i++)
        list[i].key = (float)(100 * list[i].steps) + list[i].extension.sum;
    sort(list, step->room->spare, step->n, has_greater_key);
    for (size_t i = 0; i < step->n; i++)
        list[i].turn = i > 0 && list[i].steps == list[i - 1].steps ? list[i - 1].turn + 1 : 0;
    sort(list, step->room->spare, step->n, has_earlier_turn);
    if (step->n > beam) step->n = beam;
}

/* ---- ends ------------------------------------------------------------------------------------ */

/* Those that are complete, or those that are not, end as they are; returns how many there are. */
static size_t end_those(const struct step *step, bool complete) {
    size_t n = 0;
    for (size_t i = 0; i < step->n; i++) {
        const struct ranked *ranked = &step->room->list[i];
        if (ranked->is_complete != complete || ranked->is_shadow) continue;
        n++;
        if (ranked->extension.sum > -INFINITY)
            extension_ends(step->extending, &ranked->extension,
                           (size_t)step->extending->options->beam);
    }
    return n;
}

/* What has not found its words when the length limit is reached is better than nothing. */
static void end_rest(const struct step *step, const struct extensions *best) {
    const struct sentence_search *sentence = step->extending->sentence;
    size_t beam = (size_t)step->extending->options->beam;
    size_t n_complete = end_those(step, true);
    if (n_complete < (size_t)step->extending->options->n_best || sentence->n_finished == 0)
        end_those(step, false);
    for (size_t i = 0; sentence->n_finished == 0 && i < best->n && i < beam; i++)
        extension_ends(step->extending, &best->list[i], beam);
}

static size_t go_on(const struct step *step) {
    size_t n = 0;
    for (size_t i = 0; i < step->n; i++)
        if (!step->room->list[i].is_shadow)
            extension_goes_on(step->extending, n++, &step->room->list[i].extension);
    return n;
}

bool words_advance(const struct extending *extending, const struct choice *choices,
                   const struct word_room *room) {
    const struct sentence_search *sentence = extending->sentence;
    struct extensions best = {.wanted = beam_candidates(extending->options->beam)};
    struct step step = {.extending = extending,
                        .choices = choices,
                        .room = room,
                        .forced = forced_token(extending),
                        .is_prompt = sentence->n_generated < sentence->n_prefix,
                        .is_last = is_last_step(sentence)};
    beam_collect(extending, choices, &best);
    read_progress(&step);
    take_best(&step, &best);
    add_shadows(&step);
    size_t n_likeliest = step.n;
    if (!step.is_prompt) add_words(&step);
    if (step.n > n_likeliest) choose_by_turns(&step);
    size_t n_next = go_on(&step);
    bool is_over = step.is_last || n_next == 0;
    bool is_done = best.n > 0 && beam_is_settled(extending->options, sentence, best.list[0].sum,
                                                 (size_t)extending->options->beam);
    if (is_over && !is_done) end_rest(&step, &best);
    hypotheses_go_on(extending, n_next);
    return is_over || is_done;
}
