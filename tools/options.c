#include "tools/options.h"

#include "tools/complain.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AT(field) offsetof(struct options, field)
enum {
    SEARCHING = COMMAND_TRANSLATE | COMMAND_BENCH | COMMAND_ATTENTION,
    LINES = COMMAND_TRANSLATE | COMMAND_SCORE,
    RUNNING = LINES | COMMAND_BENCH | COMMAND_ATTENTION,
    ALL = 511,
};

/* An option that means something a little different to a command has an entry for it. The parser
 * may take either: letter, place and kind of value are the same. */
const struct option_spec option_specs[] = {
    {"model", 'm', VALUE_TEXT, "FILE",
     "model file, or a checkpoint of which one is made, once; without it TOLKA_MODEL, or the model "
     "that ships with tolka",
     RUNNING | COMMAND_LANGUAGES, AT(model), 0, 0},
    {"to", 't', VALUE_TEXT, "LANG",
     "target language (de, deu_Latn, German, ...); tolka languages lists them", RUNNING, AT(to), 0,
     0},
    {"from", 'f', VALUE_TEXT, "LANG", "source language, where the model wants to know", RUNNING,
     AT(from), 0, 0},
    {"input", 'i', VALUE_TEXT, "FILE", "read FILE instead of standard input", LINES, AT(input), 0,
     0},
    {"input", 'i', VALUE_TEXT, "FILE", "translate FILE instead of the built-in sentences",
     COMMAND_BENCH, AT(input), 0, 0},
    {"output", 'o', VALUE_TEXT, "FILE", "write FILE instead of standard output",
     LINES | COMMAND_CONVERT, AT(output), 0, 0},
    {"output", 'o', VALUE_TEXT, "FILE", "write FILE: map.html, map.svg, map.json or map.txt",
     COMMAND_ATTENTION, AT(output), 0, 0},
    {"format", 0, VALUE_TEXT, "FORMAT",
     "lines, text, markdown, html, srt, vtt, po, man or tsv:COLUMN; default: what the input's "
     "name says, or lines",
     COMMAND_TRANSLATE, AT(format), 0, 0},
    {"format", 0, VALUE_TEXT, "FORMAT",
     "html, svg, json or text; default: what the output's name says, or text", COMMAND_ATTENTION,
     AT(format), 0, 0},
    {"target", 0, VALUE_TEXT, "TEXT", "look at this translation instead of the model's own",
     COMMAND_ATTENTION, AT(target), 0, 0},
    {"pieces", 0, VALUE_FLAG, NULL, "show the pieces that the model sees instead of words",
     COMMAND_ATTENTION, AT(pieces), 0, 0},
    {"force", 0, VALUE_FLAG, NULL, "replace the output if it is there already",
     COMMAND_ATTENTION | COMMAND_CONVERT, AT(force), 0, 0},
    {"force", 0, VALUE_FLAG, NULL, "replace the picture of --plot if it is there already",
     COMMAND_BENCH, AT(force), 0, 0},
    {"beam", 'b', VALUE_LONG, "N", "beam size; 1 is greedy; default: what the model asks for",
     SEARCHING, AT(beam), 1, TOLKA_MAX_BEAM},
    {"nbest", 'n', VALUE_LONG, "N", "show the N best translations of each line", COMMAND_TRANSLATE,
     AT(nbest), 1, TOLKA_MAX_BEAM},
    {"length-penalty", 'l', VALUE_DOUBLE, "X",
     "divide scores by length^X; default: what the model asks for", RUNNING, AT(length_penalty), 0,
     100},
    {"early-stopping", 0, VALUE_TEXT, "RULE",
     "when beam search ends: heuristic, full or never; default: what the model asks for, or with "
     "--beam the heuristic",
     SEARCHING, AT(stop), 0, 0},
    {"max-length", 'x', VALUE_LONG, "N", "most tokens generated for a line, the end token included",
     SEARCHING, AT(max_length), 1, TOLKA_MAX_LENGTH},
    {"no-split", 0, VALUE_FLAG, NULL,
     "translate each line whole; default for T5 and BART; else sentence by sentence",
     COMMAND_TRANSLATE, AT(no_split), 0, 0},
    {"split", 0, VALUE_FLAG, NULL, "translate sentence by sentence, whatever the model",
     COMMAND_TRANSLATE, AT(split), 0, 0},
    {"max-source", 0, VALUE_LONG, "N",
     "split sentences of more than N tokens at clauses; default: what the model asks for",
     COMMAND_TRANSLATE, AT(max_source), 1, TOLKA_MAX_LENGTH},
    {"no-guards", 0, VALUE_FLAG, NULL,
     "keep translations that repeat themselves or lack much, instead of searching again",
     COMMAND_TRANSLATE, AT(no_guards), 0, 0},
    {"unknown", 0, VALUE_TEXT, "HOW",
     "copy, drop or mark what the vocabulary cannot spell; default: copy", COMMAND_TRANSLATE,
     AT(unknown), 0, 0},
    {"max-source", 0, VALUE_LONG, "N",
     "tokens of a sentence that the model is good at; longer ones will be split at clauses",
     COMMAND_CONVERT, AT(max_source), 1, TOLKA_MAX_LENGTH},
    {"sample", 0, VALUE_SETTING, NULL, "draw tokens instead of searching; with -n N, draw N times",
     COMMAND_TRANSLATE, 0, 0, 0},
    {"temperature", 0, VALUE_SETTING, "X", "--sample: divide scores by X first; default: 1",
     COMMAND_TRANSLATE, 0, 0, 0},
    {"top-k", 0, VALUE_SETTING, "N", "--sample: of the N likeliest tokens; 0: all; default: 50",
     COMMAND_TRANSLATE, 0, 0, 0},
    {"top-p", 0, VALUE_SETTING, "P",
     "--sample: of the likeliest tokens with probability P together", COMMAND_TRANSLATE, 0, 0, 0},
    {"min-p", 0, VALUE_SETTING, "P",
     "--sample: of tokens at least P times as likely as the likeliest", COMMAND_TRANSLATE, 0, 0, 0},
    {"seed", 0, VALUE_SETTING, "N", "--sample: other numbers draw other tokens; default: 0",
     COMMAND_TRANSLATE, 0, 0, 0},
    {"prefix", 'p', VALUE_TEXT, "TEXT", "begin every translation with TEXT (--ids: with these ids)",
     COMMAND_TRANSLATE, AT(prefix), 0, 0},
    {"prefix-column", 0, VALUE_FLAG, NULL,
     "lines are source, tab, how the translation begins; without a tab, as --prefix says",
     COMMAND_TRANSLATE, AT(prefix_column), 0, 0},
    {"alternatives", 'a', VALUE_LONG, "N",
     "show N translations that differ in the first word (behind the prefix)", COMMAND_TRANSLATE,
     AT(alternatives), 1, TOLKA_MAX_BEAM},
    {"no-repeat-ngram", 0, VALUE_SETTING, "N", "never the same N tokens twice in a translation",
     COMMAND_TRANSLATE, 0, 0, 0},
    {"repetition-penalty", 0, VALUE_SETTING, "X",
     "tokens that stand already are less likely; 1: no", COMMAND_TRANSLATE, 0, 0, 0},
    {"min-new-tokens", 0, VALUE_SETTING, "N", "generate at least N tokens", COMMAND_TRANSLATE, 0, 0,
     0},
    {"max-new-tokens", 0, VALUE_SETTING, "N", "generate at most N tokens, the prefix not counted",
     COMMAND_TRANSLATE, 0, 0, 0},
    {"require", 0, VALUE_SETTING, "WORDS",
     "translations have these words; A|B: one of them; may be repeated (--ids: these ids)",
     COMMAND_TRANSLATE, 0, 0, 0},
    {"set", 's', VALUE_SETTING, "KEY=VALUE",
     "a setting by its name in generation_config.json, with a JSON value; may be repeated",
     COMMAND_TRANSLATE, 0, 0, 0},
    {"normalize", 0, VALUE_FLAG, NULL, "divide sums by length^length-penalty", COMMAND_SCORE,
     AT(normalize), 0, 0},
    {"per-token", 0, VALUE_FLAG, NULL, "show the log-probability of every token, too",
     COMMAND_SCORE, AT(per_token), 0, 0},
    {"batch", 'B', VALUE_TEXT, "N", "sentences decoded together (never changes the output)", LINES,
     AT(batches), 0, 0},
    {"batch", 'B', VALUE_TEXT, "LIST", "sentences decoded together, such as 1,8,32; default: 1,32",
     COMMAND_BENCH, AT(batches), 0, 0},
    {"threads", 'j', VALUE_TEXT, "N", "worker threads; default: the cores this process may use",
     RUNNING & ~COMMAND_BENCH, AT(threads), 0, 0},
    {"threads", 'j', VALUE_TEXT, "LIST",
     "worker threads, such as 1,2,4; default: 1 and the cores this process may use", COMMAND_BENCH,
     AT(threads), 0, 0},
    {"max-memory", 0, VALUE_TEXT, "SIZE",
     "search with at most SIZE of memory (500M, 2G), in smaller batches; the model file is not "
     "counted",
     RUNNING, AT(max_memory), 0, 0},
    {"json", 'J', VALUE_FLAG, NULL, "one JSON object a line, with ids and scores", LINES, AT(json),
     0, 0},
    {"json", 'J', VALUE_FLAG, NULL, "one JSON object instead of text",
     COMMAND_INSPECT | COMMAND_LANGUAGES | COMMAND_CHECK | COMMAND_BENCH | COMMAND_CONVERT,
     AT(json), 0, 0},
    {"ids", 'I', VALUE_FLAG, NULL, "read and write token ids instead of text", LINES, AT(ids), 0,
     0},
    {"no-shortlist", 0, VALUE_FLAG, NULL, "ignore the lexical shortlist that the model carries",
     RUNNING, AT(no_shortlist), 0, 0},
    {"alignments", 0, VALUE_FLAG, NULL,
     "show which words belong together: \" ||| 0-0 1-2\", source-target, counted from 0",
     COMMAND_TRANSLATE | COMMAND_SCORE, AT(alignments), 0, 0},
    {"soft-alignments", 0, VALUE_FLAG, NULL, "with --json, the weights of all tokens, too",
     COMMAND_TRANSLATE | COMMAND_SCORE, AT(soft_alignments), 0, 0},
    {"align-layer", 0, VALUE_LONG, "N",
     "decoder layer that alignments are read off; -1: the last; default: the model's choice",
     COMMAND_TRANSLATE | COMMAND_SCORE, AT(align_layer), -1, 256},
    {"align-head", 0, VALUE_LONG, "N",
     "its head; -1: the average of all; default: the model's choice",
     COMMAND_TRANSLATE | COMMAND_SCORE, AT(align_head), -1, 1024},
    {"symmetrize", 0, VALUE_TEXT, "METHOD",
     "align in both directions and join: intersection, union or grow-diag-final-and", COMMAND_SCORE,
     AT(symmetrize), 0, 0},
    {"reverse-model", 0, VALUE_TEXT, "FILE",
     "model of the other direction for --symmetrize; default: the same", COMMAND_SCORE,
     AT(reverse_model), 0, 0},
    {"reverse-to", 0, VALUE_TEXT, "LANG", "its target language; default: --from", COMMAND_SCORE,
     AT(reverse_to), 0, 0},
    {"reverse-from", 0, VALUE_TEXT, "LANG", "its source language, where it wants to know",
     COMMAND_SCORE, AT(reverse_from), 0, 0},
    {"type", 'T', VALUE_TEXT, "TYPE", "weights as f32, f16, bf16, int8 (default) or q4",
     COMMAND_CONVERT, AT(type), 0, 0},
    {"type", 'T', VALUE_TEXT, "TYPE",
     "weights of the model file that is made of a checkpoint: f32, f16, bf16, int8 (default) or q4",
     RUNNING | COMMAND_CHECK | COMMAND_LANGUAGES, AT(type), 0, 0},
    {"clear", 0, VALUE_FLAG, NULL, "remove all model files that were made of checkpoints",
     COMMAND_CACHE, AT(clear), 0, 0},
    {"config", 0, VALUE_TEXT, "FILE", "config.json or decoder.yml, if it is not beside the weights",
     COMMAND_CONVERT | COMMAND_INSPECT, AT(config), 0, 0},
    {"vocab", 0, VALUE_TEXT, "FILE[,FILE]",
     "SentencePiece model or vocabulary (source,target if they differ), if not beside the weights",
     COMMAND_CONVERT, AT(vocab), 0, 0},
    {"shortlist", 0, VALUE_TEXT, "FILE", "lexical shortlist (Marian's .bin) to carry along",
     COMMAND_CONVERT, AT(shortlist), 0, 0},
    {"family", 0, VALUE_TEXT, "NAME", "family of the checkpoint, if it does not say itself",
     COMMAND_CONVERT | COMMAND_INSPECT, AT(family), 0, 0},
    {"diff", 0, VALUE_FLAG, NULL, "compare the tensors of two files", COMMAND_INSPECT, AT(diff), 0,
     0},
    {"tensors", 0, VALUE_FLAG, NULL, "list every tensor", COMMAND_INSPECT, AT(tensors), 0, 0},
    {"rounds", 'r', VALUE_LONG, "N", "repeat every measurement N times; default 5", COMMAND_BENCH,
     AT(rounds), 1, 1000},
    {"plot", 0, VALUE_TEXT, "FILE", "draw throughput and latency as a picture, FILE.svg",
     COMMAND_BENCH, AT(plot), 0, 0},
    {"quiet", 'q', VALUE_FLAG, NULL, "no progress line, no warnings", ALL, AT(quiet), 0, 0},
    {"verbose", 'v', VALUE_FLAG, NULL,
     "say what is done: kernels, batches and their memory, second searches",
     RUNNING & ~COMMAND_BENCH, AT(verbose), 0, 0},
    {"help", 'h', VALUE_FLAG, NULL, "show this help", ALL, AT(help), 0, 0},
    {"version", 'V', VALUE_FLAG, NULL, "show the version", ALL, AT(version), 0, 0},
    {NULL, 0, VALUE_FLAG, NULL, NULL, 0, 0, 0, 0},
};
_Static_assert(sizeof option_specs / sizeof *option_specs <= MAX_OPTIONS + 1, "MAX_OPTIONS");

