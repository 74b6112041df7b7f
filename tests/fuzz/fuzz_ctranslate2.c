/* CTranslate2: version, specification, revision, then records and aliases. */
#include "tests/fuzz/checkpoint_read.h"
#include "tests/fuzz/fuzz_targets.h"

static void run(const uint8_t *bytes, size_t n) {
    read_checkpoint(bytes, n, "model.bin");
}

/* A record: a name behind its length, the rank, dimensions, a type, bytes behind their length. */
struct record {
    size_t at, n, rank, type;
};

static bool read_record(const struct blob *file, size_t at, struct record *record) {
    record->at = at;
    if (at + 2 > file->n) return false;
    at += 2 + integer_at(file->bytes + at, 2);
    record->rank = at;
    if (at >= file->n) return false;
    at += 1 + 4u * file->bytes[at];
    record->type = at;
    if (at + 5 > file->n) return false;
    at += 5 + integer_at(file->bytes + at + 1, 4);
    record->n = at - record->at;
    return at <= file->n;
}

/* Where the records are counted: behind version, specification and revision. */
static size_t find_count(const struct blob *file) {
    size_t at = file->n < 6 ? 0 : 6 + integer_at(file->bytes + 4, 2) + 4;
    return at && at + 4 <= file->n ? at : 0;
}

static void change_record(struct chance *chance, struct blob *file, struct record record,
                          size_t count, size_t other) {
    switch (chance_below(chance, 6)) {
    case 0:
        change_counted(chance, file, record.at + 2, record.rank - record.at - 2, 2, change_blob);
        break;
    case 1:
        file->bytes[count] =
            (uint8_t)(file->bytes[count] + change_order(chance, file, record.at, record.n, other));
        break;
    case 2:
        change_integer(chance, file->bytes + record.rank, 1);
        break;
    case 3:
        change_integer(chance, file->bytes + record.type, chance_one_in(chance, 2) ? 1 : 5);
        break;
    case 4:
        change_counted(chance, file, record.type + 5, record.at + record.n - record.type - 5, 4,
                       change_blob);
        break;
    default:
        if (record.type > record.rank + 1)
            change_integer(chance,
                           file->bytes + record.rank + 1 +
                               4 * chance_below(chance, (record.type - record.rank) / 4),
                           4);
    }
}

static void change(struct chance *chance, struct blob *file) {
    size_t count = find_count(file), n = 0, at = count + 4;
    struct record record, chosen = {0}, other = {0};
    uint64_t n_records = count ? integer_at(file->bytes + count, 4) : 0;
    for (; n < n_records && read_record(file, at, &record); at += record.n) {
        if (chance_one_in(chance, ++n)) chosen = record;
        if (chance_one_in(chance, n)) other = record;
    }
    if (n == 0 || chance_one_in(chance, 10))
        change_blob(chance, file);
    else if (chance_one_in(chance, 10) && at < file->n)
        change_integer(chance, file->bytes + at + chance_below(chance, file->n - at), 1);
    else
        change_record(chance, file, chosen, count, other.at);
}

const struct fuzz_target fuzz_ctranslate2 = {"ctranslate2", run, change, 1 << 15, false};
