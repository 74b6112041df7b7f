"""What a model file holds, by the names and shapes that peers' files are made from."""

import numpy as np

import gguf


class Model:
    """A transformer with self-attention in its decoder, or (`is_ssru`) with SSRUs."""

    def __init__(self, path):
        self.file = gguf.Gguf(path)
        self.width = self.file["d_model"]
        self.layers = (self.file["encoder.layers"], self.file["decoder.layers"])
        self.heads = self.file["encoder.heads"]
        self.ffn = self.file["encoder.ffn"]
        self.is_pre_norm = self.file["norm.place"] == "pre"
        self.is_ssru = self.file["decoder.kind"] == "ssru"
        self.activation = self.file["ffn.activation"]
        self.embedding_scale = self.file["embedding.scale"]
        self.epsilon = self.file["norm.epsilon"]
        self.end = self.file["token.end"]
        self.tokens = self.file["vocab.source"]
        # Marian starts from a zero vector. As Hugging Face stores it, that is the row of an added
        # <pad>, the last one, which is no token of the peers.
        self.start = self.file["token.start"]
        if not self.file["decoder.start_from_zero"]:
            if self.start != self.tokens - 1 or self.start != self.file["token.pad"]:
                raise ValueError("%s: its start token is not the last row" % path)
            self.tokens -= 1

    def linear(self, name):
        """(weight [n_out][n_in], bias or None), in float32."""
        n_out, n_in = self.shape(name)
        bias = name + ".bias"
        return (self.file.matrix(name + ".weight", n_out, n_in),
                self.file.vector(bias) if bias in self.file else None)

    def shape(self, name):
        part = name.split(".")[-1]
        return {"ffn_up": (self.ffn, self.width), "ffn_down": (self.width, self.ffn)}.get(
            part, (self.width, self.width))

    def norm(self, name):
        return self.file.vector(name + ".weight"), self.file.vector(name + ".bias")

    def has(self, name):
        return name + ".weight" in self.file

    def embeddings(self):
        return self.file.matrix("token_embd.weight", self.file["vocab.source"],
                                self.width)[:self.tokens]

    def output_bias(self):
        return self.file.vector("output.bias")[:self.tokens] if self.file["output.bias"] else None

    def positions(self, rows):
        """The sinusoids of the first so many positions, sines first."""
        if self.file["position.kind"] != "sinusoidal" or self.file["position.order"] != "halves":
            raise ValueError("positions are not sines, then cosines")
        half = self.width // 2
        pairs = np.arange(half)
        if self.file["position.angle"] == "paper":
            rates = 10000.0 ** (-2.0 * pairs / self.width)
        else:
            rates = np.exp(-pairs * np.log(10000.0) / (half - 1))
        angles = np.outer(np.arange(rows) + self.file["position.offset"], rates)
        return np.concatenate([np.sin(angles), np.cos(angles)], axis=1).astype(np.float32)

    def int8_linears(self):
        """Names of the int8 matrices, embeddings aside, with their values and scales."""
        for name in self.file.entries:
            stem, _, ending = name.rpartition(".")
            scales = self.file.scales(name, self.shape(stem)[0]) if ending == "weight" else None
            if scales is not None and stem != "token_embd":
                yield stem, self.file.stored(name, *self.shape(stem)), scales
