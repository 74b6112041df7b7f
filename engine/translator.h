/* What the rooms above the engine may ask of a translator besides tolka.h. */
#ifndef TRANSLATOR_H
#define TRANSLATOR_H

#include "engine/tolka.h"

#include "engine/log.h"

#include <stdbool.h>

/* What is said of its work. */
struct log *translator_log(tolka_translator *translator);

/* What it was made with, defaults filled in; lists and names belong to it. */
const tolka_options *translator_options(const tolka_translator *translator);

/* Tokens that a sentence should have at most, n_special that stand around it aside: what the caller
 * asks for, or else the model, as far as the model can tell positions apart. */
size_t translator_max_source(const tolka_translator *translator, size_t n_special);

/* Around a call that makes others: a stop is for the outermost one that is under way, so it is heeded
 * before there are ids, too, and between the parts of a text. */
void translator_enter(tolka_translator *translator);
void translator_leave(tolka_translator *translator);

/* Around what the caller gave to be called, which may ask for nothing that the translator would have
 * to work for. */
void translator_call_begins(tolka_translator *translator);
void translator_call_ends(tolka_translator *translator);
/* TOLKA_ARGUMENT in such a call; `call` is the name of the public function that was asked. */
tolka_status translator_check_idle(const tolka_translator *translator, const char *call,
                                   tolka_error *err);

/* What max_length is if nobody asks for another. */
int translator_default_length(const tolka_translator *translator);

/* The token that hypotheses end with. */
int32_t translator_end_token(const tolka_translator *translator);

/* Has the last call been stopped, or the next one already? */
bool translator_stopped(const tolka_translator *translator);

/* tolka_translate once more, with other settings of the search (beam, n_best, max_length,
 * length_penalty, stop, generation): the rest is as the translator was made. It belongs to the call
 * before it: a stop of that is a stop of this. */
tolka_status translator_search_again(tolka_translator *translator, const tolka_options *changed,
                                     const tolka_input *inputs, size_t n, tolka_done done,
                                     void *user, tolka_error *err);

/* What the chosen head of cross-attention looks at for a source and its translation
 * (pair->target, at least one token): *soft[n_target][n_ids], which the caller frees. Not during a
 * call. */
tolka_status translator_align(tolka_translator *translator, const tolka_input *pair, float **soft,
                              tolka_error *err);

/* Lets a translator that was made for alignments go without them for a while, as they take time, or
 * have them again. Returns what was before. */
bool translator_set_aligning(tolka_translator *translator, bool aligns);

/* Calls job(user, i) for i in [0, n) on the translator's threads; returns when all are done. For
 * work around a translation, such as tokenizing. */
void translator_share(tolka_translator *translator, size_t n, void (*job)(void *user, size_t i),
                      void *user);

#endif
