"""slimt: text of known words in, text out, greedily, with a shortlist. It divides texts into
batches of up to 1,024 words itself, and stops after as many tokens as the source has."""

import importlib.machinery
import importlib.util
import os

import vocabulary_files


def load():
    """The wheel's compiled module alone: its Python part asks the network for lists of models."""
    folder = importlib.util.find_spec("slimt").submodule_search_locations[0]
    name = next(name for name in os.listdir(folder) if name.startswith("_slimt"))
    loader = importlib.machinery.ExtensionFileLoader("_slimt", os.path.join(folder, name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("_slimt", loader))
    loader.exec_module(module)
    return module


class Engine:
    def __init__(self, threads, model, vocabulary, shortlist, encoder_layers, decoder_layers,
                 heads):
        slimt = load()
        config = slimt.Config()
        config.encoder_layers = int(encoder_layers)
        config.decoder_layers = int(decoder_layers)
        config.num_heads = int(heads)
        config.split_mode = "sentence"
        package = slimt.Package(model=model, vocabulary=vocabulary, shortlist=shortlist)
        self.model = slimt.Model(config, package)
        self.service = slimt.Service(workers=threads, cache_size=0)
        self.version = "slimt " + "0.1.0"

    def prepare(self, sources, work):
        assert work.beam == 1 and all(len(ids) == work.length for ids in sources)
        return [" ".join(vocabulary_files.word(i) for i in ids[:-1]) for ids in sources]

    def run(self, texts):
        return self.service.translate(self.model, texts, html=False)

    def ids(self, responses):
        return [[vocabulary_files.index(word) for word in response.target.text.split()]
                for response in responses]
