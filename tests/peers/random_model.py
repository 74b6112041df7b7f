"""Models of random weights in the sizes of well-known ones, as Marian stores its own.

    random_model.py SIZE DIRECTORY
    random_model.py --sentences SIZE FILE COUNT LENGTH

The first makes model.npz, model.intgemm8.bin and vocab.yml; for the student also what
Bergamot's runtimes want: int8 with activation multipliers (model.intgemm.alphas.bin),
vocab.spm and lex.s2t.bin. The second writes sources, as ids. The same arguments give the same
bytes. The end token's bias keeps it from coming, so that every engine generates exactly as
many tokens as it is told to.
"""

import os
import sys

import numpy as np

import marian_files
import vocabulary_files

NEVER = -1000.0  # as a bias: end and unknown token
LIVELINESS = 6
SHORTLIST_FIRST, SHORTLIST_BEST = 50, 50  # as in Firefox


class Size:
    """What distinguishes the models; everything else is Marian's default."""

    def __init__(self, title, width, layers, heads, ffn, tokens, pre_norm=False, ssru=False):
        self.title = title
        self.width = width
        self.layers = layers
        self.heads = heads
        self.ffn = ffn
        self.tokens = tokens
        self.pre_norm = pre_norm
        self.ssru = ssru


SIZES = {
    "opus": Size("OPUS-MT's size", 512, (6, 6), 8, 2048, 58101),
    "m2m100": Size("M2M-100's size (418M)", 1024, (12, 12), 16, 4096, 128004, pre_norm=True),
    "student": Size("Firefox student", 256, (6, 2), 8, 1536, 32000, ssru=True),
}


def settings(size):
    """special:model.yml, as far as Marian, slimt and tolka read it."""
    return {
        "type": "transformer", "dim-vocabs": [size.tokens, size.tokens], "dim-emb": size.width,
        "enc-depth": size.layers[0], "dec-depth": size.layers[1],
        "transformer-heads": size.heads, "transformer-dim-ffn": size.ffn,
        "transformer-ffn-activation": "relu", "transformer-ffn-depth": 2,
        "transformer-preprocess": "n" if size.pre_norm else "",
        "transformer-postprocess": "da" if size.pre_norm else "dan",
        "transformer-postprocess-top": "n" if size.pre_norm else "",
        "transformer-postprocess-emb": "d", "tied-embeddings-all": True,
        "transformer-decoder-autoreg": "rnn" if size.ssru else "self-attention",
        "dec-cell": "ssru" if size.ssru else "gru", "dec-cell-base-depth": 2,
        "dec-cell-high-depth": 1, "enc-type": "bidirectional", "enc-cell": "gru",
        "enc-cell-depth": 1, "layer-normalization": False, "skip": False,
        "transformer-tied-layers": [], "lemma-dim-emb": 0, "version": "v1.12.0",
    }


