#!/usr/bin/env python3
"""Writes sentences.en.txt and references.de.tsv from the shipped model's dev.tsv.

    select_sentences.py DEV.TSV

The first 1,000 distinct English sources of the German lines, as the model card scores them;
then in the order of their SHA-256, because dev.tsv goes from short to long and a text sorted
by length would do an engine's batching for it. Line n of references.de.tsv holds the
translations of line n, separated by tabs.
"""

import hashlib
import os
import sys

COUNT = 1000


def main():
    references = {}
    with open(sys.argv[1], encoding="utf-8") as file:
        for line in file:
            language, english, translation = line.rstrip("\n").split("\t")
            if language == "deu":
                references.setdefault(english, []).append(translation)
    chosen = list(references)[:COUNT]
    chosen.sort(key=lambda text: hashlib.sha256(text.encode("utf-8")).digest())

    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "sentences.en.txt"), "w", encoding="utf-8") as file:
        file.writelines(text + "\n" for text in chosen)
    with open(os.path.join(here, "references.de.tsv"), "w", encoding="utf-8") as file:
        file.writelines("\t".join(references[text]) + "\n" for text in chosen)


if __name__ == "__main__":
    main()
