#include "models/checkpoint/dictionary.h"

#include <string.h>

/* "token count", and perhaps a remark that it may be one of fairseq's own tokens. */
struct entry {
    const char *token;
    size_t length;
};

/* Cuts `end`'s text off the end of the line; false: it ends otherwise. */
static bool cut(size_t *length, const char *line, const char *end) {
    size_t n = strlen(end);
    if (*length < n || memcmp(line + *length - n, end, n) != 0) return false;
    *length -= n;
    return true;
}

static bool parse_line(const char *line, size_t length, struct entry *entry) {
    cut(&length, line, "\r");
    cut(&length, line, " #fairseq:overwrite");
    size_t digits = 0;
    while (digits < length && line[length - 1 - digits] >= '0' && line[length - 1 - digits] <= '9')
        digits++;
    if (digits == 0 || length < digits + 2 || line[length - 1 - digits] != ' ') return false;
    *entry = (struct entry){line, length - digits - 1};
    return true;
}

static bool next_entry(const struct map *map, size_t *at, struct entry *entry) {
    const char *line = (const char *)map->bytes + *at;
    const char *end = memchr(line, '\n', map->n_bytes - *at);
    size_t length = end ? (size_t)(end - line) : map->n_bytes - *at;
    *at += length + (end != NULL);
    return parse_line(line, length, entry);
}

bool is_dictionary(const struct map *map) {
    struct entry entry;
    size_t at = 0;
    while (at < map->n_bytes)
        if (!next_entry(map, &at, &entry)) return false;
    return map->n_bytes > 0;
}

tolka_status read_dictionary(struct vocabulary *vocabulary, const struct map *map, const char *path,
                             tolka_error *err) {
    static const char *const own[] = {"<s>", "<pad>", "</s>", "<unk>"};
    enum { N_OWN = sizeof own / sizeof *own };
    tolka_status status = TOLKA_OK;
    for (int i = 0; i < N_OWN && status == TOLKA_OK; i++)
        status = vocabulary_add(vocabulary, i, own[i], strlen(own[i]), path, err);
    struct entry entry;
    int64_t id = N_OWN;
    for (size_t at = 0; at < map->n_bytes && status == TOLKA_OK; id++)
        status = next_entry(map, &at, &entry)
                     ? vocabulary_add(vocabulary, id, entry.token, entry.length, path, err)
                     : fail(err, TOLKA_FORMAT, "%s: line %lld: expected a token and a count", path,
                            (long long)(id - N_OWN + 1));
    return status;
}
