/* SentencePiece for C. The library reads a model that it trusts; spm_check makes sure it may. */
#ifndef SPM_H
#define SPM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum spm_status {
    SPM_OK,
    SPM_REFUSED,     /* SentencePiece or spm_check says no; `why` says why */
    SPM_UNSUPPORTED, /* well-formed, but past what the library can hold */
    SPM_NOMEM,
};

enum { SPM_WHY = 160 };

struct spm_text {
    const char *bytes; /* not terminated */
    size_t length;
};

struct spm;

/* Loads bytes that spm_check made. */
enum spm_status spm_load(struct spm **out, const uint8_t *bytes, size_t n_bytes, char why[SPM_WHY]);
void spm_free(struct spm *spm);

int32_t spm_count(const struct spm *spm);   /* pieces */
int32_t spm_unknown(const struct spm *spm); /* the piece <unk> */
struct spm_text spm_piece(const struct spm *spm, int32_t piece);

/* The piece with exactly this text; -1: none. */
int32_t spm_find(const struct spm *spm, struct spm_text text);

/* A piece of a text. */
struct spm_token {
    int32_t piece;
    struct spm_text text; /* the piece's, or if it is unknown what stands for it */
    size_t begin, end;    /* where it stands, in bytes */
};

/* Calls put for every piece of a clean UTF-8 text. */
enum spm_status spm_encode(const struct spm *spm, const char *text, size_t length,
                           void (*put)(void *user, const struct spm_token *token), void *user);

/* Joins pieces (given as strings: they may be foreign to this model, and then stand for
 * themselves) and calls put(user, text, length) once. */
enum spm_status spm_decode(const struct spm *spm, const struct spm_text *pieces, size_t n,
                           void (*put)(void *user, const char *text, size_t length), void *user);

#ifdef __cplusplus
}
#endif
#endif
