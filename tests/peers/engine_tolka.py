"""tolka, through the shared library: tolka_translate over ids."""

import ctypes
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "examples"))

import tolka  # noqa: E402: it lies in examples/


class Engine:
    def __init__(self, threads, model, end="0"):
        library = tolka._lib
        library._declare("translate", ("s", ctypes.c_void_p, ctypes.POINTER(tolka._Input),
                                       ctypes.c_size_t, tolka._DONE, ctypes.c_void_p))
        self.library = library
        self.threads = threads
        self.end = int(end)
        self.model = ctypes.c_void_p()
        library.model_open(ctypes.byref(self.model), model.encode())
        self.translators = {}
        isa = os.environ.get("TOLKA_ISA")
        self.isa = isa.encode() if isa else None
        self.version = "tolka %s (%s)" % (tolka.version(), self.translator(1, 1, None)[1])

    def translator(self, batch, beam, length):
        """(translator, its instruction set); one for each way of working."""
        key = (batch, beam, length)
        if key not in self.translators:
            generation = tolka._Generation()
            self.library.model_generation_sized(self.model, ctypes.byref(generation),
                                                ctypes.sizeof(generation))
            if length:
                generation.max_new_tokens = length
            options = tolka._Options(ctypes.sizeof(tolka._Options), beam, 1, 0, -1.0, 0,
                                     self.threads, batch)
            options.isa = self.isa
            options.generation = ctypes.pointer(generation)
            handle = ctypes.c_void_p()
            self.library.translator_new(ctypes.byref(handle), self.model, ctypes.byref(options))
            isa = self.library.translator_isa(handle).decode()
            self.translators[key] = (handle, isa)
        return self.translators[key]

    def prepare(self, sources, work):
        arrays = [(ctypes.c_int32 * len(ids))(*ids) for ids in sources]
        inputs = (tolka._Input * len(sources))(
            *(tolka._Input(array, len(array), -1, -1, None, 0) for array in arrays))
        return self.translator(work.batch, work.beam, work.length)[0], inputs, arrays

    def run(self, prepared):
        translator, inputs, _ = prepared
        results = [None] * len(inputs)

        def done(_, index, result):
            results[index] = result

        self.library.translate(translator, inputs, len(inputs), tolka._DONE(done), None)
        return results

    def ids(self, results):
        lists = []
        for result in results:
            reason = ctypes.c_char_p()
            if self.library.result_status(result, ctypes.byref(reason)) != 0:
                raise RuntimeError(reason.value.decode())
            n = ctypes.c_size_t()
            tokens = self.library.result_tokens(result, 0, ctypes.byref(n))
            ids = [tokens[i].id for i in range(n.value)]
            lists.append(ids[:-1] if ids and ids[-1] == self.end else ids)
            self.library.result_free(result)
        return lists
