/* The list of subcommands: what main looks up, and what help, manual and completion show. */
#include "tools/commands.h"

#include <stddef.h>

const struct command_spec command_specs[] = {
    {COMMAND_TRANSLATE, "translate", " [OPTION]... [TEXT]...",
     "translate text (the default command)",
     "Translates TEXT, or each line of the input: one line out for one line in; or a document "
     "(--format), of which all but the text stays as it is. Without a command, translate is meant: "
     "tolka \"Good morning.\" --to de.",
     run_translate},
    {COMMAND_CONVERT, "convert", " [OPTION]... CHECKPOINT -o FILE",
     "make a model file of a checkpoint",
     "Reads a checkpoint (a directory, the weights file in it, or an archive of them) as others "
     "export it and writes one model file.",
     run_convert},
    {COMMAND_INSPECT, "inspect", " [OPTION]... FILE [FILE]",
     "show what a model or checkpoint holds",
     "Shows family, sizes, languages, tokenizer, licence, types and settings of a model file or of "
     "a checkpoint that could be converted; with --diff, how the tensors of two differ, whatever "
     "they are called and however they are stored.",
     run_inspect},
    {COMMAND_LANGUAGES, "languages", " [OPTION]... [FILE]", "list the languages of a model",
     "Lists the languages of a model file: its own names, codes that stand for them, names in "
     "English and in the language itself. Any of these is good for --to and --from.",
     run_languages},
    {COMMAND_SCORE, "score", " [OPTION]...", "score given translations",
     "Reads lines of source, tab, target and prints the log-probability of each target; with "
     "--alignments, also which words belong together.",
     run_score},
    {COMMAND_ATTENTION, "attention", " [OPTION]... TEXT...", "show what a translation looks at",
     "Translates TEXT and draws which words each word looks at: as a page with every layer and "
     "head "
     "(-o map.html), a picture (-o map.svg), all numbers (-o map.json), or in the terminal.",
     run_attention},
    {COMMAND_CHECK, "check", " [OPTION]... [FILE]", "test a model file on this machine",
     "Runs the sentences that were stored when FILE was made and says whether this machine gives "
     "the answers that the source weights gave.",
     run_check},
    {COMMAND_BENCH, "bench", " [OPTION]... [MODEL [MODEL]]", "measure speed",
     "Measures load time, latency, throughput and memory, beside what the machine could do. Two "
     "models are run in turn, and shown beside each other.",
     run_bench},
    {COMMAND_CACHE, "cache", " [OPTION]...", "show model files made of checkpoints",
     "Shows the model files that were made of checkpoints given with -m, and where they are; "
     "--clear removes them.",
     run_cache},
    {0, NULL, NULL, NULL, NULL, NULL},
};
