/* The parts of the suite "formats". */
#ifndef CHECK_FORMATS_H
#define CHECK_FORMATS_H

#include "tests/translations.h"

TCase *formats_texts_case(void);   /* check_formats_texts.c */
TCase *formats_parsers_case(void); /* check_formats_parsers.c */
TCase *formats_hostile_case(void); /* check_formats_hostile.c */
TCase *formats_command_case(void); /* check_formats_command.c */

#endif
