/* Translations that no model made, for documents to take. */
#ifndef TRANSLATIONS_H
#define TRANSLATIONS_H

#include "tests/suites.h"

#include "engine/tolka.h"

#include <stddef.h>

/* A result with this text; links between words "0-1 1-0", or NULL: none. */
tolka_result *translation_of(const char *text, size_t n, const char *links);
/* The same words the other way round, linked as they should be. */
tolka_result *translation_reversed(const char *text, size_t n);

/* A file of the fixtures; a NUL is behind it, and the caller frees it. */
char *read_document(const char *name, size_t *n);
/* Fails the test if it cannot be parsed. */
tolka_document *document_of(const char *format, const char *bytes, size_t n);
/* What a document is written as, with a NUL behind; the caller frees it. */
char *written(const tolka_document *document, size_t *n);

enum how { AS_THEY_ARE, THE_SAME, REVERSED };
/* A document with all its texts put. */
char *put_all(const char *format, const char *bytes, size_t n, enum how how, size_t *n_out);

/* The fixtures that the tests run on. */
struct fixture_document {
    const char *name, *format;
};
extern const struct fixture_document fixture_documents[]; /* ended by a NULL name */

#endif
