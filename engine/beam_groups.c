#include "engine/beam_groups.h"

#include "engine/extensions.h"

/* One group's turn. Its finished hypotheses are a part of the sentence's list, which `view` shows
 * it as if there were no others. */
struct group {
    struct extending extending; /* of `view` */
    struct sentence_search view;
    struct group_state *state;
    size_t number, size;
};

static void group_open(struct group *group, const struct extending *extending, size_t number) {
    struct sentence_search *sentence = extending->sentence;
    group->number = number;
    group->size = (size_t)extending->options->beam / (size_t)extending->options->groups;
    group->state = &sentence->groups[number];
    group->view = *sentence;
    group->view.finished = sentence->finished + number * group->size;
    group->view.n_finished = group->state->n_finished;
    group->extending = *extending;
    group->extending.sentence = &group->view;
}

void groups_start(const struct extending *extending) {
    struct sentence_search *sentence = extending->sentence;
    size_t n = (size_t)extending->options->groups;
    for (size_t g = 0; g < n; g++) {
        sentence->live[g] = sentence->live[0];
        sentence->live[g].number = (uint32_t)g;
        sentence->groups[g] = (struct group_state){0};
    }
    sentence->n_live = n;
}

/* ---- candidates ------------------------------------------------------------------------------ */

/* How often earlier groups chose a token at this step, of which n_next hypotheses are there. A
 * group that was done before goes on with padding in transformers, which counts there as here. */
static size_t times_chosen(const struct group *group, size_t n_next, int32_t token) {
    const struct hypothesis *next = group->extending.history->next;
    size_t n = 0;
    for (size_t k = 0; k < n_next; k++) n += next[k].token == token;
    if (token != group->extending.config->pad_token) return n;
    for (size_t g = 0; g < group->number; g++)
        if (group->view.groups[g].was_done) n += group->size;
    return n;
}

static float penalty_of(const struct group *group, size_t n_next, int32_t token) {
    return group->extending.options->generation->settings.diversity_penalty *
           (float)times_chosen(group, n_next, token);
}

/* What a token takes from the sum of a row's probabilities by its penalty. */
static double lost_to(const struct group *group, size_t n_next, int32_t token, const float *row) {
    if (token < 0 || (uint32_t)token >= group->extending.config->target_vocab) return 0;
    return exp((double)row[token]) * -expm1((double)-penalty_of(group, n_next, token));
}

/* The logarithm of the sum that all tokens leave, from the greatest down. */
static double log_sum_all(const struct group *group, size_t n_next, const float *row) {
    uint32_t n = group->extending.config->target_vocab;
    double max = -INFINITY, sum = 0;
    for (uint32_t i = 0; i < n; i++)
        if (row[i] > -INFINITY)
            max = fmax(max, (double)(row[i] - penalty_of(group, n_next, (int32_t)i)));
    for (uint32_t i = 0; i < n; i++)
        if (row[i] > -INFINITY)
            sum += exp((double)(row[i] - penalty_of(group, n_next, (int32_t)i)) - max);
    return max > -INFINITY ? max + log(sum) : 0;
}

/* The logarithm of what is left of a row's probabilities, where they are made to sum to one. */
static float log_rest(const struct group *group, size_t n_next, const float *row) {
    const struct hypothesis *next = group->extending.history->next;
    int32_t pad = group->extending.config->pad_token;
    if (!row || group->number == 0) return 0;
    bool pad_is_chosen = false;
    double rest = 1;
    for (size_t k = 0; k < n_next; k++) {
        bool again = false;
        for (size_t i = 0; i < k && !again; i++) again = next[i].token == next[k].token;
        if (!again) rest -= lost_to(group, n_next, next[k].token, row);
        pad_is_chosen |= next[k].token == pad;
    }
    if (!pad_is_chosen) rest -= lost_to(group, n_next, pad, row);
    /* A small difference of great numbers would not be exact. */
    return (float)(rest > 1e-3 ? log(rest) : log_sum_all(group, n_next, row));
}

/* The penalty changes the order, but only of tokens that others chose: of those
 * beam_candidates(beam) that a choice has, enough are left that the best are among them. */
