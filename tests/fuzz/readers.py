"""tolka convert against the readers of PyTorch and safetensors: random checkpoints of all number types,
views and containers are written by those, converted to f32, and every weight of the model file must be
the number that they read back. Not a part of the suite, as it needs their packages:

    python3 -m venv venv && venv/bin/pip install torch numpy safetensors packaging
    venv/bin/python tests/fuzz/readers.py build/tolka [ROUNDS [SEED]]
"""

import json, os, random, struct, subprocess, sys, tempfile

import numpy
import safetensors.torch
import torch

TYPES = [torch.float32, torch.float16, torch.bfloat16, torch.float64]
CONTAINERS = ["safetensors", "safetensors shards", "zip", "legacy", "zip shards"]


# ---- a checkpoint ----------------------------------------------------------------------------------


def shapes_of(d, f, v):
    """Roles in the model file, the names that Hugging Face gives them, and their sizes."""
    shapes = {"token_embd.weight": ("model.shared.weight", (v, d)),
              "output.bias": ("final_logits_bias", (1, v))}
    for stack in "encoder", "decoder":
        ours, theirs = stack[:3] + ".blk.0.", "model.%s.layers.0." % stack
        attentions = [("attn", "self_attn")]
        if stack == "decoder":
            attentions.append(("cross_attn", "encoder_attn"))
        for short, long in attentions:
            for role, name in zip("qkvo", ("q_proj", "k_proj", "v_proj", "out_proj")):
                shapes[ours + short + "_" + role + ".weight"] = (theirs + long + "." + name + ".weight", (d, d))
                shapes[ours + short + "_" + role + ".bias"] = (theirs + long + "." + name + ".bias", (d,))
            for part in "weight", "bias":
                shapes[ours + short + "_norm." + part] = (theirs + long + "_layer_norm." + part, (d,))
        for short, name, n_out, n_in in ("up", "fc1", f, d), ("down", "fc2", d, f):
            shapes[ours + "ffn_" + short + ".weight"] = (theirs + name + ".weight", (n_out, n_in))
            shapes[ours + "ffn_" + short + ".bias"] = (theirs + name + ".bias", (n_out,))
        for part in "weight", "bias":
            shapes[ours + "ffn_norm." + part] = (theirs + "final_layer_norm." + part, (d,))
    return shapes


def tensor_of(rnd, shape, views):
    """Random numbers, perhaps as a view: transposed, every other one, or a part of something larger."""
    kind, view = rnd.choice(TYPES), rnd.randrange(4) if views else 0
    if view == 1:
        return torch.randn(shape[::-1]).to(kind).permute(*range(len(shape) - 1, -1, -1))
    if view == 2:
        return torch.randn(shape[0], *shape[1:-1], 2 * shape[-1]).to(kind)[..., ::2] \
            if len(shape) > 1 else torch.randn(2 * shape[0]).to(kind)[::2]
    if view == 3:
        return torch.randn(shape[0] + 3, *shape[1:]).to(kind)[2:2 + shape[0]]
    return torch.randn(shape).to(kind)


def write_config(folder, d, f, heads):
    config = {"model_type": "marian", "d_model": d, "encoder_layers": 1, "decoder_layers": 1,
              "encoder_attention_heads": heads, "decoder_attention_heads": heads,
              "encoder_ffn_dim": f, "decoder_ffn_dim": f, "eos_token_id": 1, "pad_token_id": 0,
              "decoder_start_token_id": 0}
    with open(os.path.join(folder, "config.json"), "w") as file:
        json.dump(config, file)


def write_shards(folder, state, name, save):
    names = list(state)
    middle, index = len(names) // 2, {}
    for i, part in enumerate((names[:middle], names[middle:])):
        shard = name.replace(".", "-0000%d-of-00002." % (i + 1), 1)
        save({key: state[key] for key in part}, os.path.join(folder, shard))
        index.update((key, shard) for key in part)
    with open(os.path.join(folder, name + ".index.json"), "w") as file:
        json.dump({"weight_map": index}, file)