static bool set_number(struct options *options, const struct option_spec *spec, const char *text) {
    char *end;
    errno = 0;
    double number = spec->value == VALUE_LONG ? (double)strtol(text, &end, 10) : strtod(text, &end);
    if (end == text || *end || errno || !(number >= spec->min && number <= spec->max)) {
        complain(EXIT_USAGE, "--%s is \"%s\"; expected %s from %g to %.10g", spec->name, text,
                 spec->value == VALUE_LONG ? "a whole number" : "a number", spec->min, spec->max);
        return false;
    }
    void *at = (char *)options + spec->offset;
    if (spec->value == VALUE_LONG)
        *(long *)at = (long)number;
    else
        *(double *)at = number;
    return true;
}

/* Options that are settings by another name. */
static const struct {
    const char *option, *key, *value; /* NULL: the option's argument */
} setting_names[] = {
    {"sample", "do_sample", "true"},
    {"temperature", "temperature", NULL},
    {"top-k", "top_k", NULL},
    {"top-p", "top_p", NULL},
    {"min-p", "min_p", NULL},
    {"seed", "seed", NULL},
    {"no-repeat-ngram", "no_repeat_ngram_size", NULL},
    {"repetition-penalty", "repetition_penalty", NULL},
    {"min-new-tokens", "min_new_tokens", NULL},
    {"max-new-tokens", "max_new_tokens", NULL},
    {"require", "force_words_ids", NULL}, /* tools/require.c makes ids of the words */
    {"set", NULL, NULL},
};

