/* Makes sure that SentencePiece may follow a model's normalisation rules. */
#ifndef SPM_RULES_H
#define SPM_RULES_H

#include "tokenizer/spm.h"

/* `rules` is a precompiled_charsmap; `why` is a phrase. */
enum spm_status spm_check_rules(const uint8_t *rules, size_t n, char why[SPM_WHY]);

#endif
