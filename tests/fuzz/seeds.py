"""Writes the seeds of the corpus: the smallest models, checkpoints, vocabularies and documents that are
what they say they are, of every kind. Needs nothing but Python: python3 tests/fuzz/seeds.py

Width 4, 2 heads, hidden layer 8, 8 tokens, a layer each: the settings in checkpoint_read.c."""

import argparse, gzip, io, json, lzma, os, pickle, random, struct, sys, tarfile, types, zipfile

D, H, F, V = 4, 2, 8, 8
CORPUS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus")
rnd = random.Random(1)


def write(target, name, content):
    os.makedirs(os.path.join(CORPUS, target), exist_ok=True)
    with open(os.path.join(CORPUS, target, name), "wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)
    rnd.seed(1)  # no seed depends on those before it


def count(shape):
    n = 1
    for size in shape:
        n *= size
    return n


def floats(n, size=1.0):
    return struct.pack("<%df" % n, *[round(rnd.uniform(-size, size), 2) for _ in range(n)])


def bytes_of(n):
    return bytes(rnd.randrange(256) for _ in range(n))


def zipped(files, compression):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, compression)  # of 1980, always
    return out.getvalue()


def tarred(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


# ---- GGUF ------------------------------------------------------------------------------------------

U8, U32, I32, F32, BOOL, TEXT, LIST = 0, 4, 5, 6, 7, 8, 9
CODES = {U8: "B", U32: "I", I32: "i", F32: "f", BOOL: "B"}
TYPE_F32, TYPE_I8, TYPE_I32 = 0, 24, 26


def gguf_text(text):
    text = text if isinstance(text, bytes) else text.encode()
    return struct.pack("<Q", len(text)) + text


def gguf_value(kind, value):
    if kind == TEXT:
        return gguf_text(value)
    if kind == LIST:
        element, items = value
        packed = b"".join(gguf_value(element, item) for item in items)
        return struct.pack("<IQ", element, len(items)) + packed
    return struct.pack("<" + CODES[kind], value)


def gguf(values, tensors, alignment=64):
    out = struct.pack("<4sIQQ", b"GGUF", 3, len(tensors), len(values))
    for key, (kind, value) in values.items():
        out += gguf_text(key) + struct.pack("<I", kind) + gguf_value(kind, value)
    data = b""
    for name, (kind, dims, content) in tensors.items():
        out += gguf_text(name) + struct.pack("<I%dQIQ" % len(dims), len(dims), *dims, kind, len(data))
        data += content + bytes(-len(content) % alignment)
    return out + bytes(-len(out) % alignment) + data


# ---- tolka's own models ----------------------------------------------------------------------------


class Model:
    def __init__(self, panels=False, position="sinusoidal", decoder="self_attention", rms=False,
                 gated=False, shortlist=False):
        self.panels, self.tensors = panels, {}
        words = ["<s>", "</s>", "<unk>", "a", "b", "c", "d", "e"]
        self.values = {
            "general.architecture": (TEXT, "tolka"), "general.alignment": (U32, 64),
            "tolka.d_model": (U32, D), "tolka.encoder.layers": (U32, 1),
            "tolka.decoder.layers": (U32, 1), "tolka.encoder.heads": (U32, H),
            "tolka.decoder.heads": (U32, H), "tolka.encoder.ffn": (U32, F),
            "tolka.decoder.ffn": (U32, F), "tolka.vocab.source": (U32, V),
            "tolka.vocab.target": (U32, V), "tolka.norm.kind": (TEXT, "rms" if rms else "layer"),
            "tolka.norm.place": (TEXT, "pre" if rms else "post"),
            "tolka.position.kind": (TEXT, position), "tolka.ffn.activation": (TEXT, "relu"),
            "tolka.ffn.gated": (BOOL, gated), "tolka.decoder.kind": (TEXT, decoder),
            "tolka.token.start": (I32, 0), "tolka.token.end": (I32, 1), "tolka.token.pad": (I32, 0),
            "tolka.token.unknown": (I32, 2), "tolka.search.rules": (TEXT, "huggingface"),
            "tolka.search.beam": (U32, 2), "tolka.search.max_length": (U32, 8),
            "tolka.tokenizer.kind": (TEXT, "words"),
            "tolka.tokenizer.vocab": (LIST, (TEXT, words)), "tolka.tokenizer.eos": (I32, 1),
            "tolka.tokenizer.unknown": (I32, 2), "tolka.tokenizer.template": (TEXT, "text eos"),
        }
        if position == "relative":
            self.set(**{"position.buckets": (U32, 4), "position.max_distance": (U32, 8)})
        if position == "learned":
            self.set(**{"position.max": (U32, 12)})
            for stack in "enc", "dec":
                self.table(stack + ".position_embd.weight", 12, D)
        self.matrix("token_embd", V, D, bias=False)
        self.attention("enc.blk.0.attn", position, rms)
        self.feed_forward("enc.blk.0.ffn", gated, rms)
        if decoder == "ssru":
            self.norm("dec.blk.0.ssru_norm", rms)
            self.matrix("dec.blk.0.ssru_w", D, D, bias=False)
            self.matrix("dec.blk.0.ssru_forget", D, D)
        else:
            self.attention("dec.blk.0.attn", position, rms)
        self.attention("dec.blk.0.cross_attn", None, rms)
        self.feed_forward("dec.blk.0.ffn", gated, rms)
        if shortlist:
            self.set(**{"shortlist.first": (U32, 4)})
            offsets, ids = [2 * i for i in range(V + 1)], [(5 * i + 3) % V for i in range(2 * V)]
            for name, numbers in ("offsets", offsets), ("ids", ids):
                self.tensors["shortlist." + name] = (
                    TYPE_I32, [len(numbers)], struct.pack("<%di" % len(numbers), *numbers))

    def set(self, **values):
        for key, value in values.items():
            self.values["tolka." + key] = value
        return self

    def table(self, name, n_out, n_in):
        self.tensors[name] = (TYPE_F32, [n_in, n_out], floats(n_out * n_in))

    def vector(self, name, n):
        self.tensors[name] = (TYPE_F32, [n], floats(n))

    def matrix(self, name, n_out, n_in, bias=True):
        if self.panels:  # int8, 16 outputs a panel, 4 inputs a group
            tiles, panels = (n_in + 3) // 4, (n_out + 15) // 16
            rows = [[rnd.randrange(-127, 128) if o < n_out and i < n_in else 0
                     for i in range(4 * tiles)] for o in range(16 * panels)]
            packed = b"".join(struct.pack("<4b", *rows[16 * p + o][4 * t:4 * t + 4])
                              for p in range(panels) for t in range(tiles) for o in range(16))
            self.tensors[name + ".weight"] = (TYPE_I8, [64 * tiles, panels], packed)
            self.tensors[name + ".scale"] = (TYPE_F32, [16 * panels],
                                             struct.pack("<f", 0.01) * (16 * panels))
            self.tensors[name + ".sum"] = (TYPE_I32, [16 * panels],
                                           b"".join(struct.pack("<i", sum(row)) for row in rows))
        else:
            self.table(name + ".weight", n_out, n_in)
        if bias:
            self.vector(name + ".bias", n_out)

    def norm(self, name, rms):
        self.vector(name + ".weight", D)
        if not rms:
            self.vector(name + ".bias", D)

    def attention(self, name, position, rms):
        self.norm(name + "_norm", rms)
        for role in "qkvo":
            self.matrix(name + "_" + role, D, D)
        if position == "relative":
            self.table(name + "_rel_b.weight", 4, H)

    def feed_forward(self, name, gated, rms):
        self.norm(name + "_norm", rms)
        if gated:
            self.matrix(name + "_gate", F, D)
        self.matrix(name + "_up", F, D)
        self.matrix(name + "_down", D, F)

    def file(self):
        return gguf(self.values, self.tensors)


# ---- SentencePiece ---------------------------------------------------------------------------------


def varint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def field(number, content):
    return varint(number << 3 | 2) + varint(len(content)) + content


def piece(text, score, kind):
    return field(1, field(1, text.encode()) + b"\x15" + struct.pack("<f", score) +
                 (b"\x18" + varint(kind) if kind != 1 else b""))


def spm(words, kind=1, user=(), normalizer=b"", trainer=b""):
    out = piece("<unk>", 0, 2) + piece("<s>", 0, 3) + piece("</s>", 0, 3)
    for i, word in enumerate(words):
        out += piece(word, -float(i), 1)
    for word in user:
        out += piece(word, 0, 4 if len(word) < 6 else 6)
    return out + field(2, b"\x18" + varint(kind) + trainer) + field(3, normalizer)


def spm_models():
    words = ["\u2581", "a", "b", "c", "\u2581a", "ab", "abc", "\u2581ab", "z", "\u2581d"]
    write("spm", "unigram.model", spm(words))
    write("spm", "bpe.model", spm(words, kind=2, normalizer=b"\x18\x00\x20\x00"))
    write("spm", "word.model", spm(words, kind=3))
    write("spm", "char.model", spm(words, kind=4, user=["<x>", "zz"]))
    write("spm", "bytes.model",
          spm(words, user=["<0x%02X>" % i for i in range(256)], trainer=b"\x98\x02\x01"))
    # Rules: a trie of one letter (a double array as the library reads it), and what that becomes.
    trie = bytearray(4 * 256)
    rules = struct.pack("<I", len(trie)) + bytes(trie) + b"b\0"
    write("spm", "rules.model", spm(words, normalizer=field(2, rules)) + field(4, field(1, field(
        1, b"a") + field(2, b"a"))))
    return spm(words[:5])


# ---- checkpoints -----------------------------------------------------------------------------------


def hugging_face():
    shapes = {"model.shared.weight": (V, D), "final_logits_bias": (1, V)}
    for stack in "encoder", "decoder":
        layer = "model.%s.layers.0." % stack
        for attention in ["self_attn"] + (["encoder_attn"] if stack == "decoder" else []):
            for role in "q_proj", "k_proj", "v_proj", "out_proj":
                shapes[layer + attention + "." + role + ".weight"] = (D, D)
                shapes[layer + attention + "." + role + ".bias"] = (D,)
            shapes[layer + attention + "_layer_norm.weight"] = (D,)
            shapes[layer + attention + "_layer_norm.bias"] = (D,)
        for name, n_out, n_in in ("fc1", F, D), ("fc2", D, F):
            shapes[layer + name + ".weight"] = (n_out, n_in)
            shapes[layer + name + ".bias"] = (n_out,)
        shapes[layer + "final_layer_norm.weight"] = shapes[layer + "final_layer_norm.bias"] = (D,)
    return shapes


def halves(n):
    """BF16: the upper halves of floats."""
    content = floats(n)
    return b"".join(content[4 * i + 2:4 * i + 4] for i in range(n))


def safetensors(shapes, kind="F32"):
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, shape in shapes.items():
        content = (floats if kind == "F32" else halves)(count(shape))
        header[name] = {"dtype": kind, "shape": shape,
                        "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header, separators=(",", ":")).encode()
    return struct.pack("<Q", len(text)) + text + data


class Storage(str):
    """The key of one, for which the pickle has a persistent id."""


class Tensor:
    def __init__(self, key, shape):
        self.key, self.shape = key, shape

    def __reduce__(self):
        strides = tuple(count(self.shape[i + 1:]) for i in range(len(self.shape)))
        return (sys.modules["torch._utils"]._rebuild_tensor_v2,
                (Storage(self.key), 0, self.shape, strides, False, {}))


def torch_names():
    """Classes and functions by the names that checkpoints know them by."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    torch.FloatStorage = type("FloatStorage", (), {"__module__": "torch"})
    def _rebuild_tensor_v2(*_):
        return None
    _rebuild_tensor_v2.__module__ = "torch._utils"
    _rebuild_tensor_v2.__qualname__ = "_rebuild_tensor_v2"
    utils._rebuild_tensor_v2 = _rebuild_tensor_v2
    torch._utils = utils
    sys.modules.update({"torch": torch, "torch._utils": utils})


def pickled(value, sizes, legacy=False):
    class Pickler(pickle.Pickler):
        def persistent_id(self, item):
            if not isinstance(item, Storage):
                return None
            entry = ("storage", sys.modules["torch"].FloatStorage, str(item), "cpu", sizes[item])
            return entry + (None,) if legacy else entry

    out = io.BytesIO()
    Pickler(out, protocol=2).dump(value)
    return out.getvalue()


def pytorch(shapes, settings=None):
    state = {name: Tensor(str(i), shape) for i, (name, shape) in enumerate(shapes.items())}
    sizes = {tensor.key: count(tensor.shape) for tensor in state.values()}
    state_or_more = {"args": settings, "model": state} if settings else state
    files = {"archive/data.pkl": pickled(state_or_more, sizes), "archive/version": "3\n"}
    files.update(("archive/data/" + key, floats(n)) for key, n in sizes.items())
    return zipped(files, zipfile.ZIP_STORED)


def pytorch_legacy(shapes):
    state = {name: Tensor(str(i), shape) for i, (name, shape) in enumerate(shapes.items())}
    sizes = {tensor.key: count(tensor.shape) for tensor in state.values()}
    machine = {"protocol_version": 1001, "little_endian": True,
               "type_sizes": {"short": 2, "int": 4, "long": 4}}
    out = b"".join(pickle.dumps(value, 2) for value in (0x1950A86A20F9469CFC6C, 1001, machine))
    out += pickled(state, sizes, legacy=True) + pickle.dumps(sorted(sizes), 2)
    return out + b"".join(struct.pack("<q", sizes[key]) + floats(sizes[key]) for key in sorted(sizes))


def fairseq():
    """The same, by fairseq's names."""
    shapes = {}
    for name, shape in hugging_face().items():
        name = name.replace("model.shared", "encoder.embed_tokens").replace("model.", "")
        shapes[name] = shape
    shapes["decoder.embed_tokens.weight"] = shapes["encoder.embed_tokens.weight"]
    del shapes["final_logits_bias"]
    return shapes


def shortlist():
    offsets, ids = [2 * i for i in range(V + 1)], [(5 * i + 3) % V for i in range(2 * V)]
    content = struct.pack("<QQQQ", 2, 2, len(offsets), len(ids))
    content += struct.pack("<%dQ%dI" % (len(offsets), len(ids)), *offsets, *ids)
    total = 0
    for (word,) in struct.iter_unpack("<Q", content[:len(content) // 8 * 8]):
        total ^= word + 0x9E3779B9 + (total << 6) + (total >> 2) & (1 << 64) - 1
    return struct.pack("<QQ", 0xF11A48D5013417F5, total) + content


def marian(ssru):
    shapes = {"Wemb": (V, D), "decoder_ff_logit_out_b": (1, V)}
    for stack in "encoder_l1_", "decoder_l1_":
        own = ["self"] if stack[0] == "e" or not ssru else []
        for attention in own + (["context"] if stack[0] == "d" else []):
            for role in "qkvo":
                shapes[stack + attention + "_W" + role] = (D, D)
                shapes[stack + attention + "_b" + role] = (1, D)
            shapes[stack + attention + "_Wo_ln_scale"] = (1, D)
            shapes[stack + attention + "_Wo_ln_bias"] = (1, D)
        if stack[0] == "d" and ssru:
            shapes.update({stack + "rnn_W": (D, D), stack + "rnn_Wf": (D, D), stack + "rnn_bf": (1, D),
                           stack + "rnn_ffn_ln_scale": (1, D), stack + "rnn_ffn_ln_bias": (1, D)})
        shapes.update({stack + "ffn_W1": (D, F), stack + "ffn_b1": (1, F), stack + "ffn_W2": (F, D),
                       stack + "ffn_b2": (1, D), stack + "ffn_ffn_ln_scale": (1, D),
                       stack + "ffn_ffn_ln_bias": (1, D)})
    return shapes


def marian_yaml(ssru):
    return ("type: transformer\ndim-emb: %d\nenc-depth: 1\ndec-depth: 1\ntransformer-heads: %d\n"
            "transformer-dim-ffn: %d\ntransformer-ffn-activation: relu\n"
            "transformer-preprocess: \"\"\ntransformer-postprocess: dan\n"
            "tied-embeddings-all: true\ntransformer-decoder-autoreg: %s\ndec-cell: ssru\n"
            "version: v1.12.0\n" % (D, H, F, "rnn" if ssru else "self-attention")).encode() + b"\0"


def npy(shape, content, kind="<f4"):
    header = "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }" % (
        kind, "".join("%d, " % size for size in shape))
    header = header.ljust(117) + "\n"
    return b"\x93NUMPY\x01\0" + struct.pack("<H", len(header)) + header.encode() + content


def npz(ssru, compression):
    text = marian_yaml(ssru)
    files = {name + ".npy": npy(shape, floats(count(shape))) for name, shape in marian(ssru).items()}
    files["special:model.yml.npy"] = npy((len(text),), text, "|i1")
    return zipped(files, compression)


def marian_bin(ssru, int8):
    items = []
    for name, shape in marian(ssru).items():
        if int8 and shape[0] > 1 and name != "Wemb":
            items.append((name, shape, 0x4101, bytes_of(count(shape)) + struct.pack("<f", 60) + bytes(4)))
            items.append((name + "_QuantMultA", (1, 1), 0x404, struct.pack("<f", 20)))
        else:
            items.append((name, shape, 0x404, floats(count(shape))))
    text = marian_yaml(ssru)
    items.append(("special:model.yml", (len(text),), 0x101, text + bytes(-len(text) % 4)))
    out = struct.pack("<QQ", 1, len(items))
    out += b"".join(struct.pack("<QQQQ", len(name) + 1, kind, len(shape), len(content))
                    for name, shape, kind, content in items)
    out += b"".join(name.encode() + b"\0" for name, _, _, _ in items)
    out += b"".join(struct.pack("<%di" % len(shape), *shape) for _, shape, _, _ in items)
    padding = -(len(out) + 8) % 256
    return out + struct.pack("<Q", padding) + bytes(padding) + b"".join(item[3] for item in items)


def ctranslate2(int8):
    records = []

    def matrix(name, n_out, n_in, bias=True):
        if int8:
            records.append((name + "/weight", (n_out, n_in), 1, bytes_of(n_out * n_in)))
            records.append((name + "/weight_scale", (n_out,), 0, struct.pack("<f", 50) * n_out))
        else:
            records.append((name + "/weight", (n_out, n_in), 0, floats(n_out * n_in)))
        if bias:
            records.append((name + "/bias", (n_out,), 0, floats(n_out)))

    def norm(name):
        records.append((name + "/gamma", (D,), 0, floats(D)))
        records.append((name + "/beta", (D,), 0, floats(D)))

    matrix("encoder/embeddings_0", V, D, bias=False)
    matrix("decoder/embeddings", V, D, bias=False)
    matrix("decoder/projection", V, D)
    for stack in "encoder", "decoder":
        layer = stack + "/layer_0/"
        records.append((stack + "/num_heads", (), 3, struct.pack("<i", H)))
        norm(layer + "self_attention/layer_norm")
        matrix(layer + "self_attention/linear_0", 3 * D, D)
        matrix(layer + "self_attention/linear_1", D, D)
        if stack == "decoder":
            norm(layer + "attention/layer_norm")
            matrix(layer + "attention/linear_0", D, D)
            matrix(layer + "attention/linear_1", 2 * D, D)
            matrix(layer + "attention/linear_2", D, D)
        norm(layer + "ffn/layer_norm")
        matrix(layer + "ffn/linear_0", F, D)
        matrix(layer + "ffn/linear_1", D, F)
        norm(stack + "/layer_norm")

    def text(value):
        return struct.pack("<H", len(value) + 1) + value.encode() + b"\0"

    out = struct.pack("<I", 6) + text("TransformerSpec") + struct.pack("<II", 7, len(records))
    for name, shape, kind, content in records:
        out += text(name) + bytes([len(shape)]) + struct.pack("<%dI" % len(shape), *shape)
        out += bytes([kind]) + struct.pack("<I", len(content)) + content
    return out + struct.pack("<I", 1) + text("decoder/alias") + text("decoder/embeddings/weight")


def t5():
    words = ["<pad>", "</s>", "<unk>", "\u2581", "a", "b", "\u2581a", "<2de>"]
    values = {
        "general.architecture": (TEXT, "t5"), "t5.embedding_length": (U32, D),
        "t5.block_count": (U32, 1), "t5.attention.head_count": (U32, H),
        "t5.attention.key_length": (U32, D // H), "t5.feed_forward_length": (U32, F),
        "t5.attention.relative_buckets_count": (U32, 4),
        "t5.attention.layer_norm_rms_epsilon": (F32, 1e-6),
        "t5.decoder_start_token_id": (U32, 0), "tokenizer.ggml.model": (TEXT, "t5"),
        "tokenizer.ggml.tokens": (LIST, (TEXT, words)),
        "tokenizer.ggml.scores": (LIST, (F32, [0, 0, 0, -1, -2, -3, -4, 0])),
        "tokenizer.ggml.token_type": (LIST, (I32, [3, 3, 2, 1, 1, 1, 1, 4])),
        "tokenizer.ggml.eos_token_id": (U32, 1), "tokenizer.ggml.unknown_token_id": (U32, 2),
        "tokenizer.ggml.padding_token_id": (U32, 0),
    }
    shapes = {"token_embd.weight": (D, V)}
    for stack in "enc", "dec":
        layer = stack + ".blk.0."
        for attention in ["attn"] + (["cross_attn"] if stack == "dec" else []):
            shapes[layer + attention + "_norm.weight"] = (D,)
            for role in "qkvo":
                shapes[layer + attention + "_" + role + ".weight"] = (D, D)
        shapes.update({layer + "attn_rel_b.weight": (H, 4), layer + "ffn_norm.weight": (D,),
                       layer + "ffn_up.weight": (D, F), layer + "ffn_down.weight": (F, D),
                       stack + ".output_norm.weight": (D,)})
    return gguf(values, {name: (TYPE_F32, shape, floats(count(shape)))
                         for name, shape in shapes.items()}, alignment=32)


# ---- everything ------------------------------------------------------------------------------------


def models(small_spm):
    write("model", "words.gguf", Model().file())
    write("model", "panels.gguf", Model(panels=True).file())
    write("model", "relative.gguf", Model(position="relative", rms=True, gated=True).file())
    write("model", "ssru.gguf", Model(decoder="ssru", shortlist=True).file())
    bytelevel = Model(position="learned")
    bytelevel.set(**{"tokenizer.kind": (TEXT, "bytelevel-bpe"), "tokenizer.vocab": (LIST, (
        TEXT, ["<s>", "</s>", "<unk>", "a", "b", "c", "ab", "\u0120"])), "tokenizer.merges": (
            LIST, (TEXT, ["a b"])), "tokenizer.extra": (LIST, (TEXT, ["<s>"])),
        "tokenizer.extra_ids": (LIST, (I32, [0])), "tokenizer.extra_anywhere": (BOOL, 1)})
    write("model", "bytelevel.gguf", bytelevel.file())
    pieces = Model()
    pieces.set(**{"tokenizer.kind": (TEXT, "sentencepiece"),
                  "tokenizer.source.model": (LIST, (U8, list(small_spm))),
                  "tokenizer.languages": (LIST, (TEXT, [">>deu<<", ">>fra<<"])),
                  "tokenizer.language_ids": (LIST, (I32, [4, 5])),
                  "tokenizer.template": (TEXT, "to text eos"), "tokenizer.to": (TEXT, "none"),
                  "tokenizer.target.ids": (LIST, (I32, [2, 0, 1, 3, 4, 5, 6, 7])),
                  "check.count": (U32, 1), "check.0.source": (LIST, (I32, [4, 3, 1])),
                  "check.0.first": (LIST, (I32, [-1])), "check.0.target": (LIST, (I32, [4, 1])),
                  "check.0.log_probs": (LIST, (F32, [-1, -1])),
                  "token.suppressed": (LIST, (I32, [0])),
                  "search.sequences": (LIST, (I32, [1, 3])), "search.sequence_bias": (LIST, (F32, [-1]))})
    write("model", "pieces.gguf", pieces.file())


def blocks():
    """A tensor of each of ggml's types that are blocks: type, elements and bytes of one."""
    sizes = [(2, 32, 18), (3, 32, 20), (6, 32, 22), (7, 32, 24), (8, 32, 34), (10, 256, 84),
             (11, 256, 110), (12, 256, 144), (13, 256, 176), (14, 256, 210)]
    return gguf({}, {"type%d" % kind: (kind, [elements], bytes_of(size))
                     for kind, elements, size in sizes}, alignment=32)


def checkpoints():
    shapes = hugging_face()
    write("gguf_source", "blocks.gguf", blocks())
    write("safetensors", "f32.safetensors", safetensors(shapes))
    write("safetensors", "bf16.safetensors", safetensors(shapes, "BF16"))
    write("gguf_source", "t5.gguf", t5())
    write("gguf_source", "names.gguf", gguf({}, {
        name: (TYPE_F32, shape[::-1], floats(count(shape))) for name, shape in shapes.items()}, 32))
    write("gguf_source", "own.gguf", Model(panels=True, decoder="ssru", shortlist=True).file())
    torch_names()
    write("pytorch", "state.bin", pytorch(shapes))
    settings = argparse.Namespace(
        arch="transformer", encoder_embed_dim=D, decoder_embed_dim=D, encoder_layers=1,
        decoder_layers=1, encoder_attention_heads=H, decoder_attention_heads=H, source_lang="en",
        encoder_ffn_embed_dim=F, decoder_ffn_embed_dim=F, share_all_embeddings=True, target_lang="de",
        dropout=0.1, activation_fn="relu", task="translation", max_source_positions=16, lr=[0.1])
    write("pytorch", "fairseq.pt", pytorch(fairseq(), settings))
    write("safetensors", "index.json", json.dumps({"weight_map": {
        name: "model.safetensors" if i % 2 else "other" for i, name in enumerate(shapes)}}))
    write("pytorch_legacy", "state.bin", pytorch_legacy(shapes))
    write("npz", "stored.npz", npz(False, zipfile.ZIP_STORED))
    write("npz", "deflated.npz", npz(True, zipfile.ZIP_DEFLATED))
    write("marian_bin", "float.bin", marian_bin(False, False))
    write("marian_bin", "int8.bin", marian_bin(True, True))
    write("ctranslate2", "float.bin", ctranslate2(False))
    write("ctranslate2", "int8.bin", ctranslate2(True))
    return shapes


def archives():
    model = npz(True, zipfile.ZIP_DEFLATED)
    files = {"a/README.md": b"---\nlicense: mit\n---\n", "a/model.npz": model}
    write("archive", "plain.tar", tarred(files))
    write("archive", "gzip.tar.gz", gzip.compress(tarred(files), mtime=0))
    write("archive", "xz.tar.xz", lzma.compress(tarred(files)))
    write("archive", "files.zip", zipped(files, zipfile.ZIP_DEFLATED))
    write("archive", "alone.gz", gzip.compress(model, mtime=0))


def texts():
    vocabularies = {
        "vocab.json": '{"<s>": 0, "</s>": 1, "<unk>": 2, "a": 3, "\\u2581b": 5}',
        "list.json": '[["<unk>", 0.0], ["a", -1.5], "b"]',
        "vocab.yml": '"<s>": 0\n"</s>": 1\n"\\u2581a": 2\nb: 3\n? "c"\n: 4\n',
        "dict.txt": "a 100\nb 50\n@@c 7 #fairseq:overwrite\nmadeupword0000 0\n",
        "vocabulary.txt": "<s>\n</s>\n<unk>\na\n\u2581b\n",
        "merges.txt": "#version: 0.2\na b\nab c\n",
        "added_tokens.json": '{">>deu<<": 6, "<pad>": 7}',
        "special_tokens_map.json": '{"additional_special_tokens": ["deu_Latn", {"content": "x"}]}',
        "tokenizer.json": json.dumps({"model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2},
                                                "merges": ["a b", ["a", "b"]]},
                                      "added_tokens": [{"id": 3, "content": "<s>", "special": True}]}),
        "unigram.json": json.dumps({"model": {"type": "Unigram", "unk_id": 0,
                                              "vocab": [["<unk>", 0.0], ["\u2581a", -1.0]]}}),
        "tokenizer_config.json": json.dumps({"added_tokens_decoder": {"4": {"content": "<pad>"}},
                                             "additional_special_tokens": ["a", "b"]}),
    }
    for name, text in vocabularies.items():
        write("vocabulary", name, name + "\n" + text)
    for language, text in {
            "en": "Dr. Smith came at 5 p.m. He left! \"Why?\" she asked. Nobody knew, of course; so...",
            "de": "Er kam am 3. Mai. Das ist z. B. gut, d. h. billig.\n\n* Punkt eins\n2. Punkt zwei",
            "zh": "\u4ed6\u8bf4\uff1a\u201c\u4f60\u597d\u3002\u201d\u6211\u8d70\u4e86\u3002",
            "": "One. Two\r\nthree \U0001f469\u200d\U0001f467. \u0905\u0964 e\u0301\u0301."}.items():
        write("sentences", language or "none", language + "\n" + text)
    documents = {
        "lines": "One two.\n\nThree %s.\n", "text": "One two three\nfour five.\n\n  - a\n  - b c\n",
        "tsv:2": "a\tOne two.\tc\nb\t\td\n",
        "markdown": "---\ntitle: x\n---\n# One *two*\n\nSee [a **b**](http://x.y \"t\"), `code` & <b>c</b>.\n"
                    "\n- [ ] one\n  two\n\n> q\n\n| a | b |\n|---|---|\n| c | d |\n\n```\nx\n```\n",
        "html": "<!DOCTYPE html><html lang=en><title>T</title><p>One <b>two <i>three</i></b> &amp; "
                "<a href=\"x\" title=\"four\">five</a><br>six<img alt='seven'><pre>x</pre>"
                "<script>y</script><ul><li>a<li>b</ul>",
        "srt": "1\n00:00:01,000 --> 00:00:02,000\nOne <i>two</i>\nthree.\n\n2\n00:00:02,000 --> "
               "00:00:03,000\n- Four.\n- Five.\n",
        "vtt": "WEBVTT - x\n\nNOTE a\n\nSTYLE\n::cue{}\n\na\n00:01.000 --> 00:02.000 align:start\n"
               "<v Bob>One <c.x>two</c>\n\n00:02.000 --> 00:03.000\nthree.\n",
        "po": "msgid \"\"\nmsgstr \"\"\n\"Content-Type: text/plain; charset=UTF-8\\n\"\n\"Plural-Forms: "
              "nplurals=2; plural=n != 1;\\n\"\n\n#: a.c:1\n#, c-format\nmsgctxt \"c\"\nmsgid \"One %d\\n\"\n"
              "msgid_plural \"Many %d\\n\"\nmsgstr[0] \"\"\nmsgstr[1] \"\"\n\n#, fuzzy\nmsgid \"Two\"\n"
              "msgstr \"zwei\"\n\n#~ msgid \"x\"\n#~ msgstr \"y\"\n",
        "man": ".TH X 1\n.SH NAME\nx \\- one two\n.SH DESCRIPTION\n.B x\nis \\fIa\\fR thing.\n.TP\n"
               ".BR \\-a \", \" \\-b\nThree four.\n.nf\ncode\n.fi\n.PP\nFive\\c\n.I six\n",
    }
    for name, text in documents.items():
        write("document", name.replace(":", "-"), name + "\n" + text)
    for name, lines in {"translate": ["--to", "de", "-b4", "--set", "top_k=3", "Good morning."],
                        "convert": ["convert", "dir", "-o", "x.gguf", "--type=int8"],
                        "text": ["-5", "degrees", "--", "-x"], "guess": ["inspct", "file.gguf"],
                        "sentence": ["check", "the", "door"], "score": ["score", "-t", "fr", "--json"],
                        "memory": ["--max-memory", "1.5 GB", "-j2", "--require", "a|b"]}.items():
        write("arguments", name, "\n".join(lines) + "\n")
    for i in range(8):
        rnd.seed(i)
        write("kernels", "shape%d" % i, bytes([i % 4]) + bytes_of(30))
        rnd.seed(i)
        write("batches", "mode%d" % i, bytes([i, 37 * i % 256]) + bytes_of(40) + b"\xff" + bytes_of(7))


def settings():
    for fixture, names in {
            "vaswani": ["config.json"], "fsmt": ["config.json", "generation_config.json"],
            "nllb-tiny": ["config.json", "special_tokens_map.json", "generation_config.json"],
            "t5-v11-tiny": ["config.json", "generation_config.json"],
            "t5-umt5-tiny": ["config.json"], "t5-madlad-tiny": ["config.json"],
            "mbart50-tiny": ["config.json", "tokenizer_config.json"], "mbart25-tiny": ["config.json"],
            "fairseq/args": ["dict.en.txt"], "ct2-t5": ["config.json"], "t5-gguf-tiny/candle": ["config.json"]}.items():
        for name in names:
            path = os.path.join(CORPUS, "../../fixtures", fixture, name)
            seed = fixture.split("/")[0] + "-" + name
            write("settings", seed, fixture + "/" + name + "\n" + open(path).read())
    write("settings", "marian-native-decoder.yml", "marian-native/decoder.yml\n"
          "beam-size: 4\nnormalize: 0.6\nword-penalty: 0\nmax-length-factor: 3\nvocabs:\n  - a.spm\n")
    write("settings", "nllb-tiny-tokenizer.json", "nllb-tiny/tokenizer.json\n" + json.dumps({
        "model": {"type": "BPE", "vocab": {"<unk>": 0, "a": 1}, "merges": []}, "added_tokens": []}))


models(spm_models())
checkpoints()
write("shortlist", "lex.bin", shortlist())
archives()
texts()
settings()
