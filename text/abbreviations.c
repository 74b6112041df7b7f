/* CLDR's lists, which ICU follows, lack many that are common: English has no "Dr." and German no
 * "bzw.". Here are such that hardly ever end a sentence, in any of the languages that write them. */
#include "text/abbreviations.h"

#include "text/marks.h"

#include <stdint.h>
#include <string.h>
#include <unicode/uchar.h>

static const char words[] =
    /* titles */
    " Capt Col Dhr Doña Dott Dr Dra Fr Gen Gov Hon Hr Ing Lt Mevr Mgr Mlle Mme Mr Mrs Ms Prof Rep"
    " Rev Sen Sgt Sig Sra Srta St Ste"
    /* and others */
    " Abs Art Bd Fig Mio Mrd Mt Nr Str Tel Vol approx art bspw bzw ca cf evtl fig ggf inkl insb max"
    " min pp resp sog tel vgl vol vs zzgl ";

static bool is_listed(const char *word, size_t length) {
    for (const char *at = words; (at = strchr(at, ' ')) && at[1]; at++)
        if (strcspn(at + 1, " ") == length && memcmp(at + 1, word, length) == 0) return true;
    return false;
}

/* "So do I." */
static bool is_initial(const char *word, size_t length) {
    uint32_t c;
    if (length == 0 || last_character(word, length, &c) != length) return false;
    return u_isalpha((UChar32)c) && c != 'I';
}

struct word {
    const char *text;
    size_t length;
};

/* What stands between the last blank (or full stop, or quotation mark) and the full stop at the
 * end; length 0: there is no full stop. */
static struct word last_word(const char *text, size_t length) {
    length -= blanks_behind(text, length);
    if (length == 0 || text[length - 1] != '.') return (struct word){text, 0};
    size_t start = --length;
    while (start > 0 && !memchr(" .\t\r\n(\"'\xa0", text[start - 1], 8)) start--;
    return (struct word){text + start, length - start};
}

bool ends_with_abbreviation(const char *text, size_t length) {
    struct word word = last_word(text, length);
    return is_initial(word.text, word.length) || is_listed(word.text, word.length);
}

bool ends_with_ordinal(const char *text, size_t length) {
    struct word word = last_word(text, length);
    size_t n = 0;
    while (n < word.length && word.text[n] >= '0' && word.text[n] <= '9') n++;
    return n == word.length && n >= 1 && n <= 2;
}

bool language_has_ordinals(const char *language) {
    static const char languages[] = " bs cs da de et fi fo hr hu is lb lv nb nn no pl sk sl sr tr ";
    const char *found = language[0] ? strstr(languages, language) : NULL;
    return found && found[-1] == ' ' && found[strlen(language)] == ' ';
}
