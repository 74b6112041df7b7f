"""CTranslate2: translate_batch, which sorts by length and divides into batches itself."""

import ctranslate2

NAMES = {0: "</s>", 1: "<unk>"}  # all other tokens are called by their ids


class Engine:
    def __init__(self, threads, model, type, spread="no"):
        # Several threads are for each product, or (spread) for a batch of their own each.
        intra, inter = (1, threads) if spread == "yes" else (threads, 1)
        self.translator = ctranslate2.Translator(
            model, device="cpu", compute_type=type, intra_threads=intra, inter_threads=inter)
        self.version = "CTranslate2 " + ctranslate2.__version__

    def prepare(self, sources, work):
        options = {"beam_size": work.beam, "max_batch_size": work.batch, "max_input_length": 0}
        if work.length:
            options["max_decoding_length"] = work.length
        return [[NAMES.get(i) or str(i) for i in ids] for ids in sources], options

    def run(self, prepared):
        sources, options = prepared
        return self.translator.translate_batch(sources, **options)

    def ids(self, results):
        return [[1 if token == "<unk>" else int(token) for token in result.hypotheses[0]]
                for result in results]
