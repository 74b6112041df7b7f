#include "tools/wrapped_text.h"

#include "tools/option_use.h"

enum { WIDTH = 80 };

void print_wrapped(FILE *out, const char *text, int indent) {
    int column = indent, n;
    for (const char *word; next_word(&text, &word, &n);) {
        if (column + 1 + n >= WIDTH && column > indent) {
            fprintf(out, "\n%*s", indent, "");
            column = indent;
        }
        fprintf(out, "%s%.*s", column > indent ? " " : "", n, word);
        column += n + (column > indent);
    }
    fputc('\n', out);
}