def write_weights(folder, state, container):
    """Returns what the container's own library reads back."""
    plain = {name: tensor.contiguous() for name, tensor in state.items()}
    if container == "safetensors":
        path = os.path.join(folder, "model.safetensors")
        safetensors.torch.save_file(plain, path)
        return safetensors.torch.load_file(path)
    if container == "safetensors shards":
        write_shards(folder, plain, "model.safetensors", safetensors.torch.save_file)
        return plain
    if container == "zip shards":
        write_shards(folder, state, "pytorch_model.bin", torch.save)
        return state
    path = os.path.join(folder, "pytorch_model.bin")
    torch.save(state, path, _use_new_zipfile_serialization=container == "zip")
    return torch.load(path, weights_only=True)


# ---- the model file --------------------------------------------------------------------------------


class Reader:
    def __init__(self, path):
        self.bytes, self.at = open(path, "rb").read(), 0

    def take(self, code):
        value = struct.unpack_from("<" + code, self.bytes, self.at)
        self.at += struct.calcsize("<" + code)
        return value[0]

    def text(self):
        n = self.take("Q")
        self.at += n
        return self.bytes[self.at - n:self.at].decode()

    def skip_value(self, kind):
        codes = "BbHhIif?--Qqd"
        if kind == 8:
            self.text()
        elif kind == 9:
            element, n = self.take("I"), self.take("Q")
            for _ in range(n):
                self.skip_value(element)
        else:
            self.take(codes[kind])


def read_gguf(path):
    """Names and numbers of all F32 tensors."""
    reader, tensors = Reader(path), {}
    reader.at = 8
    n_tensors, n_values = reader.take("Q"), reader.take("Q")
    for _ in range(n_values):
        reader.text()
        reader.skip_value(reader.take("I"))
    for _ in range(n_tensors):
        name = reader.text()
        dims = [reader.take("Q") for _ in range(reader.take("I"))]
        tensors[name] = (dims, reader.take("I"), reader.take("Q"))
    start = (reader.at + 63) // 64 * 64
    return {name: numpy.frombuffer(reader.bytes, "<f4", int(numpy.prod(dims)), start + offset)
            for name, (dims, kind, offset) in tensors.items() if kind == 0}


def as_matrix(numbers, shape):
    """A vector as it is; a matrix of panels of 16 outputs, an input a tile (docs/format.md)."""
    if len(shape) == 1 or shape[0] == 1:
        return numbers.reshape(shape)
    n_out, n_in = shape
    panels = numbers.reshape(-1, n_in, 16).transpose(0, 2, 1).reshape(-1, n_in)
    assert not panels[n_out:].any(), "what fills panels up is zero"
    return panels[:n_out]


# ---- rounds ----------------------------------------------------------------------------------------


def run_round(tolka, rnd, folder):
    heads = rnd.choice([1, 2, 4])
    d, f, v = heads * rnd.randrange(2, 9), rnd.randrange(2, 40), rnd.randrange(3, 40)
    container, shapes = rnd.choice(CONTAINERS), shapes_of(d, f, v)
    state = {name: tensor_of(rnd, shape, "safetensors" not in container)
             for name, shape in shapes.values()}
    write_config(folder, d, f, heads)
    expected = write_weights(folder, state, container)
    output = os.path.join(folder, "out.gguf")
    subprocess.run([tolka, "convert", "-q", "--type", "f32", folder, "-o", output], check=True)
    tensors = read_gguf(output)
    for role, (name, shape) in shapes.items():
        found, right = as_matrix(tensors[role], shape), expected[name].to(torch.float32).numpy()
        assert numpy.array_equal(found, right), "%s: %s is not %s" % (container, role, name)
    return container


def main():
    tolka, rounds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 100
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.randrange(1 << 30)
    rnd, counts = random.Random(seed), {}
    torch.manual_seed(seed)
    for i in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            try:
                container = run_round(tolka, rnd, folder)
            except Exception:
                print("round %d of seed %d" % (i + 1, seed), file=sys.stderr)
                raise
        counts[container] = counts.get(container, 0) + 1
    print("seed %d: %d checkpoints, every weight equal: %s" % (
        seed, rounds, ", ".join("%s %d" % item for item in sorted(counts.items()))))


main()
