#include "tests/aer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void need(int there, const char *what) {
    if (there) return;
    fprintf(stderr, "%s\n", what);
    exit(1);
}

/* ---- the gold -------------------------------------------------------------------------------- */

static char *read_whole(const char *path) {
    char *bytes = calloc(1, 1 << 16);
    FILE *file = fopen(path, "rb");
    need(bytes && file, path);
    need(fread(bytes, 1, (1 << 16) - 1, file) > 0 && feof(file), path);
    fclose(file);
    return bytes;
}

static void read_links(struct gold_pair *pair, char *text) {
    for (char *word = strtok(text, " "); word; word = strtok(NULL, " ")) {
        unsigned source = 0, target = 0;
        need(pair->n_links < MOST_LINKS && sscanf(word, "%u-%u", &source, &target) == 2, word);
        pair->links[pair->n_links++] = (tolka_link){source, target};
    }
}

struct gold *gold_open(const char *path) {
    struct gold *gold = calloc(1, sizeof *gold);
    need(gold != NULL, "out of memory");
    gold->bytes = read_whole(path);
    for (char *line = gold->bytes, *end; (end = strchr(line, '\n')); line = end + 1) {
        *end = 0;
        char *target = strchr(line, '\t'), *links = target ? strchr(target + 1, '\t') : NULL;
        need(links && gold->n < MOST_PAIRS, line);
        *target = *links = 0;
        struct gold_pair *pair = &gold->pairs[gold->n++];
        *pair = (struct gold_pair){.source = line, .target = target + 1};
        read_links(pair, links + 1);
    }
    return gold;
}

void gold_free(struct gold *gold) {
    free(gold->bytes);
    free(gold);
}

/* ---- aligning -------------------------------------------------------------------------------- */

static void keep(void *user, size_t index, tolka_result *result) {
    ((tolka_result **)user)[index] = result;
}

/* The results of all pairs, in one direction or the other. */
static void align(const tolka_model *model, const struct gold *gold, int reversed, int layer,
                  int head, tolka_result **results) {
    tolka_options options = TOLKA_OPTIONS_INIT;
    tolka_translator *translator = NULL;
    tolka_tokenizer *tokenizer = NULL;
    tolka_text texts[MOST_PAIRS];
    tolka_error err;
    options.want_alignments = 1;
    options.align_layer = layer;
    options.align_head = head;
    for (size_t i = 0; i < gold->n; i++) {
        const char *a = gold->pairs[i].source, *b = gold->pairs[i].target;
        texts[i] = reversed ? (tolka_text){b, strlen(b), a, strlen(a)}
                            : (tolka_text){a, strlen(a), b, strlen(b)};
    }
    need(tolka_translator_new(&translator, model, &options, &err) == TOLKA_OK &&
             tolka_tokenizer_new(&tokenizer, model, NULL, reversed ? "en" : "de", &err) ==
                 TOLKA_OK &&
             tolka_score_texts(translator, tokenizer, texts, gold->n, keep, results, &err) ==
                 TOLKA_OK,
         err.text);
    tolka_tokenizer_free(tokenizer);
    tolka_translator_free(translator);
}

/* ---- counting -------------------------------------------------------------------------------- */

struct counts {
    size_t common, found, sure;
};

static void count(struct counts *counts, const struct gold_pair *pair, const tolka_link *links,
                  size_t n, int reversed) {
    counts->found += n;
    counts->sure += pair->n_links;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < pair->n_links; k++) {
            uint32_t source = reversed ? links[i].target : links[i].source;
            uint32_t target = reversed ? links[i].source : links[i].target;
            counts->common += source == pair->links[k].source && target == pair->links[k].target;
        }
}

static double rate(struct counts counts) {
    return 1 - 2 * (double)counts.common / (double)(counts.found + counts.sure);
}

static void count_joined(struct counts counts[3], const struct gold_pair *pair,
                         const tolka_link *forward, size_t n_forward, const tolka_link *reverse,
                         size_t n_reverse) {
    for (int how = 0; how < 3; how++) {
        tolka_link *links;
        size_t n;
        tolka_error err;
        need(tolka_symmetrize(forward, n_forward, reverse, n_reverse, (tolka_symmetry)how, &links,
                              &n, &err) == TOLKA_OK,
             err.text);
        count(&counts[how], pair, links, n, 0);
        tolka_free(links);
    }
}

struct aer aer_measure(const tolka_model *model, const struct gold *gold, int layer, int head) {
    tolka_result *forward[MOST_PAIRS], *reverse[MOST_PAIRS];
    struct counts one = {0, 0, 0}, other = {0, 0, 0}, joined[3] = {{0, 0, 0}};
    align(model, gold, 0, layer, head, forward);
    align(model, gold, 1, layer, head, reverse);
    for (size_t i = 0; i < gold->n; i++) {
        size_t n_forward, n_reverse;
        const tolka_link *f = tolka_result_word_alignment(forward[i], 0, &n_forward);
        const tolka_link *r = tolka_result_word_alignment(reverse[i], 0, &n_reverse);
        count(&one, &gold->pairs[i], f, n_forward, 0);
        count(&other, &gold->pairs[i], r, n_reverse, 1);
        count_joined(joined, &gold->pairs[i], f, n_forward, r, n_reverse);
        tolka_result_free(forward[i]);
        tolka_result_free(reverse[i]);
    }
    double both[] = {rate(joined[0]), rate(joined[1]), rate(joined[2])};
    return (struct aer){rate(one), rate(other), {both[0], both[1], both[2]}};
}
