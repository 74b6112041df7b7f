/* SentencePiece 0.1.97 checks a model's pieces but follows its normalisation rules (a double-array
 * trie, taken from the file as it is) without looking where they lead, keeps prefix matches in
 * arrays of fixed size, builds its own trie by recursion over a piece's bytes, and prints if a
 * model's self-tests fail. A model file is untrusted, so all that is looked at here first. */
#include "tokenizer/spm_check.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LONGEST_PIECE = 1024,      /* bytes: the depth of the trie builder's recursion */
    LONGEST_USER_DEFINED = 64, /* bytes: so at most as many are prefixes of one another */
    LONGEST_RULE = 32,         /* bytes: as above, for the left side of a normalisation rule */
    LONGEST_REPLACEMENT = 256, /* bytes: bounds how much a text can grow */
};

static enum spm_status refuse(enum spm_status status, char why[SPM_WHY], const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(why, SPM_WHY, format, args);
    va_end(args);
    return status;
}

/* ---- protocol buffers: fields one after another ---------------------------------------------- */

struct span {
    const uint8_t *bytes;
    size_t n;
};

enum wire_type { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };

struct field {
    uint64_t number;
    enum wire_type type;
    uint64_t value;       /* WIRE_VARINT */
    struct span contents; /* WIRE_BYTES */
    struct span whole;    /* tag included */
};

static bool take_varint(struct span *left, uint64_t *value) {
    *value = 0;
    for (unsigned shift = 0; shift < 64 && left->n > 0; shift += 7) {
        uint8_t byte = *left->bytes++;
        left->n--;
        *value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) return true;
    }
    return false;
}

static bool take_field(struct span *left, struct field *field) {
    struct span start = *left;
    uint64_t tag, n = 0;
    if (!take_varint(left, &tag) || tag >> 3 == 0) return false;
    *field = (struct field){.number = tag >> 3, .type = (enum wire_type)(tag & 7)};
    switch (field->type) {
    case WIRE_VARINT:
        if (!take_varint(left, &field->value)) return false;
        break;
    case WIRE_64:
        n = 8;
        break;
    case WIRE_32:
        n = 4;
        break;
    case WIRE_BYTES:
        if (!take_varint(left, &n)) return false;
        break;
    default:
        return false; /* groups: no SentencePiece model has any */
    }
    if (n > left->n) return false;
    field->contents = (struct span){left->bytes, (size_t)n};
    left->bytes += n;
    left->n -= (size_t)n;
    field->whole = (struct span){start.bytes, start.n - left->n};
    return true;
}

/* ---- normalisation rules --------------------------------------------------------------------- */

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
    if (n > 0)
        status = refuse(SPM_UNSUPPORTED, why, "a normalisation rule for more than %d bytes",
                        LONGEST_RULE);
done:
    free(lists);
    free(seen_at);
    return status;
}

static enum spm_status check_rules(struct span rules, char why[SPM_WHY]) {
    if (rules.n == 0) return SPM_OK;
    const char *broken = "its normalisation rules are damaged";
    if (rules.n < 4) return refuse(SPM_REFUSED, why, "%s", broken);
    size_t n_bytes = read_u32(rules.bytes);
    if (n_bytes == 0 || n_bytes % 4 || n_bytes > rules.n - 4)
        return refuse(SPM_REFUSED, why, "%s", broken);
    struct trie trie = {rules.bytes + 4, n_bytes / 4, rules.bytes + 4 + n_bytes,
                        rules.n - 4 - n_bytes};
    if (!trie_stays_inside(&trie)) return refuse(SPM_REFUSED, why, "%s", broken);
    return check_depth(&trie, why);
}

static enum spm_status check_normalizer(struct span message, char why[SPM_WHY]) {
    enum { RULES = 2 };
    while (message.n > 0) {
        struct field field;
        if (!take_field(&message, &field))
            return refuse(SPM_REFUSED, why, "its normaliser is damaged");
        if (field.number != RULES || field.type != WIRE_BYTES) continue;
        enum spm_status status = check_rules(field.contents, why);
        if (status != SPM_OK) return status;
    }
    return SPM_OK;
}

/* ---- pieces and the whole -------------------------------------------------------------------- */

static enum spm_status check_piece(struct span message, size_t index, char why[SPM_WHY]) {
    enum { TEXT = 1, TYPE = 3, USER_DEFINED = 4 };
    size_t longest = 0;
    bool user_defined = false;
    while (message.n > 0) {
        struct field field;
        if (!take_field(&message, &field))
            return refuse(SPM_REFUSED, why, "piece %zu is damaged", index);
        if (field.number == TEXT && field.type == WIRE_BYTES && field.contents.n > longest)
            longest = field.contents.n;
        if (field.number == TYPE && field.type == WIRE_VARINT && field.value == USER_DEFINED)
            user_defined = true;
    }
    size_t limit = user_defined ? LONGEST_USER_DEFINED : LONGEST_PIECE;
    if (longest == 0) return refuse(SPM_REFUSED, why, "piece %zu is empty", index);
    if (longest > limit)
        return refuse(SPM_UNSUPPORTED, why, "piece %zu has %zu bytes, at most %zu are supported",
                      index, longest, limit);
    return SPM_OK;
}

static enum spm_status check_message(struct span message, enum spm_use use, uint8_t *out,
                                     size_t *n_out, char why[SPM_WHY]) {
    enum { PIECE = 1, NORMALIZER = 3, SELF_TESTS = 4, DENORMALIZER = 5 };
    size_t n_pieces = 0;
    *n_out = 0;
    while (message.n > 0) {
        struct field field;
        if (!take_field(&message, &field))
            return refuse(SPM_REFUSED, why, "not a SentencePiece model, or a damaged one");
        enum spm_status status = SPM_OK;
        if (field.type == WIRE_BYTES && field.number == PIECE)
            status = check_piece(field.contents, n_pieces++, why);
        if (field.type == WIRE_BYTES &&
            (field.number == DENORMALIZER || (field.number == NORMALIZER && use != SPM_DECODE)))
            status = check_normalizer(field.contents, why);
        if (status != SPM_OK) return status;
        if (field.number == SELF_TESTS) continue;
        memcpy(out + *n_out, field.whole.bytes, field.whole.n);
        *n_out += field.whole.n;
    }
    return n_pieces > 0 ? SPM_OK : refuse(SPM_REFUSED, why, "it has no pieces");
}

enum spm_status spm_check(const uint8_t *bytes, size_t n_bytes, enum spm_use use, uint8_t **out,
                          size_t *n_out, char why[SPM_WHY]) {
    /* Fields of a message may come in several parts, the last of which wins: these say that pieces
     * are whole words (trainer_spec.model_type = WORD), for which nothing is built, and that there
     * are no normalisation rules (normalizer_spec.precompiled_charsmap). */
    static const uint8_t words[] = {0x12, 2, 0x18, 3, 0x1a, 2, 0x12, 0};
    *out = NULL;
    if (n_bytes > INT32_MAX - sizeof words)
        return refuse(SPM_UNSUPPORTED, why, "%zu bytes are too many for SentencePiece", n_bytes);
    uint8_t *copy = malloc(n_bytes + sizeof words);
    if (!copy) return SPM_NOMEM;
    enum spm_status status = check_message((struct span){bytes, n_bytes}, use, copy, n_out, why);
    if (status != SPM_OK) {
        free(copy);
        return status;
    }
    if (use == SPM_DECODE) {
        memcpy(copy + *n_out, words, sizeof words);
        *n_out += sizeof words;
    }
    *out = copy;
    return SPM_OK;
}
