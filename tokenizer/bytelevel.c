#include "tokenizer/bytelevel.h"

#include "tokenizer/utf8.h"

#include <stdlib.h>
#include <string.h>
#include <unicode/uchar.h>

/* ---- bytes as characters --------------------------------------------------------------------- */

/* Printable Latin-1 stands for itself; the other 68 bytes are, in order, U+0100 and on. */
static bool stands_for_itself(int byte) {
    return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte != 0xad);
}

static int byte_of(uint32_t character) {
    if (character < 0x100) return stands_for_itself((int)character) ? (int)character : -1;
    uint32_t left = character - 0x100;
    for (int byte = 0; byte < 256; byte++)
        if (!stands_for_itself(byte) && left-- == 0) return byte;
    return -1;
}

size_t bytelevel_decode(const struct bytelevel *bpe, int32_t token, char *out) {
    struct gguf_string text = bpe->tokens[token];
    size_t n = 0;
    for (size_t i = 0; i < text.length;) {
        uint32_t character;
        i += utf8_decode(text.bytes + i, text.length - i, &character);
        int byte = byte_of(character);
        if (byte < 0) { /* a token that was added as plain text */
            memcpy(out, text.bytes, text.length);
            return text.length;
        }
        out[n++] = (char)byte;
    }
    return n;
}

/* ---- vocabulary and merges ------------------------------------------------------------------- */

static size_t table_size(size_t n) {
    size_t size = 16;
    while (size < 2 * n) size *= 2;
    return size;
}

static uint64_t mix(uint64_t x) {
    x ^= x >> 32;
    x *= 0xd6e8feb86659fd93u;
    x ^= x >> 29;
    x *= 0xd6e8feb86659fd93u;
    return x ^ x >> 32;
}

static uint64_t hash_bytes(uint64_t hash, const char *bytes, size_t n) {
    for (size_t i = 0; i < n; i++) hash = (hash ^ (uint8_t)bytes[i]) * 0x100000001b3u;
    return hash;
}

/* Token of each text; used only while merges are read. */
struct vocabulary {
    const struct bytelevel *bpe;
    size_t mask;
    int32_t *slots; /* -1: empty */
};

/* The slot of the text left + right (or the empty one where it would be). */
static int32_t *vocabulary_slot(const struct vocabulary *vocabulary, struct gguf_string left,
                                struct gguf_string right) {
    uint64_t hash = hash_bytes(0xcbf29ce484222325u, left.bytes, left.length);
    size_t i = mix(hash_bytes(hash, right.bytes, right.length)) & vocabulary->mask;
    for (; vocabulary->slots[i] >= 0; i = (i + 1) & vocabulary->mask) {
        struct gguf_string token = vocabulary->bpe->tokens[vocabulary->slots[i]];
        if (token.length == left.length + right.length &&
            memcmp(token.bytes, left.bytes, left.length) == 0 &&
            memcmp(token.bytes + left.length, right.bytes, right.length) == 0)
            break;
    }
    return &vocabulary->slots[i];
}

static const struct gguf_string nothing = {"", 0};

static bool vocabulary_init(struct vocabulary *vocabulary, struct bytelevel *bpe) {
    size_t size = table_size(bpe->n_tokens);
    *vocabulary = (struct vocabulary){bpe, size - 1, malloc(size * sizeof(int32_t))};
    if (!vocabulary->slots) return false;
    memset(vocabulary->slots, 0xff, size * sizeof(int32_t));
    for (size_t i = 0; i < bpe->n_tokens; i++) {
        int32_t *slot = vocabulary_slot(vocabulary, bpe->tokens[i], nothing);
        if (*slot < 0) *slot = (int32_t)i;
    }
    return true;
}

static struct merge *merge_slot(const struct bytelevel *bpe, int32_t left, int32_t right) {
    size_t i = mix((uint64_t)(uint32_t)left << 32 | (uint32_t)right) & bpe->mask;
    while (bpe->merges[i].left >= 0 &&
           (bpe->merges[i].left != left || bpe->merges[i].right != right))
        i = (i + 1) & bpe->mask;
    return &bpe->merges[i];
}

static const struct merge *find_merge(const struct bytelevel *bpe, int32_t left, int32_t right) {
    if (left < 0 || right < 0) return NULL;
    const struct merge *merge = merge_slot(bpe, left, right);
    return merge->left < 0 ? NULL : merge;
}

