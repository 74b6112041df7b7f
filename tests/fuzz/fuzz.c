#define _XOPEN_SOURCE 700
#include "tests/fuzz/fuzz.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void must(bool kept, const char *promise) {
    if (kept) return;
    fprintf(stderr, "broken promise: %s\n", promise);
    abort();
}

/* ---- bytes ----------------------------------------------------------------------------------- */

static void make_room(struct blob *blob, size_t n) {
    if (blob->capacity - blob->n >= n) return;
    blob->capacity = 2 * (blob->n + n);
    blob->bytes = realloc(blob->bytes, blob->capacity);
    must(blob->bytes != NULL, "there is memory for an input");
}

void blob_put(struct blob *blob, const void *bytes, size_t n) {
    make_room(blob, n);
    if (n) memcpy(blob->bytes + blob->n, bytes, n);
    blob->n += n;
}

void blob_put_text(struct blob *blob, const char *text) {
    blob_put(blob, text, strlen(text));
}

void blob_put_integer(struct blob *blob, uint64_t value, size_t width) {
    for (size_t i = 0; i < width; i++) blob_put(blob, &(uint8_t){(uint8_t)(value >> 8 * i)}, 1);
}

void blob_replace(struct blob *blob, size_t at, size_t n, const void *bytes, size_t n_bytes) {
    make_room(blob, n_bytes);
    if (blob->n > at + n)
        memmove(blob->bytes + at + n_bytes, blob->bytes + at + n, blob->n - at - n);
    if (n_bytes) memcpy(blob->bytes + at, bytes, n_bytes);
    blob->n += n_bytes - n;
}

void blob_free(struct blob *blob) {
    free(blob->bytes);
    *blob = (struct blob){0};
}

uint64_t integer_at(const uint8_t *bytes, size_t width) {
    uint64_t value = 0;
    for (size_t i = 0; i < width; i++) value |= (uint64_t)bytes[i] << 8 * i;
    return value;
}

/* ---- chance ---------------------------------------------------------------------------------- */

/* splitmix64 */
uint64_t chance_bits(struct chance *chance) {
    uint64_t z = chance->state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

size_t chance_below(struct chance *chance, size_t n) {
    return n ? (size_t)(chance_bits(chance) % n) : 0;
}

bool chance_one_in(struct chance *chance, size_t n) {
    return chance_below(chance, n) == 0;
}

uint64_t chance_number(struct chance *chance) {
    uint64_t power = (uint64_t)1 << chance_below(chance, 64);
    switch (chance_below(chance, 6)) {
    case 0:
        return chance_below(chance, 20);
    case 1:
        return -(uint64_t)chance_below(chance, 20);
    case 2:
        return power;
    case 3:
        return power - 1;
    case 4:
        return -power;
    default:
        return chance_bits(chance) >> chance_below(chance, 64);
    }
}

size_t change_plainly(struct chance *chance, uint8_t *bytes, size_t n, size_t room) {
    for (size_t times = 1 + chance_below(chance, 4); times > 0 && n > 0; times--) {
        size_t at = chance_below(chance, n), part = 1 + chance_below(chance, n - at);
        switch (chance_below(chance, 5)) {
        case 0:
            bytes[at] = (uint8_t)chance_number(chance);
            break;
        case 1:
            bytes[at] ^= (uint8_t)(1 << chance_below(chance, 8));
            break;
        case 2:
            change_integer(chance, bytes + at, part < 8 ? part : 4);
            break;
        case 3:
            memmove(bytes + at, bytes + at + part, n - at - part);
            n -= part;
            break;
        default:
            if (part > room - n) break;
            memmove(bytes + at + part, bytes + at, n - at);
            n += part;
        }
    }
    return n;
}

void change_integer(struct chance *chance, uint8_t *bytes, size_t width) {
    uint64_t value = integer_at(bytes, width);
    switch (chance_below(chance, 4)) {
    case 0:
        value += chance_below(chance, 9) - (uint64_t)4;
        break;
    case 1:
        value = chance_one_in(chance, 2) ? value * 2 : value / 2;
        break;
    case 2:
        value ^= (uint64_t)1 << chance_below(chance, 8 * width);
        break;
    default:
        value = chance_number(chance);
    }
    for (size_t i = 0; i < width; i++) bytes[i] = (uint8_t)(value >> 8 * i);
}

void change_blob(struct chance *chance, struct blob *blob) {
    size_t room = blob->n + 1 + chance_below(chance, 64);
    make_room(blob, room - blob->n);
    blob->n = chance->change(chance, blob->bytes, blob->n, room);
}

int change_order(struct chance *chance, struct blob *blob, size_t at, size_t n, size_t before) {
    struct blob record = {0};
    if (n == 0) return 0;
    blob_put(&record, blob->bytes + at, n);
    int more = (int)chance_below(chance, 3) - 1;
    if (more < 1) blob_replace(blob, at, n, NULL, 0);
    if (more < 1 && before > at) before = before >= at + n ? before - n : at;
    if (more >= 0) blob_replace(blob, before, 0, record.bytes, n);
    blob_free(&record);
    return more;
}

void change_counted(struct chance *chance, struct blob *blob, size_t at, size_t n, size_t width,
                    void (*change)(struct chance *chance, struct blob *part)) {
    struct blob part = {0}, length = {0};
    blob_put(&part, blob->bytes + at, n);
    change(chance, &part);
    blob_put_integer(&length, part.n, width);
    blob_replace(blob, at, n, part.bytes, part.n);
    blob_replace(blob, at - width, width, length.bytes, width);
    blob_free(&part);
    blob_free(&length);
}

void change_text(struct chance *chance, struct blob *blob, const char *const *words) {
    size_t n_words = 0, at = chance_below(chance, blob->n + 1);
    size_t most = chance_one_in(chance, 4) ? blob->n - at : 12, left = blob->n - at;
    size_t n = chance_below(chance, (most < left ? most : left) + 1);
    while (words[n_words]) n_words++;
    const char *word = n_words ? words[chance_below(chance, n_words)] : "";
    switch (chance_below(chance, 6)) {
    case 0:
    case 1:
        blob_replace(blob, at, 0, word, strlen(word));
        break;
    case 2:
        blob_replace(blob, at, n, word, strlen(word));
        break;
    case 3:
    case 4:
        change_order(chance, blob, at, n, chance_below(chance, blob->n + 1));
        break;
    default:
        change_blob(chance, blob);
    }
}

/* ---- files ----------------------------------------------------------------------------------- */

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *ftw) {
    (void)info, (void)kind, (void)ftw;
    return remove(path);
}

void fuzz_remove(const char *path) {
    nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static char folder[64];
static pid_t owner; /* a child that was forked makes a folder of its own */

static void remove_folder(void) {
    if (owner == getpid()) fuzz_remove(folder);
}

char *fuzz_path(const char *name) {
    if (owner != getpid()) {
        snprintf(folder, sizeof folder, "%s/tolka-fuzz-XXXXXX",
                 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
        must(mkdtemp(folder) != NULL, "there is a place for files");
        owner = getpid();
        atexit(remove_folder);
    }
    char *path = malloc(strlen(folder) + strlen(name) + 2);
    must(path != NULL, "there is memory for a path");
    sprintf(path, "%s/%s", folder, name);
    return path;
}

void fuzz_write(const char *path, const void *bytes, size_t n) {
    FILE *file = fopen(path, "wb");
    must(file && (n == 0 || fwrite(bytes, 1, n, file) == n) && fclose(file) == 0,
         "files can be written");
}
