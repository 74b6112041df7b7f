"""Marian's containers: .npz, .bin of version 1 with int8 matrices, and binary shortlists.

Both forks' int8 files are written: marian-dev's (type 0x10001, embeddings in float32) and
Bergamot's (0x4101, embeddings in int8 too, activation multipliers beside each matrix). Int8
matrices lie transposed under the header of the float matrix, embeddings do not.
"""

import struct

import numpy as np

ALIGNMENT = 256
FLOAT32, INT8 = 0x404, 0x101
INTGEMM8 = {False: 0x10001, True: 0x4101}  # by fork: Bergamot's?
# Inputs of products are sums of many terms or normalized: seldom beyond 8 deviations.
ACTIVATION_MULTIPLIER = 127.0 / 8
SHORTLIST_MAGIC = 0xF11A48D5013417F5


def yml(settings):
    """The subset of YAML that these settings need."""
    lines = []
    for key, value in settings.items():
        text = {True: "true", False: "false"}.get(value) if isinstance(value, bool) else None
        if isinstance(value, str):
            text = '"%s"' % value
        lines.append("%s: %s" % (key, value if text is None else text))
    return ("\n".join(lines) + "\n\0").encode()


def write_npz(path, arrays, model_yml):
    np.savez(path, **arrays, **{"special:model.yml": np.frombuffer(model_yml, np.int8)})


def write_int8(path, arrays, model_yml, bergamot):
    items = []
    for name, values in arrays.items():
        is_table = name == "Wemb"
        if not is_matrix(name) or (is_table and not bergamot):
            items.append((name, FLOAT32, values.shape, values.astype("<f4").tobytes()))
            continue
        items.append((name, INTGEMM8[bergamot], values.shape, quantized(values, is_table)))
        if bergamot:
            items.append(multiplier("none" if is_table else name))
    items.append(("special:model.yml", INT8, (len(model_yml),), model_yml))
    write_items(path, items)


def is_matrix(name):
    return name == "Wemb" or name.split("_")[-1][0] == "W"


def quantized(values, is_table):
    """127 is the greatest magnitude; the multiplier stands behind the elements."""
    scale = np.float32(127 / np.abs(values).max())
    ints = np.clip(np.rint(values * scale), -127, 127).astype(np.int8)
    return (ints if is_table else ints.T).tobytes() + struct.pack("<f", scale)


def multiplier(name):
    return (name + "_QuantMultA", FLOAT32, (1, 1), struct.pack("<f", ACTIVATION_MULTIPLIER))


def padded(data):
    return data + bytes(-len(data) % ALIGNMENT)


def write_items(path, items):
    blocks = [data if kind == INT8 else padded(data) for _, kind, _, data in items]
    head = struct.pack("<QQ", 1, len(items))
    for (name, kind, shape, _), block in zip(items, blocks):
        head += struct.pack("<QQQQ", len(name) + 1, kind, len(shape), len(block))
    head += b"".join(name.encode() + b"\0" for name, _, _, _ in items)
    head += b"".join(struct.pack("<%di" % len(shape), *shape) for _, _, shape, _ in items)
    padding = -(len(head) + 8) % ALIGNMENT
    with open(path, "wb") as file:
        file.write(head + struct.pack("<Q", padding) + bytes(padding))
        for block in blocks:
            file.write(block)


def checksum(data):
    """Over whole words, as Marian computes it."""
    mask = (1 << 64) - 1
    total = 0
    for word in struct.unpack("<%dQ" % (len(data) // 8), data[: len(data) // 8 * 8]):
        total ^= (word + 0x9E3779B9 + (total << 6) + (total >> 2)) & mask
    return total


def write_shortlist(path, first, best, lists):
    offsets = np.cumsum([0] + [len(ids) for ids in lists], dtype="<u8")
    ids = np.concatenate(lists).astype("<u4")
    body = struct.pack("<QQQQ", first, best, len(offsets), len(ids))
    body += offsets.tobytes() + ids.tobytes()
    with open(path, "wb") as file:
        file.write(struct.pack("<QQ", SHORTLIST_MAGIC, checksum(body)) + body)