class Weights:
    """Fills a dictionary of arrays by Marian's names."""

    def __init__(self, size, seed=2017):
        self.size = size
        self.arrays = {}
        self.random = np.random.default_rng(seed)
        # A norm before a sublayer has another name, and sees values that have not been added.
        self.pre = "_pre" if size.pre_norm else ""

    def normal(self, rows, columns, deviation):
        values = self.random.standard_normal((rows, columns), dtype=np.float32)
        return values * np.float32(deviation)

    def linear(self, weight, bias, n_in, n_out):
        self.arrays[weight] = self.normal(n_in, n_out, (2 / (n_in + n_out)) ** 0.5)
        if bias:
            self.arrays[bias] = self.normal(1, n_out, 0.02)

    def norm(self, name):
        self.arrays[name % "scale"] = 1 + self.normal(1, self.size.width, 0.02)
        self.arrays[name % "bias"] = self.normal(1, self.size.width, 0.02)

    def attention(self, name):
        for part in "qkvo":
            self.linear(name + "_W" + part, name + "_b" + part, self.size.width, self.size.width)
        self.norm(name + "_Wo_ln_%s" + self.pre)

    def ssru(self, name):
        self.linear(name + "_W", None, self.size.width, self.size.width)
        self.linear(name + "_Wf", name + "_bf", self.size.width, self.size.width)
        self.norm(name + "_ffn_ln_%s" + self.pre)

    def feed_forward(self, name):
        self.linear(name + "_W1", name + "_b1", self.size.width, self.size.ffn)
        self.linear(name + "_W2", name + "_b2", self.size.ffn, self.size.width)
        # Without this all tokens are drawn to the same output, again and again.
        down = self.arrays[name + "_W2"]
        down -= down.mean(axis=0)
        down *= LIVELINESS
        self.norm(name + "_ffn_ln_%s" + self.pre)

    def fill(self):
        size = self.size
        self.arrays["Wemb"] = self.normal(size.tokens, size.width, size.width ** -0.5)
        bias = np.zeros((1, size.tokens), np.float32)
        bias[0, :2] = NEVER
        self.arrays["decoder_ff_logit_out_b"] = bias
        for layer in range(1, size.layers[0] + 1):
            self.attention("encoder_l%d_self" % layer)
            self.feed_forward("encoder_l%d_ffn" % layer)
        for layer in range(1, size.layers[1] + 1):
            if size.ssru:
                self.ssru("decoder_l%d_rnn" % layer)
            else:
                self.attention("decoder_l%d_self" % layer)
            self.attention("decoder_l%d_context" % layer)
            self.feed_forward("decoder_l%d_ffn" % layer)
        if size.pre_norm:
            self.norm("encoder_top_ln_%s")
            self.norm("decoder_top_ln_%s")
        return self.arrays


def shortlist(tokens, seed=2018):
    """For each source token the target tokens that it may become, in order. Frequent ones, which
    come first, are in many lists, as in a dictionary."""
    random = np.random.default_rng(seed)
    return [np.unique(frequent(random, SHORTLIST_FIRST, tokens, SHORTLIST_BEST, 8))
            for _ in range(tokens)]


def frequent(random, first, tokens, count, power):
    """So many tokens from `first` on; the greater the power, the rarer are late ones."""
    return (first + (tokens - first) * random.random(count) ** power).astype(np.uint32)


def sentences(size, count, length, seed=2019):
    """Sources of so many tokens each, the end token included."""
    random = np.random.default_rng(seed)
    return [[int(i) for i in frequent(random, 2, size.tokens, length - 1, 4)] + [0]
            for _ in range(count)]


def make(name, directory):
    size = SIZES[name]
    os.makedirs(directory, exist_ok=True)
    arrays = Weights(size).fill()
    yml = marian_files.yml(settings(size))
    marian_files.write_npz(os.path.join(directory, "model.npz"), arrays, yml)
    marian_files.write_int8(os.path.join(directory, "model.intgemm8.bin"), arrays, yml, False)
    vocabulary_files.write_yml(os.path.join(directory, "vocab.yml"), size.tokens)
    if not size.ssru:
        return
    alphas = os.path.join(directory, "model.intgemm.alphas.bin")
    marian_files.write_int8(alphas, arrays, yml, True)
    vocabulary_files.write_spm(os.path.join(directory, "vocab.spm"), size.tokens)
    marian_files.write_shortlist(os.path.join(directory, "lex.s2t.bin"), SHORTLIST_FIRST,
                                 SHORTLIST_BEST, shortlist(size.tokens))


def write_sentences(name, path, count, length):
    with open(path, "w", encoding="ascii") as file:
        for ids in sentences(SIZES[name], int(count), int(length)):
            file.write(" ".join(map(str, ids)) + "\n")


if __name__ == "__main__":
    if sys.argv[1] == "--sentences":
        write_sentences(*sys.argv[2:])
    else:
        make(*sys.argv[1:])
