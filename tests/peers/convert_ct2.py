#!/usr/bin/env python3
"""Makes a CTranslate2 model of a tolka model file.

    convert_ct2.py MODEL.GGUF OUTPUT_DIRECTORY float32|int8

Float32 weights are the file's numbers; of an int8 file, int8 gives the same integers and
scales again, which is checked matrix by matrix. Tokens are called by their ids, "7": sources
and translations are ids, so nothing depends on a tokenizer.
"""

import os
import sys

import numpy as np
from ctranslate2.converters import utils
from ctranslate2.specs import common_spec, transformer_spec

import tolka_model

POSITIONS = 2304  # rows of the table: for sources of 2,000 tokens

ACTIVATIONS = {
    "gelu": common_spec.Activation.GELU,
    "relu": common_spec.Activation.RELU,
    "swish": common_spec.Activation.SWISH,
}


class Filler:
    """Fills specifications from the tensors of one model."""

    def __init__(self, model):
        self.model = model
        self.placed = {}  # where each matrix went: stem -> (specification, its first row)

    def linear(self, spec, *names):
        """One matrix, or several one below the other."""
        parts, row = [], 0
        for name in names:
            part = common_spec.LinearSpec()
            part.weight, part.bias = self.model.linear(name)
            self.placed[name] = (spec, row)
            row += part.weight.shape[0]
            parts.append(part)
        utils.fuse_linear(spec, parts)

    def norm(self, spec, name):
        spec.gamma, spec.beta = self.model.norm(name)

    def stack(self, spec, name):
        for index, layer in enumerate(spec.layer):
            part = "%s.blk.%d." % (name, index)
            attention = layer.self_attention
            self.linear(attention.linear[0], part + "attn_q", part + "attn_k", part + "attn_v")
            self.linear(attention.linear[1], part + "attn_o")
            self.norm(attention.layer_norm, part + "attn_norm")
            if hasattr(layer, "attention"):
                cross = layer.attention
                self.linear(cross.linear[0], part + "cross_attn_q")
                self.linear(cross.linear[1], part + "cross_attn_k", part + "cross_attn_v")
                self.linear(cross.linear[2], part + "cross_attn_o")
                self.norm(cross.layer_norm, part + "cross_attn_norm")
            self.linear(layer.ffn.linear_0, part + "ffn_up")
            self.linear(layer.ffn.linear_1, part + "ffn_down")
            self.norm(layer.ffn.layer_norm, part + "ffn_norm")
        if self.model.has(name + ".output_norm"):
            self.norm(spec.layer_norm, name + ".output_norm")


def build(model):
    """The specification, in float32, and where matrices are in it."""
    if model.is_ssru:
        raise ValueError("CTranslate2 has no SSRU decoder")
    spec = transformer_spec.TransformerSpec.from_config(
        model.layers, model.heads, pre_norm=model.is_pre_norm,
        activation=ACTIVATIONS[model.activation])
    filler = Filler(model)
    shared = model.embeddings()
    for stack, name in ((spec.encoder, "enc"), (spec.decoder, "dec")):
        stack.scale_embeddings = model.embedding_scale
        # Its own table has other angles for other positions, so ours is written out.
        stack.position_encodings.encodings = model.positions(POSITIONS)
        filler.stack(stack, name)
    # The same array three times: the library finds equal variables and stores them once.
    spec.encoder.embeddings[0].weight = shared
    spec.decoder.embeddings.weight = shared
    spec.decoder.projection.weight = shared
    bias = model.output_bias()
    if bias is not None:
        spec.decoder.projection.bias = bias
    spec.decoder.start_from_zero_embedding = True

    tokens = [str(i) for i in range(model.tokens)]
    tokens[model.end], tokens[model.file["token.unknown"]] = "</s>", "<unk>"
    # The start token is read for nothing but its place, since its embedding is zero.
    spec.config.bos_token = "<s>"
    spec.config.eos_token = spec.config.decoder_start_token = "</s>"
    spec.config.unk_token = "<unk>"
    spec.config.layer_norm_epsilon = model.epsilon
    spec.register_source_vocabulary(tokens)
    spec.register_target_vocabulary(tokens)
    return spec, filler.placed


def check_int8(model, placed):
    """The peer's integers are the file's, and the scales are, but for rounding."""
    for name, values, scales in model.int8_linears():
        spec, row = placed[name]
        rows = slice(row, row + len(scales))
        theirs = spec.weight.numpy()[rows]
        used = np.abs(values).max(axis=1) > 0  # a row of zeros has any scale
        same = np.array_equal(theirs, values) and np.allclose(
            1 / spec.weight_scale.numpy()[rows][used], scales[used], rtol=1e-6)
        if not same:
            raise ValueError("%s: CTranslate2 would have other int8 values" % name)


def convert(path, output, quantization):
    model = tolka_model.Model(path)
    spec, placed = build(model)
    spec.validate()
    spec.optimize(quantization=quantization)
    if quantization == "int8":
        check_int8(model, placed)
    os.makedirs(output, exist_ok=True)
    spec.save(output)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    try:
        convert(*sys.argv[1:])
    except (OSError, ValueError, KeyError) as problem:
        sys.exit("convert_ct2: %s: %s" % (sys.argv[1], problem))
