/* What the commands that run a model have in common: finding and opening it, its tokenizer, a
 * translator, and lines in and out. */
#ifndef SESSION_H
#define SESSION_H

#include "models/convert/output_file.h"
#include "tools/generation_set.h"
#include "tools/lines.h"
#include "tools/model_file.h"
#include "tools/options.h"
#include "tools/written.h"

struct session {
    struct generation_set set; /* what options say about choosing tokens */
    tolka_model *model;
    tolka_tokenizer *tokenizer; /* NULL with --ids */
    tolka_translator *translator;
    struct model_file file;
    int in;
    struct output_file output;
};

/* Fills *session from options, and *decoding with their settings; complains and returns an exit
 * status other than 0 on failure. */
int session_open(struct session *session, const struct options *options, tolka_options *decoding);
void session_close(struct session *session);

/* Opens --input and --output, if given. */
int open_files(struct session *session, const struct options *options);
/* Decoding options from the command line; false after a complaint. */
bool decoding_options(const struct options *options, tolka_options *decoding);

#endif
