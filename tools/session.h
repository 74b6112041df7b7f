/* What the commands that run a model have in common: finding and opening it, its tokenizer, a
 * translator, and lines in and out. */
#ifndef SESSION_H
#define SESSION_H

#include "tools/generation_set.h"
#include "tools/lines.h"
#include "tools/options.h"

#include <stdio.h>

struct session {
    struct generation_set set; /* what options say about choosing tokens */
    tolka_model *model;
    tolka_tokenizer *tokenizer; /* NULL with --ids */
    tolka_translator *translator;
    const char *model_path;
    char found_path[4096];
    int in, out;
};

/* Fills *session from options, and *decoding with their settings; complains and returns an exit
 * status other than 0 on failure. */
int session_open(struct session *session, const struct options *options, tolka_options *decoding);
void session_close(struct session *session);

/* Opens the model that options, TOLKA_MODEL or the installation name; `buffer` keeps its path. */
int open_model(const struct options *options, tolka_model **model, const char **path,
               char buffer[4096]);
/* Opens --input and --output, if given. */
int open_files(struct session *session, const struct options *options);
/* Decoding options from the command line; false after a complaint. */
bool decoding_options(const struct options *options, tolka_options *decoding);

/* A stream of its own to the session's output, which stays open when it is closed; NULL: no
 * memory. */
FILE *output_stream(const struct session *session);
/* Lets go what has been written; 0, or errno's reason why it cannot. A reader who has gone away
 * ends the program quietly. */
int flush_output(FILE *out);

#endif
