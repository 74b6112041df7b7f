/* tolka convert: makes a model file of a checkpoint. */
#define _POSIX_C_SOURCE 200809L
#include "models/convert/conversion.h"
#include "tools/commands.h"

#include <unistd.h>

int run_convert(struct options *options) {
    struct convert_options convert_options = {
        .import = {options->config, options->family, options->quiet},
        .type = DTYPE_I8,
        .vocab = options->vocab,
        .shortlist = options->shortlist,
        .progress = !options->quiet && isatty(STDERR_FILENO)};
    tolka_error err;
    if (options->n_arguments != 1)
        return complain(EXIT_USAGE, "convert needs one checkpoint; see tolka convert --help");
    if (!options->output) return complain(EXIT_USAGE, "convert needs --output FILE");
    if (options->type && !parse_type(options->type, &convert_options.type))
        return complain(EXIT_USAGE, "--type is \"%s\"; expected f32, f16, bf16 or int8",
                        options->type);
    if (convert(options->arguments[0], options->output, &convert_options, &err) != TOLKA_OK)
        return complain(EXIT_MODEL, "%s", err.text);
    return EXIT_DONE;
}
