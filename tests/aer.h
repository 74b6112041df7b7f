/* Alignment error rate (Och and Ney 2003) of the shipped model, by teacher forcing, on the pairs in
 * tests/fixtures/alignment whose words were aligned by hand. All links there are sure ones, so that
 * the rate of links A beside S is 1 - 2 |A and S| / (|A| + |S|). */
#ifndef AER_H
#define AER_H

#include "engine/tolka.h"

#define GOLD "tests/fixtures/alignment/gold.en-de.tsv"
enum { MOST_PAIRS = 64, MOST_LINKS = 32 };

struct gold_pair {
    const char *source, *target;
    tolka_link links[MOST_LINKS];
    size_t n_links;
};

struct gold {
    char *bytes; /* what the texts lie in */
    struct gold_pair pairs[MOST_PAIRS];
    size_t n;
};
/* Ends the program if the file is not as it should be. */
struct gold *gold_open(const char *path);
void gold_free(struct gold *gold);

/* One layer and head, numbered as in tolka_options. */
struct aer {
    double forward, reverse; /* English to German, German to English */
    double joined[3];        /* of both, by tolka_symmetry */
};
struct aer aer_measure(const tolka_model *model, const struct gold *gold, int layer, int head);

#endif
