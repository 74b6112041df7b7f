#!/usr/bin/env python3
"""Makes a CTranslate2 model from a Hugging Face Marian directory, without PyTorch.

    convert_ct2.py MARIAN_DIRECTORY OUTPUT_DIRECTORY [--quantization int8]

The result has the weights, vocabulary and settings that CTranslate2's own Transformers
converter gives; only numpy and ctranslate2.specs are needed.
"""

import argparse
import json
import os
import shutil
import sys

import numpy as np
from ctranslate2.converters import utils
from ctranslate2.specs import common_spec, transformer_spec

ACTIVATIONS = {
    "gelu": common_spec.Activation.GELU,
    "relu": common_spec.Activation.RELU,
    "silu": common_spec.Activation.SWISH,
    "swish": common_spec.Activation.SWISH,
}


def read_json(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def read_safetensors(path):
    """Returns {name: float32 array}. bfloat16 is the upper half of a float32."""
    with open(path, "rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
        data = file.read()
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        kind = {"F32": "<f4", "F16": "<f2", "BF16": "<u2"}.get(entry["dtype"])
        if kind is None:
            raise ValueError("%s: tensor %s has type %s" % (path, name, entry["dtype"]))
        values = np.frombuffer(data[begin:end], dtype=kind)
        if entry["dtype"] == "BF16":
            values = (values.astype(np.uint32) << 16).view(np.float32)
        tensors[name] = values.astype(np.float32).reshape(entry["shape"])
    return tensors


def position_table(rows, width):
    """Sines in the first half, cosines in the second, position 0 in row 0.

    CTranslate2 computes a table of its own where the file has none, with other angles (the
    exponent divided by width/2 - 1) and one position later, so ours must be written out.
    """
    half = width // 2
    rates = 10000.0 ** (-2.0 * np.arange(half) / width)
    angles = np.outer(np.arange(rows), rates)
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1).astype(np.float32)


class Weights:
    """Fills specifications from the tensors of one checkpoint."""

    def __init__(self, tensors):
        self.tensors = tensors

    def linear(self, spec, name):
        spec.weight = self.tensors[name + ".weight"]
        if name + ".bias" in self.tensors:
            spec.bias = self.tensors[name + ".bias"]

    def fused(self, spec, name, parts):
        layers = [common_spec.LinearSpec() for _ in parts]
        for layer, part in zip(layers, parts):
            self.linear(layer, "%s.%s_proj" % (name, part))
        utils.fuse_linear(spec, layers)

    def norm(self, spec, name):
        spec.gamma = self.tensors[name + ".weight"]
        spec.beta = self.tensors[name + ".bias"]

    def self_attention(self, spec, name):
        self.fused(spec.linear[0], name + ".self_attn", "qkv")
        self.linear(spec.linear[1], name + ".self_attn.out_proj")
        self.norm(spec.layer_norm, name + ".self_attn_layer_norm")

    def cross_attention(self, spec, name):
        self.fused(spec.linear[0], name + ".encoder_attn", "q")
        self.fused(spec.linear[1], name + ".encoder_attn", "kv")
        self.linear(spec.linear[2], name + ".encoder_attn.out_proj")
        self.norm(spec.layer_norm, name + ".encoder_attn_layer_norm")

    def feed_forward(self, spec, name):
        self.linear(spec.linear_0, name + ".fc1")
        self.linear(spec.linear_1, name + ".fc2")
        self.norm(spec.layer_norm, name + ".final_layer_norm")

    def stack(self, spec, name):
        for index, layer in enumerate(spec.layer):
            part = "%s.layers.%d" % (name, index)
            self.self_attention(layer.self_attention, part)
            if hasattr(layer, "attention"):
                self.cross_attention(layer.attention, part)
            self.feed_forward(layer.ffn, part)

    def first(self, *names):
        for name in names:
            if name in self.tensors:
                return self.tensors[name]
        raise ValueError("the checkpoint has none of: " + ", ".join(names))


def vocabulary(directory, config):
    """The tokens in the order of their ids, without <pad>.

    Marian starts decoding from a zero vector; Hugging Face stores it as the row of an added
    <pad>, CTranslate2 has an option for it. Keeping the row would let <pad> be generated.
    """
    ids = read_json(os.path.join(directory, "vocab.json"))
    tokens = sorted(ids, key=ids.get)
    if [ids[token] for token in tokens] != list(range(len(tokens))):
        raise ValueError("%s/vocab.json: ids are not 0 to %d" % (directory, len(tokens) - 1))
    tokens = tokens[: config["vocab_size"]]
    if tokens[-1] != "<pad>":
        raise ValueError("%s/vocab.json: the last token is not <pad>" % directory)
    return tokens[:-1]


def check(config):
    if config.get("model_type") != "marian":
        raise ValueError("model_type is %r, expected 'marian'" % config.get("model_type"))
    if not config.get("share_encoder_decoder_embeddings", True):
        raise ValueError("separate vocabularies are not supported")
    if config["encoder_attention_heads"] != config["decoder_attention_heads"]:
        raise ValueError("encoder and decoder differ in their number of heads")


def build(directory):
    config = read_json(os.path.join(directory, "config.json"))
    check(config)
    weights = Weights(read_safetensors(os.path.join(directory, "model.safetensors")))
    tokens = vocabulary(directory, config)

    spec = transformer_spec.TransformerSpec.from_config(
        (config["encoder_layers"], config["decoder_layers"]),
        config["encoder_attention_heads"],
        pre_norm=False,
        activation=ACTIVATIONS[config.get("activation_function", "gelu")],
    )
    rows = len(tokens)
    width = config["d_model"]
    shared = weights.first("model.shared.weight", "model.encoder.embed_tokens.weight")[:rows]
    for stack, name in ((spec.encoder, "model.encoder"), (spec.decoder, "model.decoder")):
        stack.scale_embeddings = float(width) ** 0.5 if config.get("scale_embedding") else 1.0
        stored = weights.tensors.get(name + ".embed_positions.weight")
        if stored is None:
            stored = position_table(config["max_position_embeddings"], width)
        stack.position_encodings.encodings = stored
        weights.stack(stack, name)
    # The same array three times: the library finds equal variables and stores them once.
    spec.encoder.embeddings[0].weight = shared
    spec.decoder.embeddings.weight = shared
    spec.decoder.projection.weight = weights.tensors.get("lm_head.weight", shared)[:rows]
    bias = weights.tensors.get("final_logits_bias")
    if bias is not None and bias.any():
        spec.decoder.projection.bias = bias.reshape(-1)[:rows]
    spec.decoder.start_from_zero_embedding = True

    # The start token is read for nothing but its place, since its embedding is zero.
    spec.config.bos_token = "<s>"
    spec.config.eos_token = spec.config.decoder_start_token = "</s>"
    spec.config.unk_token = "<unk>"
    spec.register_source_vocabulary(tokens)
    spec.register_target_vocabulary(tokens)
    return spec


def convert(directory, output, quantization):
    spec = build(directory)
    spec.validate()
    spec.optimize(quantization=quantization)
    os.makedirs(output, exist_ok=True)
    spec.save(output)
    for name in ("source.spm", "target.spm"):
        if os.path.exists(os.path.join(directory, name)):
            shutil.copyfile(os.path.join(directory, name), os.path.join(output, name))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("directory")
    parser.add_argument("output")
    parser.add_argument("--quantization", default="float32")
    options = parser.parse_args()
    try:
        convert(options.directory, options.output, options.quantization)
    except (OSError, ValueError, KeyError) as error:
        sys.exit("convert_ct2: %s: %s" % (options.directory, error))


if __name__ == "__main__":
    main()
