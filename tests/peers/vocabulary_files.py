"""Vocabularies in which token i is a word of its own, so that a text is a list of ids.

`word(i)` is the same in all of them: Marian's vocab.yml, and a SentencePiece model for engines
that take nothing else.
"""

import struct

LETTERS = "abcdefghijklmnopqrstuvwxyz"
CONTROL, UNKNOWN = 3, 2  # types of pieces in sentencepiece_model.proto
UNIGRAM = 1


def word(index):
    """Five letters for every id behind </s> (0) and <unk> (1): equally long, so none is a part of
    another."""
    if index < 2:
        return ("</s>", "<unk>")[index]
    text = ""
    for _ in range(5):
        index, letter = divmod(index, len(LETTERS))
        text = LETTERS[letter] + text
    return text


def index(text):
    """The id of a word."""
    value = 0
    for letter in text:
        value = value * len(LETTERS) + LETTERS.index(letter)
    return value


def write_yml(path, tokens):
    with open(path, "w", encoding="ascii") as file:
        file.writelines("%s: %d\n" % (word(i), i) for i in range(tokens))


# ---- protocol buffers, as far as a SentencePiece model needs them ----


def varint(value):
    data = b""
    while value > 127:
        data += bytes([value & 127 | 128])
        value >>= 7
    return data + bytes([value])


def number(field, value):
    return varint(field << 3) + varint(value & (1 << 64) - 1)


def block(field, data):
    return varint(field << 3 | 2) + varint(len(data)) + data


def piece(i):
    text = word(i) if i < 2 else "\u2581" + word(i)
    data = block(1, text.encode()) + varint(2 << 3 | 5) + struct.pack("<f", -1.0 if i > 1 else 0)
    kind = (CONTROL, UNKNOWN)[i] if i < 2 else 0
    return data + (number(3, kind) if kind else b"")


def write_spm(path, tokens):
    # SentencePiece's numbers: model_type 3, vocab_size 4, unk_id 40, bos_id 41, eos_id 42, pad_id 43.
    trainer = (number(3, UNIGRAM) + number(4, tokens) + number(40, 1) + number(41, -1)
               + number(42, 0) + number(43, -1))
    normalizer = block(1, b"identity") + number(3, 1) + number(4, 1) + number(5, 1)
    with open(path, "wb") as file:
        for i in range(tokens):
            file.write(block(1, piece(i)))
        file.write(block(2, trainer) + block(3, normalizer))
