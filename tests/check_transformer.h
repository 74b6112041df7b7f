/* What the files of the transformer suite share: docs/transformer.md, whose worked examples are
 * computed again with the engine's own functions at every level that this machine has. */
#ifndef CHECK_TRANSFORMER_H
#define CHECK_TRANSFORMER_H

#include "tests/room.h"
#include "tests/suites.h"

TCase *transformer_attention_case(void); /* check_transformer_attention.c */
TCase *transformer_parts_case(void);     /* check_transformer_parts.c */
TCase *transformer_search_case(void);    /* check_transformer_search.c */
TCase *transformer_sentence_case(void);  /* check_transformer_sentence.c */

#endif
