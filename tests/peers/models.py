"""The models to measure with, and each engine's files of them, made when they are first wanted.

"shipped" is the one in models/pretrained; the others have random weights (random_model.py).
Everything is made in build/peers and stays there.
"""

import os
import shutil

from engines import HERE, ROOT, Failure, python_of, run

SHIPPED = os.path.join(ROOT, "models", "pretrained", "tolka-en-de-fr.gguf")
TITLES = {
    "shipped": "the model that ships: 256 wide, 6 + 2 layers, 8,344 tokens",
    "opus": "OPUS-MT's size: 512 wide, 6 + 6 layers, 58,101 tokens; random weights",
    "m2m100": "M2M-100's size (418M): 1,024 wide, 12 + 12 layers, 128,004 tokens; random weights",
    "student": "a Firefox student's size: 256 wide, 6 + 2 layers, SSRU, 32,000 tokens, shortlist; "
               "random weights",
}
STUDENT = {"encoder_layers": 6, "decoder_layers": 2, "heads": 8}
CT2_TYPES = {"int8": "int8", "f32": "float32"}


class Models:
    def __init__(self, tolka, folder, note):
        self.tolka = tolka
        self.folder = folder
        self.note = note

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def make(self, output, script_or_source, command):
        """Runs a command that makes a file or folder, unless it is there and younger."""
        if os.path.exists(output) and (
                os.path.getmtime(output) >= os.path.getmtime(script_or_source)):
            return output
        self.note("making " + os.path.relpath(output, ROOT))
        partial = output + ".partial"
        for old in (output, partial):
            shutil.rmtree(old) if os.path.isdir(old) else os.path.exists(old) and os.remove(old)
        run([word if word != "OUTPUT" else partial for word in command])
        os.utime(partial)
        os.rename(partial, output)
        return output

    def random(self, model):
        script = os.path.join(HERE, "random_model.py")
        return self.make(self.path(model), script,
                         [python_of("tolka"), "-B", script, model, "OUTPUT"])

    def gguf(self, model, type):
        """tolka's file."""
        source = SHIPPED
        if model == "student" and type == "int8":  # the very integers that slimt has
            source = os.path.join(self.random(model), "model.intgemm.alphas.bin")
        elif model != "shipped":
            source = os.path.join(self.random(model), "model.npz")
        elif type == "int8":
            return SHIPPED
        return self.make(self.path("%s-%s.gguf" % (model, type)), source,
                         [self.tolka, "convert", source, "-o", "OUTPUT", "--type", type, "--quiet"])

    def arguments(self, engine, model, type):
        """What worker.py is told."""
        if engine in ("tolka", "pytorch"):
            return {"model": self.gguf(model, type)}
        if engine == "ctranslate2":
            script = os.path.join(HERE, "convert_ct2.py")
            name = CT2_TYPES[type]
            output = self.path("ctranslate2-%s-%s" % (model, type))
            command = [python_of(engine), "-B", script, self.gguf(model, type), "OUTPUT", name]
            return {"model": self.make(output, self.gguf(model, type), command), "type": name}
        return self.marian_files(engine, model, type)

    def marian_files(self, engine, model, type):
        folder = self.random(model)

        def named(name):
            return os.path.join(folder, name)

        if engine == "slimt":
            return dict(STUDENT, model=named("model.intgemm.alphas.bin"),
                        vocabulary=named("vocab.spm"), shortlist=named("lex.s2t.bin"))
        found = {"model": named("model.npz" if type == "f32" else "model.intgemm8.bin"),
                 "vocabulary": named("vocab.yml")}
        if model == "student":
            found["shortlist"] = named("lex.s2t.bin")
        return found

    def sources(self, model, count, length):
        """A file of ids: the text of sentences.en.txt, or random ones of so many tokens."""
        if model != "shipped":
            output = self.path("ids-%s-%d-%d.txt" % (model, count, length))
            script = os.path.join(HERE, "random_model.py")
            return self.make(output, script, [python_of("tolka"), "-B", script, "--sentences",
                                              model, "OUTPUT", str(count), str(length)])
        output = self.path("ids-shipped.txt")
        script = os.path.join(HERE, "sentences.en.txt")
        return self.make(output, script, [python_of("tolka"), "-B",
                                          os.path.join(HERE, "tokenize_text.py"), self.tolka,
                                          SHIPPED, script, "OUTPUT"])
