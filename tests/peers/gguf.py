"""Reads a model file of tolka's: docs/format.md says how it is laid out."""

import mmap
import struct

import numpy as np

SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
STRING, ARRAY = 8, 9
# id: numpy's type, and how many inputs share 4 bytes of a panel.
TENSOR_TYPES = {0: ("<f4", 1), 1: ("<f2", 2), 24: ("i1", 4), 26: ("<i4", 1)}
OUTPUTS_OF_PANEL = 16


class Gguf:
    """Keys, and tensors by name."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self.at = 0
        if self.bytes[:4] != b"GGUF":
            raise ValueError("%s is no GGUF file" % path)
        self.at = 8
        n_tensors, n_keys = self.number("Q"), self.number("Q")
        self.keys = {}
        for _ in range(n_keys):
            name = self.string()
            self.keys[name] = self.value(self.number("I"))
        self.entries = {}
        for _ in range(n_tensors):
            name = self.string()
            dims = [self.number("Q") for _ in range(self.number("I"))]
            self.entries[name] = (dims, self.number("I"), self.number("Q"))
        alignment = self.keys.get("general.alignment", 32)
        self.data = -(-self.at // alignment) * alignment

    def number(self, code):
        value, = struct.unpack_from("<" + code, self.bytes, self.at)
        self.at += struct.calcsize("<" + code)
        return value

    def string(self):
        length = self.number("Q")
        self.at += length
        return self.bytes[self.at - length:self.at].decode("utf-8", "replace")

    def value(self, kind):
        if kind == STRING:
            return self.string()
        if kind != ARRAY:
            return self.number(SCALARS[kind])
        kind, count = self.number("I"), self.number("Q")
        if kind == STRING:
            return [self.string() for _ in range(count)]
        array = np.frombuffer(self.bytes, "<" + SCALARS[kind], count, self.at)
        self.at += array.nbytes
        return array

    def __contains__(self, name):
        return name in self.entries

    def __getitem__(self, key):
        """A setting, by its name without "tolka."."""
        return self.keys["tolka." + key]

    def raw(self, name):
        dims, kind, offset = self.entries[name]
        dtype, group = TENSOR_TYPES[kind]
        count = int(np.prod(dims, dtype=np.int64))
        return np.frombuffer(self.bytes, dtype, count, self.data + offset), dims, group

    def vector(self, name):
        return self.raw(name)[0].astype(np.float32)

    def stored(self, name, n_out, n_in):
        """A matrix [n_out][n_in] as its type has it, out of rows or panels."""
        values, dims, group = self.raw(name)
        if dims == [n_in, n_out]:
            return values.reshape(n_out, n_in)
        panels = -(-n_out // OUTPUTS_OF_PANEL)
        if len(dims) != 2 or dims[1] != panels:
            raise ValueError("%s has dimensions %s, expected [%d][%d]" % (name, dims, n_out, n_in))
        tiles = values.reshape(panels, -1, OUTPUTS_OF_PANEL, group).transpose(0, 2, 1, 3)
        return np.ascontiguousarray(tiles.reshape(panels * OUTPUTS_OF_PANEL, -1)[:n_out, :n_in])

    def scales(self, name, n_out):
        """Of an int8 matrix, one an output; None: it is no int8 matrix."""
        scale = name.rsplit(".", 1)[0] + ".scale"
        return self.vector(scale)[:n_out] if scale in self else None

    def matrix(self, name, n_out, n_in):
        """The same in float32."""
        values, scales = self.stored(name, n_out, n_in), self.scales(name, n_out)
        floats = values.astype(np.float32)
        return floats if scales is None else floats * scales[:, None]
