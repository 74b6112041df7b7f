/* What fuzz targets are made of. A target reads bytes, does something with them, and ends the program
 * if what came out breaks a promise; the sanitizers see the rest. It may know how its bytes are built,
 * so that a change reaches code behind the first check. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- bytes ----------------------------------------------------------------------------------- */

/* Bytes that grow. Memory that is missing ends the program. */
struct blob {
    uint8_t *bytes;
    size_t n, capacity;
};

void blob_put(struct blob *blob, const void *bytes, size_t n);
void blob_put_text(struct blob *blob, const char *text);
void blob_put_integer(struct blob *blob, uint64_t value, size_t width); /* little-endian */
/* Bytes [at, at + n) become others, which lie elsewhere. */
void blob_replace(struct blob *blob, size_t at, size_t n, const void *bytes, size_t n_bytes);
void blob_free(struct blob *blob);

/* The integer of up to 8 bytes at `bytes`, little-endian. */
uint64_t integer_at(const uint8_t *bytes, size_t width);

/* ---- chance ---------------------------------------------------------------------------------- */

/* Numbers that follow from a seed, and the fuzzer's own way to change bytes: it returns how many
 * there are then, at most `room`. */
struct chance {
    uint64_t state;
    size_t (*change)(struct chance *chance, uint8_t *bytes, size_t n, size_t room);
};

uint64_t chance_bits(struct chance *chance);
size_t chance_below(struct chance *chance, size_t n); /* of 0: 0 */
bool chance_one_in(struct chance *chance, size_t n);
/* A number that breaks things: 0, -1, powers of two and their neighbours. */
uint64_t chance_number(struct chance *chance);

/* Without a fuzzer: a few bytes changed, left out or doubled. */
size_t change_plainly(struct chance *chance, uint8_t *bytes, size_t n, size_t room);

void change_integer(struct chance *chance, uint8_t *bytes, size_t width);
/* Anything, with at most `room` bytes more. */
void change_blob(struct chance *chance, struct blob *blob);
/* Words of a language (ended by NULL) are put in, and parts left out, doubled or moved. */
void change_text(struct chance *chance, struct blob *blob, const char *const *words);
/* A record [at, at + n) is left out (-1 is returned), doubled (1), or put before another place (0). */
int change_order(struct chance *chance, struct blob *blob, size_t at, size_t n, size_t before);
/* The bytes [at, at + n) are changed as `change` does it, and their length, an integer of `width`
 * bytes right before them, with them. */
void change_counted(struct chance *chance, struct blob *blob, size_t at, size_t n, size_t width,
                    void (*change)(struct chance *chance, struct blob *part));

/* ---- targets --------------------------------------------------------------------------------- */

struct fuzz_target {
    const char *name; /* and that of its folder in tests/fuzz/corpus */
    void (*run)(const uint8_t *bytes, size_t n);
    /* Changes an input into another; NULL: bytes have no structure. */
    void (*change)(struct chance *chance, struct blob *input);
    size_t longest; /* bytes of an input; 0: 4096 */
    bool complains; /* says on stderr what is wrong with an input */
};
extern const struct fuzz_target *const fuzz_targets[];         /* ended by NULL */
const struct fuzz_target *fuzz_target_named(const char *name); /* or NULL */

/* Ends the program unless a promise is kept. */
void must(bool kept, const char *promise);

/* ---- files ----------------------------------------------------------------------------------- */

/* The path of a file in a folder of this process's own, which is removed at its end. The caller frees
 * it. */
char *fuzz_path(const char *name);
void fuzz_write(const char *path, const void *bytes, size_t n);
void fuzz_remove(const char *path);

#endif
