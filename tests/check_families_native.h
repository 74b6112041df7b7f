/* What the tests of Marian's and CTranslate2's families share. */
#ifndef CHECK_FAMILIES_NATIVE_H
#define CHECK_FAMILIES_NATIVE_H

#include "tests/fixture.h"

/* entry.a.b (b NULL: entry.a); NULL: no such key. */
const json_t *look_up(const json_t *entry, const char *a, const char *b);
/* How many cases are translated to the ids of entry.a.b. */
size_t count_equal(const struct fixture *fixture, const tolka_options *options, const char *a,
                   const char *b);

void add_ctranslate2_tests(Suite *suite); /* check_families_ctranslate2.c */
void add_beams_tests(Suite *suite);       /* check_families_beams.c */
void add_vaswani_tests(Suite *suite);     /* check_families_vaswani.c */
void add_refusal_tests(Suite *suite);     /* check_families_refused.c */
void add_settings_tests(Suite *suite);    /* check_families_settings.c */

#endif