static bool add_setting(struct options *options, const char *name, const char *text) {
    size_t i = 0;
    while (strcmp(setting_names[i].option, name) != 0) i++;
    if (options->n_settings == MAX_SETTINGS)
        return complain(EXIT_USAGE, "--%s: more than %d settings", name, MAX_SETTINGS), false;
    options->settings[options->n_settings++] = (struct setting){
        name, setting_names[i].key, setting_names[i].value ? setting_names[i].value : text};
    return true;
}

bool option_apply(struct options *options, const struct option_spec *spec, const char *text) {
    void *at = (char *)options + spec->offset;
    switch (spec->value) {
    case VALUE_FLAG:
        *(bool *)at = true;
        return true;
    case VALUE_TEXT:
        *(const char **)at = text;
        return true;
    case VALUE_LONG:
    case VALUE_DOUBLE:
        return set_number(options, spec, text);
    case VALUE_SETTING:
        return add_setting(options, spec->name, text);
    }
    return false;
}

bool options_set(struct options *options, enum command command, const char *name,
                 const char *text) {
    for (const struct option_spec *spec = option_specs; spec->name; spec++)
        if ((spec->commands & (unsigned)command) && strcmp(spec->name, name) == 0)
            return option_apply(options, spec, text);
    return complain(EXIT_USAGE, "--%s is no option", name), false;
}

char *join_arguments(const struct options *options) {
    size_t length = 1;
    for (int i = 0; i < options->n_arguments; i++) length += strlen(options->arguments[i]) + 1;
    char *text = malloc(length), *at = text;
    if (text) *text = 0;
    for (int i = 0; text && i < options->n_arguments; i++)
        at += sprintf(at, "%s%s", i ? " " : "", options->arguments[i]);
    return text;
}
