#include "tests/fuzz/pickle_change.h"

#include <string.h>

enum { MOST_PICKLES = 5 };

/* What follows an operation: so many bytes, or lines; or a length of `counted` bytes, and so many. */
struct operand {
    const char *codes;
    size_t fixed, lines, counted;
};

static const struct operand operands[] = {{"Khq\x80", 1, 0, 0},
                                          {"M", 2, 0, 0},
                                          {"Jjr", 4, 0, 0},
                                          {"G\x95", 8, 0, 0},
                                          {"ci", 0, 2, 0},
                                          {"ILFSVPgp", 0, 1, 0},
                                          {"U\x8a\x8c"
                                           "C",
                                           0, 0, 1},
                                          {"TXB\x8b", 0, 0, 4},
                                          {"\x8d\x8e", 0, 0, 8}};

struct operation {
    size_t at, n;
    const struct operand *operand; /* NULL: none */
};

static const struct operand *operand_of(uint8_t code) {
    for (size_t i = 0; code && i < sizeof operands / sizeof *operands; i++)
        if (strchr(operands[i].codes, code)) return &operands[i];
    return NULL;
}

static bool read_operation(const struct blob *bytes, size_t at, struct operation *operation) {
    if (at >= bytes->n) return false;
    const struct operand *operand = operand_of(bytes->bytes[at]);
    size_t left = bytes->n - at - 1, n = operand ? operand->fixed : 0;
    for (size_t i = 0; operand && i < operand->lines; i++) {
        const uint8_t *end = n < left ? memchr(bytes->bytes + at + 1 + n, '\n', left - n) : NULL;
        if (!end) return false;
        n = (size_t)(end - bytes->bytes) - at;
    }
    if (operand && operand->counted) {
        if (operand->counted > left) return false;
        uint64_t length = integer_at(bytes->bytes + at + 1, operand->counted);
        if (length > left - operand->counted) return false;
        n = operand->counted + (size_t)length;
    }
    *operation = (struct operation){at, 1 + n, operand};
    return n <= left;
}

/* An operation by chance; *end is where the pickles end. */
static bool choose(struct chance *chance, const struct blob *bytes, struct operation *chosen,
                   size_t *end) {
    struct operation operation;
    size_t n = 0, stops = 0;
    *end = 0;
    while (stops < MOST_PICKLES && read_operation(bytes, *end, &operation)) {
        stops += bytes->bytes[operation.at] == '.';
        if (chance_one_in(chance, ++n)) *chosen = operation;
        *end += operation.n;
    }
    return n > 0;
}

size_t pickles_end(const struct blob *bytes) {
    struct chance chance = {0};
    struct operation operation;
    size_t end;
    choose(&chance, bytes, &operation, &end);
    return end;
}

static void change_operand(struct chance *chance, struct blob *bytes, struct operation operation) {
    const struct operand *operand = operation.operand;
    if (operand && operand->fixed) {
        change_integer(chance, bytes->bytes + operation.at + 1, operand->fixed);
    } else if (operand && operand->counted) {
        size_t at = operation.at + 1 + operand->counted;
        change_counted(chance, bytes, at, operation.at + operation.n - at, operand->counted,
                       change_blob);
    } else {
        struct blob line = {0};
        blob_put(&line, bytes->bytes + operation.at, operation.n);
        change_blob(chance, &line);
        blob_replace(bytes, operation.at, operation.n, line.bytes, line.n);
        blob_free(&line);
    }
}

void change_pickle(struct chance *chance, struct blob *bytes) {
    static const char codes[] = "()].0N1QRabest}u2\x81\x85\x86\x87\x88\x89\x8f\x90\x91\x93\x94";
    struct operation operation, other;
    size_t end, what = chance_below(chance, 8);
    if (!choose(chance, bytes, &operation, &end)) {
        change_blob(chance, bytes);
        return;
    }
    choose(chance, bytes, &other, &end);
    if (what < 4)
        change_operand(chance, bytes, operation);
    else if (what < 6)
        change_order(chance, bytes, operation.at, operation.n, other.at);
    else
        blob_replace(bytes, operation.at, what == 6 ? operation.n : 0,
                     &codes[chance_below(chance, sizeof codes - 1)], 1);
}