static bool add_merge(struct bytelevel *bpe, const struct vocabulary *vocabulary,
                      struct gguf_string line, int32_t rank) {
    const char *blank = memchr(line.bytes, ' ', line.length);
    if (!blank) return false;
    struct gguf_string left = {line.bytes, (size_t)(blank - line.bytes)};
    struct gguf_string right = {blank + 1, line.length - left.length - 1};
    struct merge merge = {*vocabulary_slot(vocabulary, left, nothing),
                          *vocabulary_slot(vocabulary, right, nothing), rank,
                          *vocabulary_slot(vocabulary, left, right)};
    if (merge.left < 0 || merge.right < 0 || merge.result < 0) return false;
    struct merge *slot = merge_slot(bpe, merge.left, merge.right);
    if (slot->left < 0) *slot = merge; /* given twice: the first counts */
    return true;
}

static tolka_status read_merges(struct bytelevel *bpe, const struct vocabulary *vocabulary,
                                const struct gguf_value *merges, const char *model,
                                tolka_error *err) {
    size_t cursor = 0;
    for (size_t i = 0; i < merges->count; i++) {
        struct gguf_string line = gguf_array_string(merges, &cursor);
        if (!add_merge(bpe, vocabulary, line, (int32_t)i))
            return fail(err, TOLKA_FORMAT,
                        "%s: tolka.tokenizer.merges: entry %zu, \"%.*s\", is not two tokens whose "
                        "merger is a token",
                        model, i, (int)(line.length < 60 ? line.length : 60), line.bytes);
    }
    return TOLKA_OK;
}

static void find_byte_tokens(struct bytelevel *bpe) {
    for (int i = 0; i < 256; i++) bpe->byte_token[i] = -1;
    for (size_t i = 0; i < bpe->n_tokens; i++) {
        struct gguf_string token = bpe->tokens[i];
        uint32_t character;
        if (token.length == 0 || token.length > 2 ||
            utf8_decode(token.bytes, token.length, &character) != token.length)
            continue;
        int byte = byte_of(character);
        if (byte >= 0 && bpe->byte_token[byte] < 0) bpe->byte_token[byte] = (int32_t)i;
    }
}

tolka_status bytelevel_init(struct bytelevel *bpe, const struct gguf_value *vocab,
                            const struct gguf_value *merges, const char *model, tolka_error *err) {
    *bpe = (struct bytelevel){0};
    if (vocab->count > INT32_MAX / 4 || merges->count > INT32_MAX / 4)
        return fail(err, TOLKA_FORMAT, "%s: tolka.tokenizer.vocab or .merges is too long", model);
    bpe->n_tokens = (size_t)vocab->count;
    size_t n_slots = table_size((size_t)merges->count);
    bpe->mask = n_slots - 1;
    bpe->tokens = calloc(bpe->n_tokens + 1, sizeof *bpe->tokens);
    bpe->merges = malloc(n_slots * sizeof *bpe->merges);
    struct vocabulary vocabulary = {0};
    tolka_status status = TOLKA_NOMEM;
    if (bpe->tokens && bpe->merges) {
        size_t cursor = 0;
        for (size_t i = 0; i < bpe->n_tokens; i++)
            bpe->tokens[i] = gguf_array_string(vocab, &cursor);
        for (size_t i = 0; i < n_slots; i++) bpe->merges[i].left = -1;
        find_byte_tokens(bpe);
        if (vocabulary_init(&vocabulary, bpe))
            status = read_merges(bpe, &vocabulary, merges, model, err);
    }
    free(vocabulary.slots);
    if (status != TOLKA_OK) bytelevel_free(bpe);
    return status == TOLKA_NOMEM ? fail(err, status, "%s: out of memory", model) : status;
}

void bytelevel_free(struct bytelevel *bpe) {
    free(bpe->tokens);
    free(bpe->merges);
    *bpe = (struct bytelevel){0};
}

/* ---- one word -------------------------------------------------------------------------------- */

struct symbol {
    int32_t token; /* -1: a byte without one, or swallowed by its left neighbour */
    bool gone;
    size_t previous, next; /* SIZE_MAX: none */
};

/* A merge that was possible when it was found; it still is if both tokens are there. */
struct candidate {
    const struct merge *merge;
    size_t at; /* its left symbol */
};

struct work {
    struct symbol *symbols;
    struct candidate *heap; /* best first: lowest rank, then leftmost */
    size_t capacity, n_heap;
};

static bool comes_first(struct candidate a, struct candidate b) {
    if (a.merge->rank != b.merge->rank) return a.merge->rank < b.merge->rank;
    return a.at < b.at;
}

static void heap_push(struct work *work, struct candidate candidate) {
    size_t i = work->n_heap++;
    for (; i > 0 && comes_first(candidate, work->heap[(i - 1) / 2]); i = (i - 1) / 2)
        work->heap[i] = work->heap[(i - 1) / 2];
    work->heap[i] = candidate;
}

static struct candidate heap_pop(struct work *work) {
    struct candidate best = work->heap[0], last = work->heap[--work->n_heap];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < work->n_heap; i = child) {
        if (child + 1 < work->n_heap && comes_first(work->heap[child + 1], work->heap[child]))
            child++;
        if (!comes_first(work->heap[child], last)) break;
        work->heap[i] = work->heap[child];
    }
    work->heap[i] = last;
    return best;
}

