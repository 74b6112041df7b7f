/* ICU gives out CLDR's aliases of languages (iw and he, cmn and zh, ger and de) in C++ only. */
#include "tokenizer/canonical.h"

#include <cstring>
#include <unicode/locid.h>

void canonical_locale(const char *locale, char *out, size_t capacity) {
    const icu::Locale canonical = icu::Locale::createCanonical(locale);
    const size_t length = std::strlen(canonical.getName());
    out[0] = 0;
    if (!canonical.isBogus() && length < capacity)
        std::memcpy(out, canonical.getName(), length + 1);
}
