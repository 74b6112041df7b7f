/* SentencePiece models: what tolka accepts and writes anew, the library loads; and it says of the
 * file's own bytes what it says of those. */
#include "tests/fuzz/fuzz_targets.h"
#include "tests/fuzz/spm_change.h"

#include "tokenizer/spm_check.h"

#include <stdlib.h>
#include <string.h>

/* A list of what was said, to compare. */
static void put_token(void *user, const struct spm_token *token) {
    blob_put(user, &token->piece, sizeof token->piece);
    blob_put(user, token->text.bytes, token->text.length);
    blob_put(user, &token->begin, sizeof token->begin);
    blob_put(user, &token->end, sizeof token->end);
    must(token->begin <= token->end, "a token ends behind its beginning");
}

static void put_text(void *user, const char *text, size_t length) {
    blob_put(user, text, length);
}

enum { SHOWN_PIECES = 300 };

static void describe(const struct spm *spm, struct blob *said) {
    static const char *const texts[] = {"",
                                        " ",
                                        "a",
                                        "abc ab  d",
                                        "\xe2\x96\x81 a",
                                        "w\xc3\xb6rld. \xef\xbc\xa1 2\xc2\xb2",
                                        "<s></s><unk><0x41>",
                                        "\xf0\x9f\x98\x80 \xe4\xb8\xad\xe6\x96\x87\n\tx",
                                        "zzzzzzzzzzzzzzzzzzzzzzzzzz"};
    int32_t n = spm_count(spm);
    blob_put_integer(said, (uint64_t)n, 4);
    blob_put_integer(said, (uint64_t)spm_unknown(spm), 4);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        spm_encode(spm, texts[i], strlen(texts[i]), put_token, said);
    for (int32_t i = 0; i < n && i < SHOWN_PIECES; i++) {
        struct spm_text piece = spm_piece(spm, i);
        must(piece.length > 0, "every piece has a text");
        blob_put(said, piece.bytes, piece.length);
        spm_encode(spm, piece.bytes, piece.length, put_token, said);
        struct spm_text pair[] = {piece, spm_piece(spm, n - 1 - i)};
        spm_decode(spm, pair, 2, put_text, said);
    }
}

static void compare(const struct spm *spm, const uint8_t *bytes, size_t n) {
    char why[SPM_WHY] = "";
    struct spm *own = NULL;
    struct blob said = {0}, own_said = {0};
    /* What the file has besides, such as tests of its own, the library may refuse. */
    if (spm_load(&own, bytes, n, why) == SPM_OK) {
        describe(spm, &said);
        describe(own, &own_said);
        must(said.n == own_said.n && memcmp(said.bytes, own_said.bytes, said.n) == 0,
             "a model written anew says what the file said");
    } else {
        describe(spm, &said);
    }
    blob_free(&said);
    blob_free(&own_said);
    spm_free(own);
}

static void run(const uint8_t *bytes, size_t n) {
    uint8_t *anew = NULL;
    size_t n_anew;
    char why[SPM_WHY] = "";
    struct spm *spm = NULL;
    enum spm_status status = spm_check(bytes, n, SPM_ENCODE_DECODE, &anew, &n_anew, why);
    if (status == SPM_OK) {
        status = spm_load(&spm, anew, n_anew, why);
        must(status == SPM_OK || why[0], "what the library refuses has a reason");
        if (status == SPM_OK) compare(spm, bytes, n);
        spm_free(spm);
    } else {
        must(status == SPM_NOMEM || why[0], "what is refused has a reason");
    }
    free(anew);
    if (spm_check(bytes, n, SPM_DECODE, &anew, &n_anew, why) == SPM_OK) {
        spm = NULL;
        if (spm_load(&spm, anew, n_anew, why) == SPM_OK) spm_free(spm);
        free(anew);
    }
}

const struct fuzz_target fuzz_spm = {"spm", run, change_spm, 1 << 14, false};
