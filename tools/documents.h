/* tolka translate with a document: read as a whole, translated, written. */
#ifndef DOCUMENTS_H
#define DOCUMENTS_H

#include "tools/options.h"

/* The format that --format or the input's name says; NULL: lines. */
const char *document_format(const struct options *options);

/* Translates the input (or the arguments) as a document; returns an exit status. */
int translate_document(struct options *options, const char *format);

#endif
