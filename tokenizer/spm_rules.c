/* SentencePiece 0.1.97 follows a model's normalisation rules (a double-array trie, taken from the
 * file as it is) without looking where they lead, and keeps prefix matches in arrays of fixed
 * size. */
#include "tokenizer/spm_rules.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LONGEST_RULE = 32, /* bytes of the left side, so at most as many are prefixes of others */
    LONGEST_REPLACEMENT = 256, /* bytes: bounds how much a text can grow */
};

/* A unit of the double array is reached by its label, a byte, from a base: unit = base ^ label. Its
 * own base is unit ^ offset. If a rule ends there, the unit at that base holds the place of the
 * replacement. Units with the top bit set hold places and are never followed. */
struct trie {
    const uint8_t *units;
    size_t n;
    const uint8_t *replacements;
    size_t n_replacements;
};

static uint32_t read_u32(const uint8_t *bytes) {
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static uint32_t trie_unit(const struct trie *trie, size_t i) {
    return read_u32(trie->units + 4 * i);
}

static bool is_place(uint32_t unit) {
    return unit >> 31;
}

static size_t unit_base(size_t i, uint32_t unit) {
    return i ^ (size_t)(unit >> 10) << ((unit & 0x200) >> 6);
}

static bool replacement_is_sound(const struct trie *trie, size_t place) {
    if (place >= trie->n_replacements) return false;
    size_t left = trie->n_replacements - place;
    /* The last one ends at the zero that follows every std::string. */
    return left < LONGEST_REPLACEMENT ||
           memchr(trie->replacements + place, 0, LONGEST_REPLACEMENT) != NULL;
}

static bool trie_stays_inside(const struct trie *trie) {
    for (size_t i = 0; i < trie->n; i++) {
        uint32_t unit = trie_unit(trie, i);
        if (is_place(unit)) {
            if (i == 0) return false;
            continue;
        }
        size_t base = unit_base(i, unit);
        if ((base | 0xff) >= trie->n) return false;
        bool ends_rule = unit >> 8 & 1;
        if (ends_rule && !replacement_is_sound(trie, trie_unit(trie, base) & 0x7fffffff))
            return false;
    }
    return true;
}

/* Units listed by the base they are reached from, so that a walk down touches only what it meets:
 * going over the whole array for every byte of the longest rule took a fifth of the loading time.
 */
struct walk {
    uint32_t *first; /* of each base; unit + 1, 0: none */
    uint32_t *next;  /* of each unit */
    uint32_t *reached, *reached_next;
    uint8_t *seen_at; /* of each base: the depth at which it was last reached */
};

static void list_units(const struct trie *trie, struct walk *walk) {
    for (size_t i = 0; i < trie->n; i++) {
        uint32_t unit = trie_unit(trie, i);
        size_t parent = i ^ (unit & 0xff);
        if (is_place(unit) || parent >= trie->n) continue;
        walk->next[i] = walk->first[parent];
        walk->first[parent] = (uint32_t)i + 1;
    }
}

/* The bases one byte below those in reached[0..n); returns how many. */
static size_t step_down(const struct trie *trie, struct walk *walk, size_t n, uint8_t depth) {
    size_t n_next = 0;
    for (size_t k = 0; k < n; k++)
        for (uint32_t i = walk->first[walk->reached[k]]; i != 0; i = walk->next[i - 1]) {
            size_t base = unit_base(i - 1, trie_unit(trie, i - 1));
            if (walk->seen_at[base] == depth) continue;
            walk->seen_at[base] = depth;
            walk->reached_next[n_next++] = (uint32_t)base;
        }
    uint32_t *swap = walk->reached;
    walk->reached = walk->reached_next;
    walk->reached_next = swap;
    return n_next;
}

static enum spm_status check_depth(const struct trie *trie, char why[SPM_WHY]) {
    uint32_t *lists = calloc(trie->n, 4 * sizeof *lists);
    uint8_t *seen_at = calloc(trie->n, 1);
    enum spm_status status = SPM_NOMEM;
    if (!lists || !seen_at) goto done;
    struct walk walk = {lists, lists + trie->n, lists + 2 * trie->n, lists + 3 * trie->n, seen_at};
    list_units(trie, &walk);
    walk.reached[0] = (uint32_t)unit_base(0, trie_unit(trie, 0));
    size_t n = 1;
    uint8_t depth = 0;
    while (n > 0 && depth <= LONGEST_RULE) n = step_down(trie, &walk, n, ++depth);
    status = SPM_OK;
    if (n > 0) {
        snprintf(why, SPM_WHY, "a normalisation rule for more than %d bytes", LONGEST_RULE);
        status = SPM_UNSUPPORTED;
    }
done:
    free(lists);
    free(seen_at);
    return status;
}

enum spm_status spm_check_rules(const uint8_t *rules, size_t n, char why[SPM_WHY]) {
    if (n == 0) return SPM_OK;
    snprintf(why, SPM_WHY, "its normalisation rules are damaged");
    if (n < 4) return SPM_REFUSED;
    size_t n_bytes = read_u32(rules);
    if (n_bytes == 0 || n_bytes % 4 || n_bytes > n - 4) return SPM_REFUSED;
    struct trie trie = {rules + 4, n_bytes / 4, rules + 4 + n_bytes, n - 4 - n_bytes};
    return trie_stays_inside(&trie) ? check_depth(&trie, why) : SPM_REFUSED;
}