static void consider(const struct bytelevel *bpe, struct work *work, size_t left) {
    if (left == SIZE_MAX || work->symbols[left].next == SIZE_MAX) return;
    const struct symbol *symbol = &work->symbols[left];
    const struct merge *merge = find_merge(bpe, symbol->token, work->symbols[symbol->next].token);
    if (merge) heap_push(work, (struct candidate){merge, left});
}

static void apply(const struct bytelevel *bpe, struct work *work, struct candidate candidate) {
    struct symbol *left = &work->symbols[candidate.at];
    if (left->gone || left->token != candidate.merge->left || left->next == SIZE_MAX) return;
    struct symbol *right = &work->symbols[left->next];
    if (right->token != candidate.merge->right) return;
    left->token = candidate.merge->result;
    left->next = right->next;
    right->gone = true;
    right->token = -1;
    if (left->next != SIZE_MAX) work->symbols[left->next].previous = candidate.at;
    consider(bpe, work, left->previous);
    consider(bpe, work, candidate.at);
}

static bool reserve(struct work *work, size_t n) {
    if (n <= work->capacity) return true;
    size_t capacity = n < 256 ? 256 : n + n / 2;
    /* Every merge removes a symbol and adds at most two candidates to the n - 1 at first. */
    if (capacity > SIZE_MAX / (3 * sizeof(struct candidate)) / 2) return false;
    free(work->symbols);
    free(work->heap);
    work->symbols = malloc(capacity * sizeof *work->symbols);
    work->heap = malloc(3 * capacity * sizeof *work->heap);
    work->capacity = work->symbols && work->heap ? capacity : 0;
    return work->capacity > 0;
}

static bool encode_word(const struct bytelevel *bpe, struct work *work, const char *word, size_t n,
                        void (*put)(void *user, int32_t token), void *user) {
    if (!reserve(work, n)) return false;
    for (size_t i = 0; i < n; i++)
        work->symbols[i] = (struct symbol){bpe->byte_token[(uint8_t)word[i]], false,
                                           i > 0 ? i - 1 : SIZE_MAX, i + 1 < n ? i + 1 : SIZE_MAX};
    work->n_heap = 0;
    for (size_t i = 0; i < n; i++) consider(bpe, work, i);
    while (work->n_heap > 0) apply(bpe, work, heap_pop(work));
    for (size_t i = 0; i != SIZE_MAX; i = work->symbols[i].next) put(user, work->symbols[i].token);
    return true;
}

/* ---- words of a text ------------------------------------------------------------------------- */

enum char_class { CLASS_SPACE, CLASS_LETTER, CLASS_NUMBER, CLASS_OTHER, CLASS_END };

static enum char_class class_at(const char *text, size_t length, size_t *n) {
    uint32_t character;
    *n = 0;
    if (length == 0) return CLASS_END;
    *n = utf8_decode(text, length, &character);
    uint32_t mask = U_GET_GC_MASK((UChar32)character);
    if (mask & U_GC_L_MASK) return CLASS_LETTER;
    if (mask & U_GC_N_MASK) return CLASS_NUMBER;
    return u_isUWhiteSpace((UChar32)character) ? CLASS_SPACE : CLASS_OTHER;
}

static size_t contraction(const char *text, size_t length) {
    static const char *const endings[] = {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t n = strlen(endings[i]);
        if (n <= length && memcmp(text, endings[i], n) == 0) return n;
    }
    return 0;
}

/* GPT-2's pattern, by hand: 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|
 * \s+(?!\S)|\s+ : a run of one class with the space before it; of longer white space, the last
 * character is left to what follows. */
static size_t word_length(const char *text, size_t length) {
    size_t n = contraction(text, length), last = 0, end;
    if (n > 0) return n;
    enum char_class class = class_at(text, length, &end);
    if (class == CLASS_SPACE && text[0] == ' ') {
        enum char_class after = class_at(text + 1, length - 1, &n);
        if (after != CLASS_SPACE && after != CLASS_END) {
            class = after;
            end = 1 + n;
        }
    }
    while (class_at(text + end, length - end, &n) == class) {
        last = n;
        end += n;
    }
    if (class == CLASS_SPACE && end < length) end -= last; /* 0 if there is but one */
    return end;
}

bool bytelevel_encode(const struct bytelevel *bpe, const char *text, size_t length,
                      void (*put)(void *user, int32_t token), void *user) {
    struct work work = {0};
    bool ok = true;
    while (ok && length > 0) {
        size_t n = word_length(text, length);
        ok = encode_word(bpe, &work, text, n, put, user);
        text += n;
        length -= n;
    }
    free(work.symbols);
    free(work.heap);
    return ok;
}
