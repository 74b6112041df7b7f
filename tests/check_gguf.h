/* What the files of the gguf suite share. */
#ifndef CHECK_GGUF_H
#define CHECK_GGUF_H

#include "engine/gguf.h"
#include "engine/model.h"
#include "tests/suites.h"

TCase *gguf_model_case(void);  /* check_model.c */
TCase *gguf_damage_case(void); /* check_damage.c */
TCase *gguf_kinds_case(void);  /* check_file_kind.c */

#endif
