/* The sentences that `tolka bench` translates when it is given no file. */
#ifndef BENCH_TEXT_H
#define BENCH_TEXT_H

extern const char *const bench_sentences[]; /* ended by NULL */

#endif
