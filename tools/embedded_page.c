#include "tools/embedded_page.h"

#include <string.h>

void print_page(FILE *out, const unsigned char *bytes,
                void (*put)(FILE *out, const char *place, const void *user), const void *user) {
    const char *page = (const char *)bytes, *open, *close;
    while ((open = strstr(page, "{{")) && (close = strstr(open, "}}"))) {
        char place[32];
        fwrite(page, 1, (size_t)(open - page), out);
        snprintf(place, sizeof place, "%.*s", (int)(close - open - 2), open + 2);
        put(out, place, user);
        page = close + 2;
    }
    fputs(page, out);
}
