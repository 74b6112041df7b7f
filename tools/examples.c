#include "tools/examples.h"

#include <stddef.h>

const struct example examples[] = {
    {COMMAND_TRANSLATE, "tolka --to de \"Good morning, my friend.\"", "translate a sentence"},
    {COMMAND_TRANSLATE, "tolka --to fr < in.txt > out.txt", "a file, line by line"},
    {COMMAND_TRANSLATE, "tolka --to de -i README.md -o README.de.md",
     "a document: Markdown, HTML, subtitles, a catalogue"},
    {COMMAND_TRANSLATE, "tolka -m en-de.gguf --nbest 3 \"Good night.\"",
     "with a model of yours, the three best"},
    {COMMAND_TRANSLATE, "tolka --to de --json \"Good night.\"", "with ids and scores, for scripts"},
    {COMMAND_CONVERT, "tolka convert opus-mt-en-de/ -o en-de.gguf",
     "a directory from a model hub, with int8 weights"},
    {COMMAND_CONVERT, "tolka convert nllb/ -o nllb.gguf --type f16",
     "with 16-bit floats: larger, nearer to the original"},
    {COMMAND_INSPECT, "tolka inspect en-de.gguf", "languages, sizes, licence, settings"},
    {COMMAND_INSPECT, "tolka inspect --diff opus-mt-en-de/ en-de.gguf",
     "what a conversion has changed in the weights"},
    {COMMAND_SCORE, "tolka score --to de < pairs.tsv", "source<TAB>translation in every line"},
    {COMMAND_SCORE, "tolka score --to de --alignments < pairs.tsv",
     "and which words belong together"},
    {COMMAND_LANGUAGES, "tolka languages nllb.gguf", "by which names --from and --to know them"},
    {COMMAND_ATTENTION, "tolka attention --to de \"Where are the keys?\"", "in the terminal"},
    {COMMAND_ATTENTION, "tolka attention --to de \"Where are the keys?\" -o map.html",
     "every layer and head, in a browser"},
    {COMMAND_CHECK, "tolka check en-de.gguf", "after copying it to another machine"},
    {COMMAND_BENCH, "tolka bench -m en-de.gguf", "all cores, built-in sentences"},
    {COMMAND_BENCH, "tolka bench en-de.gguf other.gguf", "two models beside each other"},
    {COMMAND_BENCH, "tolka bench --plot speed.svg", "as a picture, over batches and threads"},
    {COMMAND_BENCH, "tolka bench -j 1 -B 1,32 -i text.txt --json", "one thread, two batch sizes"},
    {COMMAND_CACHE, "tolka cache --clear", "forget model files that were made of checkpoints"},
    {0, NULL, NULL},
};
