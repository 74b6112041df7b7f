/* The suites that tests/main.c runs, and the model that they all may use. Tests run in the root of
 * the repository. */
#ifndef SUITES_H
#define SUITES_H

#include <check.h>

#define SHIPPED_MODEL "models/pretrained/tolka-en-de-fr.gguf"

Suite *kernels_suite(void);         /* check_kernels.c, check_matmul.c, check_attention.c */
Suite *attention_suite(void);       /* check_vectors.c */
Suite *config_suite(void);          /* check_config.c */
Suite *gguf_suite(void);            /* check_gguf.c */
Suite *format_suite(void);          /* check_format*.c */
Suite *transformer_suite(void);     /* check_transformer*.c */
Suite *pool_suite(void);            /* check_pool.c */
Suite *bench_suite(void);           /* check_bench.c */
Suite *memory_suite(void);          /* check_memory.c */
Suite *hooks_suite(void);           /* check_hooks.c */
Suite *reference_suite(void);       /* check_reference.c */
Suite *search_suite(void);          /* check_search.c and the following */
TCase *limits_case(void);           /* check_limits.c */
TCase *few_tokens_case(void);       /* check_few_tokens.c */
Suite *attention_map_suite(void);   /* check_attention_map.c */
Suite *decoding_suite(void);        /* check_decoding.c */
Suite *alignment_suite(void);       /* check_alignment*.c */
TCase *alignment_words_case(void);  /* check_alignment_words.c */
Suite *required_suite(void);        /* check_required.c */
Suite *modes_suite(void);           /* check_modes.c */
Suite *sampling_suite(void);        /* check_sampling.c */
Suite *streaming_suite(void);       /* check_streaming.c */
Suite *guards_suite(void);          /* check_guards.c */
Suite *hostile_suite(void);         /* check_hostile.c */
Suite *unknown_suite(void);         /* check_unknown.c */
Suite *masks_suite(void);           /* check_masks.c */
Suite *seccomp_suite(void);         /* check_seccomp.c */
Suite *sentences_suite(void);       /* check_sentences.c */
Suite *api_suite(void);             /* check_api.c, check_arguments.c, check_callbacks.c */
TCase *arguments_case(void);        /* check_arguments.c */
TCase *callbacks_case(void);        /* check_callbacks.c */
Suite *tokenizer_suite(void);       /* check_tokenizer*.c */
Suite *languages_suite(void);       /* check_languages.c */
Suite *import_suite(void);          /* check_import.c, check_import_hostile.c, check_settings.c */
Suite *import_native_suite(void);   /* check_import_native.c, check_import_damage.c */
Suite *cli_suite(void);             /* check_cli.c */
Suite *native_families_suite(void); /* check_families_native.c */
Suite *bart_families_suite(void);   /* check_families_bart.c */
Suite *t5_families_suite(void);     /* check_families_t5.c */
Suite *header_suite(void);          /* check_header.c */
Suite *formats_suite(void);         /* check_formats*.c */
Suite *scale_suite(void);           /* check_scale.c, scale/parallel.sh */
Suite *same_bytes_suite(void);      /* check_same_bytes.c */
Suite *faults_suite(void);          /* check_faults*.c */
Suite *fuzz_suite(void);            /* check_fuzz.c, fuzz/, check_bad_inputs.c */
TCase *bad_inputs_case(void);       /* check_bad_inputs.c */
Suite *rooms_suite(void);           /* check_rooms.c, rooms.sh */

#endif