static void insert_choices(const struct group *group, const struct choice *choice, uint32_t parent,
                           size_t n_next, struct extensions *best) {
    float sum = group->view.live[parent].sum, rest = log_rest(group, n_next, choice->row);
    for (size_t i = 0; i < choice->n_top; i++) {
        int32_t token = choice->top[i].id;
        float log_prob = choice_log_prob(choice, choice->top[i].value);
        if (!(log_prob > -INFINITY)) break;
        log_prob -= penalty_of(group, n_next, token) + rest;
        extensions_insert(best, (struct extension){sum + log_prob, log_prob, token, parent});
    }
}

static void collect(const struct group *group, const struct choice *choices, size_t n_next,
                    struct extensions *best) {
    int32_t forced = forced_token(&group->extending);
    best->n = 0;
    for (uint32_t b = 0; b < group->view.n_live; b++) {
        const struct hypothesis *live = &group->view.live[b];
        if (live->number != group->number) continue;
        if (forced >= 0)
            extensions_insert(best, (struct extension){live->sum, 0, forced, b});
        else
            insert_choices(group, &choices[b], b, n_next, best);
    }
}

/* ---- rules ----------------------------------------------------------------------------------- */

/* Here the best candidate counts, whether it ended or goes on. */
static bool is_done(const struct group *group, const struct extensions *best) {
    return best->n == 0 ||
           beam_is_settled(group->extending.options, &group->view, best->list[0].sum, group->size);
}

/* Those of the first `size` candidates that end are kept; the best `size` others go on. Returns how
 * many hypotheses go on with those of earlier groups. */
static size_t choose(struct group *group, const struct extensions *best, size_t n_next) {
    size_t end = n_next + group->size;
    for (size_t i = 0; i < best->n && n_next < end; i++) {
        const struct extension *extension = &best->list[i];
        if (extension->token != group->extending.config->end_token)
            extension_goes_on(&group->extending, n_next++, extension);
        else if (i < group->size)
            extension_ends(&group->extending, extension, group->size);
    }
    return n_next;
}

/* Where the length limit is reached, those that go on end as they are. */
static void end_rest(struct group *group, const struct extensions *best) {
    size_t n = 0;
    for (size_t i = 0; i < best->n && n < group->size; i++) {
        if (best->list[i].token == group->extending.config->end_token) continue;
        extension_ends(&group->extending, &best->list[i], group->size);
        n++;
    }
}

static size_t advance_group(struct group *group, const struct choice *choices, size_t n_next) {
    struct extensions best = {.wanted = beam_candidates((int)group->size)};
    collect(group, choices, n_next, &best);
    n_next = choose(group, &best, n_next);
    group->state->is_done = is_done(group, &best);
    if (!group->state->is_done && is_last_step(&group->view)) end_rest(group, &best);
    group->state->n_finished = group->view.n_finished;
    return n_next;
}

/* ---- all groups ------------------------------------------------------------------------------ */

/* Hypotheses of groups that are done do not go on. */
static void go_on(const struct extending *extending, size_t n_next) {
    struct hypothesis *next = extending->history->next;
    struct group_state *groups = extending->sentence->groups;
    size_t n = 0;
    for (size_t k = 0; k < n_next; k++)
        if (!groups[next[k].number].is_done) next[n++] = next[k];
    for (int g = 0; g < extending->options->groups; g++) groups[g].was_done = groups[g].is_done;
    hypotheses_go_on(extending, n);
}

/* One list of the groups' lists: descending, of equals the later first. */
static void merge(const struct extending *extending) {
    struct sentence_search *sentence = extending->sentence;
    size_t n_groups = (size_t)extending->options->groups;
    size_t size = (size_t)extending->options->beam / n_groups;
    for (size_t g = 0; g < n_groups; g++)
        for (size_t k = 0; k < sentence->groups[g].n_finished; k++) {
            struct finished *list = sentence->finished, entry = list[g * size + k];
            list[g * size + k] = list[sentence->n_finished];
            size_t i = sentence->n_finished++;
            for (; i > 0 && list[i - 1].order <= entry.order; i--) list[i] = list[i - 1];
            list[i] = entry;
        }
}

bool groups_advance(const struct extending *extending, const struct choice *choices) {
    size_t n_next = 0;
    for (int g = 0; g < extending->options->groups; g++) {
        struct group group;
        if (extending->sentence->groups[g].was_done) continue;
        group_open(&group, extending, (size_t)g);
        n_next = advance_group(&group, choices, n_next);
    }
    bool last = is_last_step(extending->sentence);
    go_on(extending, n_next);
    if (!last && extending->sentence->n_live > 0) return false;
    merge(extending);
    return true;
}
