#include "text/formats/words_linked.h"

#include "tokenizer/utf8.h"

#include <stdlib.h>

static bool is_blank(uint32_t c) {
    return c <= ' ' || c == 0xa0 || (c >= 0x2000 && c <= 0x200b) || c == 0x202f || c == 0x3000 ||
           c == 0x2581;
}

/* Scripts without blanks between words: every character is taken for one. */
static bool is_blankless(uint32_t c) {
    return (c >= 0x0e00 && c <= 0x0fff) || (c >= 0x1000 && c <= 0x109f) ||
           (c >= 0x1780 && c <= 0x17ff) || (c >= 0x2e80 && c <= 0x9fff) ||
           (c >= 0xf900 && c <= 0xfaff) || (c >= 0xff00 && c <= 0xff9f) || c >= 0x20000;
}

/* *characters: were there any that are words of their own? */
static bool list_words(struct word_list *list, const char *text, size_t n, bool *characters) {
    size_t length;
    bool in_word = false;
    list->n = 0;
    list->words = malloc((n + 1) * sizeof *list->words);
    if (!list->words) return false;
    for (size_t i = 0; i < n; i += length) {
        uint32_t c;
        length = utf8_decode(text + i, n - i, &c);
        bool alone = is_blankless(c) && !is_blank(c);
        if (!is_blank(c) && (!in_word || alone))
            list->words[list->n++] = (struct word){i, i + length};
        else if (!is_blank(c))
            list->words[list->n - 1].end = i + length;
        in_word = !is_blank(c) && !alone;
        *characters |= alone;
    }
    return true;
}

static size_t greatest(const tolka_link *links, size_t n, bool source) {
    size_t most = 0;
    for (size_t i = 0; i < n; i++) {
        size_t at = source ? links[i].source : links[i].target;
        if (at > most) most = at;
    }
    return most;
}

/* Numbers count pieces where a script has no blanks, and characters are counted here: the share of
 * the text is what they have in common. */
static uint32_t scaled(uint32_t number, size_t greatest_number, size_t n) {
    if (greatest_number + 1 == n || n == 0) return number;
    size_t at = (size_t)number * n / (greatest_number + 1);
    return (uint32_t)(at < n ? at : n - 1);
}

static bool copy_links(struct linked_words *out, const tolka_link *links, size_t n,
                       const bool characters[2]) {
    size_t most[2] = {greatest(links, n, true), greatest(links, n, false)};
    out->links = malloc((n + 1) * sizeof *out->links);
    if (!out->links) return false;
    for (size_t i = 0; i < n; i++) {
        tolka_link link = links[i];
        if (characters[0]) link.source = scaled(link.source, most[0], out->source.n);
        if (characters[1]) link.target = scaled(link.target, most[1], out->target.n);
        if (link.source < out->source.n && link.target < out->target.n)
            out->links[out->n_links++] = link;
    }
    return true;
}

static bool link_by_share(struct linked_words *out) {
    size_t n = out->target.n ? out->source.n : 0;
    out->links = malloc((n + 1) * sizeof *out->links);
    if (!out->links) return false;
    for (size_t i = 0; i < n; i++)
        out->links[out->n_links++] =
            (tolka_link){(uint32_t)i, (uint32_t)(i * out->target.n / out->source.n)};
    return true;
}

bool linked_words_new(struct linked_words *out, const char *source, size_t n_source,
                      const char *target, size_t n_target, const tolka_link *links,
                      size_t n_links) {
    bool characters[2] = {false, false};
    *out = (struct linked_words){.n_links = 0};
    bool ok = list_words(&out->source, source, n_source, &characters[0]) &&
              list_words(&out->target, target, n_target, &characters[1]) &&
              copy_links(out, links, n_links, characters);
    if (!ok || out->n_links) return ok;
    free(out->links);
    return link_by_share(out);
}

void linked_words_free(struct linked_words *linked) {
    free(linked->source.words);
    free(linked->target.words);
    free(linked->links);
}

size_t word_at(const struct word_list *list, size_t place) {
    size_t low = 0, high = list->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (list->words[middle].end <= place)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}
