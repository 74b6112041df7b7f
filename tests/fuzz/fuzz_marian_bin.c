/* Marian's bin: how many items, four numbers for each, names, shapes, data. */
#include "tests/fuzz/checkpoint_read.h"
#include "tests/fuzz/fuzz_targets.h"

static void run(const uint8_t *bytes, size_t n) {
    read_checkpoint(bytes, n, "model.bin");
}

/* Where headers, names and shapes end; 0: somewhere past the file. */
struct places {
    size_t names, shapes, data;
};

static struct places find_places(const struct blob *file) {
    struct places places = {0, 0, 0};
    uint64_t n_items = file->n < 16 ? 0 : integer_at(file->bytes + 8, 8), names = 0, dims = 0;
    if (n_items == 0 || n_items > (file->n - 16) / 32) return places;
    for (size_t i = 0; i < n_items; i++) {
        names += integer_at(file->bytes + 16 + 32 * i, 4);
        dims += integer_at(file->bytes + 32 + 32 * i, 4);
    }
    places.names = 16 + 32 * (size_t)n_items;
    places.shapes = places.names + (size_t)names;
    places.data = places.shapes + 4 * (size_t)dims;
    return places.data + 8 <= file->n ? places : (struct places){0, 0, 0};
}

static void change(struct chance *chance, struct blob *file) {
    struct places places = find_places(file);
    size_t what = chance_below(chance, 12);
    if (!places.data || what == 0)
        change_blob(chance, file);
    else if (what < 6)
        change_integer(chance, file->bytes + 8 * chance_below(chance, places.names / 8), 8);
    else if (what < 8)
        change_integer(chance,
                       file->bytes + places.shapes +
                           4 * chance_below(chance, (places.data - places.shapes) / 4),
                       4);
    else if (what < 10)
        change_integer(
            chance, file->bytes + places.names + chance_below(chance, places.shapes - places.names),
            1);
    else
        change_integer(
            chance, file->bytes + places.data + chance_below(chance, file->n - places.data - 7), 8);
}

const struct fuzz_target fuzz_marian_bin = {"marian_bin", run, change, 1 << 15, false};
