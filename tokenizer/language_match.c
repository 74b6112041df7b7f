#include "tokenizer/language_match.h"

#include <string.h>

/* ---- one language beside another ------------------------------------------------------------- */

static int region_distance(const struct locale_name *wanted, const struct locale_name *offered) {
    if (strcmp(wanted->region, offered->region) == 0) return 0;
    return !*offered->region ? 1 : !*wanted->region ? 2 : 3;
}

/* A name without a script means the usual one. Where a region only implies the usual one ("ko-KR"),
 * the script is no wish: what there is will do. */
static int script_distance(const struct locale_name *wanted, const char *wanted_script,
                           const char *offered_script) {
    if (strcmp(wanted_script, offered_script) == 0) return 0;
    if (!*wanted_script) return 1;
    enum usualness usual = locale_usualness(wanted, wanted_script);
    if (!*offered_script) return usual != UNUSUAL ? 0 : NO_MATCH;
    if (usual == USUAL && locale_usualness(wanted, offered_script) == USUAL) return 0;
    return usual != UNUSUAL && !*wanted->script ? 2 : NO_MATCH;
}

/* Script before region; then a script that is said is nearer than one that is meant. */
static int distance(const struct locale_name *wanted, const struct locale_name *offered) {
    char wanted_script[LONGEST_SUBTAG], offered_script[LONGEST_SUBTAG];
    if (!*wanted->language || strcmp(wanted->language, offered->language) != 0) return NO_MATCH;
    locale_script(wanted, wanted_script);
    locale_script(offered, offered_script);
    int script = script_distance(wanted, wanted_script, offered_script);
    if (script == NO_MATCH) return NO_MATCH;
    bool meant = *wanted_script && !*offered_script;
    bool variant = strcmp(wanted->variant, offered->variant) != 0;
    return script << 8 | region_distance(wanted, offered) << 4 | meant << 1 | variant;
}

/* ---- one among many -------------------------------------------------------------------------- */

/* Nobody said which script: then languages in different ones are rivals, whatever their regions. */
static bool script_is_open(int distance) {
    return distance >= MATCHES_WITHOUT_SCRIPT;
}

static bool is_rival(const struct language_match *match, int distance_of_it,
                     const struct locale_name *offered) {
    char script[LONGEST_SUBTAG];
    if (distance_of_it == NO_MATCH) return false;
    if (distance_of_it == match->distance) return true;
    if (!script_is_open(match->distance) || distance_of_it >> 8 != match->distance >> 8)
        return false;
    locale_script(offered, script);
    return strcmp(script, match->script) != 0;
}

static const struct locale_name *language_at(const struct languages *languages, size_t i,
                                             enum kinship kinship, struct locale_name *scratch) {
    if (languages->parsed) return &languages->parsed[(size_t)kinship * languages->n + i];
    locale_read(scratch, languages->tokens[i], kinship);
    return scratch;
}

static void find_nearest(struct language_match *match, const struct languages *languages,
                         const struct locale_name *wanted) {
    struct locale_name scratch;
    for (size_t i = 0; i < languages->n; i++) {
        const struct locale_name *offered = language_at(languages, i, match->kinship, &scratch);
        int d = distance(wanted, offered);
        if (d == NO_MATCH || (match->distance != NO_MATCH && d >= match->distance)) continue;
        match->distance = d;
        match->found = i;
        locale_script(offered, match->script);
    }
}

static void count_rivals(struct language_match *match, const struct languages *languages,
                         const struct locale_name *wanted) {
    struct locale_name scratch;
    for (size_t i = 0; i < languages->n; i++) {
        const struct locale_name *offered = language_at(languages, i, match->kinship, &scratch);
        match->n += is_rival(match, distance(wanted, offered), offered);
    }
}

static struct language_match match_as(const struct languages *languages, struct gguf_string wanted,
                                      enum kinship kinship) {
    struct language_match match = {.kinship = kinship, .distance = NO_MATCH};
    struct locale_name name;
    locale_read(&name, wanted, kinship);
    find_nearest(&match, languages, &name);
    if (match.distance != NO_MATCH) count_rivals(&match, languages, &name);
    return match;
}

static int region_part(int distance) {
    return distance >> 4 & 0xf;
}

/* A looser kinship has a say where it alone knows the region that is wanted: "fa-AF" is Dari
 * ("prs") rather than "fa". */
static bool knows_better(const struct language_match *looser, const struct language_match *match) {
    if (looser->distance == NO_MATCH || match->distance == NO_MATCH)
        return looser->distance != NO_MATCH;
    return looser->distance < match->distance &&
           region_part(looser->distance) < region_part(match->distance);
}

static bool is_settled(const struct language_match *match) {
    return match->distance != NO_MATCH && region_part(match->distance) == 0;
}

struct language_match language_match(const struct languages *languages, struct gguf_string wanted) {
    struct language_match match = match_as(languages, wanted, SAME_CODE);
    for (int kinship = SAME_CODE + 1; kinship < N_KINSHIPS && !is_settled(&match); kinship++) {
        struct language_match looser = match_as(languages, wanted, (enum kinship)kinship);
        if (knows_better(&looser, &match)) match = looser;
    }
    return match;
}

bool language_is_rival(const struct language_match *match, struct gguf_string wanted,
                       struct gguf_string offered) {
    struct locale_name name, other;
    locale_read(&name, wanted, match->kinship);
    locale_read(&other, offered, match->kinship);
    if (match->n > 0) return is_rival(match, distance(&name, &other), &other);
    return *name.language && strcmp(name.language, other.language) == 0;
}
