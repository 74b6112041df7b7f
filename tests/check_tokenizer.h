/* What the files of the tokenizer suite share. */
#ifndef CHECK_TOKENIZER_H
#define CHECK_TOKENIZER_H

#include "engine/open.h"
#include "tests/gguf_builder.h"
#include "tokenizer/tokenizer.h"

#include <check.h>

Suite *tokenizer_suite(void);
TCase *tokenizer_reference_case(void); /* check_tokenizer_reference.c */
TCase *tokenizer_damage_case(void);    /* check_tokenizer_damage.c */
TCase *tokenizer_pieces_case(void);    /* check_tokenizer_pieces.c */
TCase *tokenizer_json_case(void);      /* check_tokenizer_json.c */

/* A file of tests/fixtures/tokenizer; free it. */
uint8_t *read_fixture(const char *name, size_t *n);
void build_fixture(struct gguf_builder *builder, const char *key, const char *name);

/* A model that has metadata, and nothing else but the sizes of its vocabularies. */
struct tolka_model *build_model(struct gguf_builder *builder, uint32_t vocab, int32_t pad);
void free_model(struct tolka_model *model);
tolka_tokenizer *open_tokenizer(const struct tolka_model *model, const char *from, const char *to);

#endif
