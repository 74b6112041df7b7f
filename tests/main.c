/* Runs every suite. CK_RUN_SUITE=name runs one, CK_RUN_CASE=name one part of it. */
#include "tests/suites.h"

#include <stdlib.h>

static Suite *(*const suites[])(void) = {
    attention_map_suite,
    alignment_suite,
    decoding_suite,
    required_suite,
    modes_suite,
    sampling_suite,
    streaming_suite,
    sentences_suite,
    kernels_suite,
    attention_suite,
    config_suite,
    gguf_suite,
    pool_suite,
    memory_suite,
    hooks_suite,
    tokenizer_suite,
    import_suite,
    import_native_suite,
    reference_suite,
    search_suite,
    api_suite,
    cli_suite,
    bart_families_suite,
    t5_families_suite,
    native_families_suite,
    format_suite,
    transformer_suite,
    header_suite,
    formats_suite,
    rooms_suite,
    languages_suite,
    guards_suite,
    hostile_suite,
    unknown_suite,
    masks_suite,
    seccomp_suite,
    scale_suite,
    same_bytes_suite,
    faults_suite,
    fuzz_suite,
    bench_suite,
    /* A new suite: one line here, one in suites.h. */
};

int main(void) {
    SRunner *runner = srunner_create(NULL);
    for (size_t i = 0; i < sizeof suites / sizeof *suites; i++)
        srunner_add_suite(runner, suites[i]());
    srunner_run_all(runner, CK_NORMAL);
    int n_failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return n_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
