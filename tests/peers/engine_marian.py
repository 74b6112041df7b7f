"""Marian, through pymarian: text of known words in, text out."""

import os

import pymarian

import vocabulary_files


class Engine:
    def __init__(self, threads, model, vocabulary, shortlist=None):
        self.threads = threads
        self.options = "--models %s --vocabs %s %s --cpu-threads %d --quiet" % (
            model, vocabulary, vocabulary, threads)
        if shortlist:
            self.options += " --shortlist %s false" % shortlist
        self.version = "Marian, pymarian " + pymarian.__version__
        self.translators = {}

    def translator(self, work):
        key = (work.batch, work.beam, work.length)
        if key not in self.translators:
            # Sources are as long as what is to be generated: a factor of 1.
            options = " --beam-size %d --mini-batch %d --maxi-batch 100 --maxi-batch-sort src" % (
                work.beam, work.batch)
            options += " --max-length-factor 1 --normalize 1 --max-length 4096"
            self.translators[key] = pymarian.Translator(self.options + options)
        return self.translators[key]

    def prepare(self, sources, work):
        assert all(len(ids) == work.length for ids in sources)
        texts = [" ".join(vocabulary_files.word(i) for i in ids[:-1]) for ids in sources]
        return self.translator(work), texts

    def run(self, prepared):
        translator, texts = prepared
        return translator.translate(texts)

    def ids(self, texts):
        return [[vocabulary_files.index(word) for word in text.split()] for text in texts]
