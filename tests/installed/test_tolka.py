"""tolka.py, wherever it was installed: python3 test_tolka.py MODEL COMMAND. The command's output is
what the library has to say, too."""

import gc
import logging
import os
import signal
import subprocess
import sys
import threading
import unittest

import tolka

MODEL = COMMAND = ""
TEXTS = ["The weather is nice today.", "Where did you put the keys?", "", "I like it.\x00 Good.",
         "Good morning. Thank you. See you tomorrow!", "Ein \ud800 Zeichen"]

try:
    import numpy
except ImportError:
    numpy = None


def said(text, *options):
    """What the command makes of a line."""
    command = [COMMAND, "-m", MODEL, "--to", "de", *options]
    ran = subprocess.run(command, input=text + "\n", capture_output=True, text=True, check=True)
    return ran.stdout[:-1]


class Case(unittest.TestCase):
    def setUp(self):
        self.model = tolka.Model(MODEL)
        self.addCleanup(self.model.close)

    def translator(self, **options):
        translator = self.model.translator("de", **options)
        self.addCleanup(translator.close)
        return translator


class Translating(Case):
    def test_says_what_the_command_says(self):
        translator = self.translator()
        for text in TEXTS[:3]:
            self.assertEqual(translator.translate(text), said(text))

    def test_batches_keep_their_order(self):
        translator = self.translator(threads=2)
        one_by_one = [translator.translate(text) for text in TEXTS]
        results = translator.translate_all(TEXTS * 5)
        self.assertEqual([result.text for result in results], one_by_one * 5)
        self.assertEqual(translator.translate_all([]), [])

    def test_options_reach_the_engine(self):
        text = TEXTS[1]
        lines = [line.split("\t")[1]
                 for line in said(text, "--beam", "4", "--nbest", "3").splitlines()]
        result = self.translator(beam=4, n_best=3).translate_all([text])[0]
        self.assertEqual([hypothesis.text for hypothesis in result.hypotheses], lines)
        scores = [hypothesis.score for hypothesis in result.hypotheses]
        self.assertEqual(scores, sorted(scores, reverse=True))
        sampled = self.translator(do_sample=1, seed=7, temperature=1.5).translate(text)
        self.assertEqual(sampled, said(text, "--sample", "--seed", "7", "--temperature", "1.5"))
        self.assertTrue(self.translator().translate(text, prefix="Warum").startswith("Warum"))

    def test_logs(self):
        with self.assertLogs("tolka.test", "DEBUG") as seen:
            logger = logging.getLogger("tolka.test")
            self.translator(log=logger, threads=2).translate(TEXTS[0])
        self.assertRegex(seen.output[0], r"^INFO:.* kernels; threads 2, batch 32")
        self.assertTrue(any(line.startswith("DEBUG:tolka.test:batch: ") for line in seen.output))

    def test_streams_are_whole_translations(self):
        translator = self.translator(beam=1)
        for text in (TEXTS[0], TEXTS[4]):
            pieces = list(translator.stream(text))
            self.assertGreater(len(pieces), 1)
            self.assertEqual("".join(pieces), translator.translate(text))

    def test_streams_end_when_nobody_listens(self):
        translator = self.translator(beam=1)
        stream = translator.stream(TEXTS[4])
        first = next(stream)
        stream.close()
        self.assertTrue(translator.translate(TEXTS[4]).startswith(first))
        for piece in translator.stream(TEXTS[4]):
            break
        gc.collect()
        self.assertEqual(translator.translate(TEXTS[0]), said(TEXTS[0]))

    def test_another_thread_stops_it(self):
        translator = self.translator(threads=1)
        ended = threading.Event()

        def stop_in_time():  # a stop before the call has begun is forgotten
            while not ended.wait(0.2):
                translator.stop()

        stopper = threading.Thread(target=stop_in_time)
        stopper.start()
        results = translator.translate_all([TEXTS[0] + f" {i}" for i in range(20000)])
        ended.set()
        stopper.join()
        stopped = [result for result in results if isinstance(result.error, tolka.Stopped)]
        self.assertTrue(stopped)
        self.assertTrue(all(result.error is None or isinstance(result.error, tolka.Stopped)
                            for result in results))
        with self.assertRaises(tolka.Stopped):
            stopped[0].text

    def test_interrupts_are_heeded(self):
        translator = self.translator(threads=1)
        timer = threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT))
        timer.start()
        with self.assertRaises(KeyboardInterrupt):
            translator.translate_all([TEXTS[0] + f" {i}" for i in range(20000)])
        timer.join()
        self.assertEqual(translator.translate("Hello."), said("Hello."))

    def test_scores(self):
        translator = self.translator(want_scores=1)
        result = translator.translate_all([TEXTS[0]])[0]
        scored = translator.score(TEXTS[0], result.text)
        self.assertAlmostEqual(scored.score, result.score, places=3)
        ids = [token.id for token in scored.tokens]
        self.assertEqual(ids, [token.id for token in result.hypotheses[0].tokens])
        worse = translator.score(TEXTS[0], "Die Schlüssel liegen auf dem Tisch.")
        self.assertLess(worse.score, scored.score)


class Tokens(Case):
    def test_there_and_back(self):
        translator = self.translator()
        ids = translator.tokenize(TEXTS[0])
        self.assertEqual(translator.translate_all([TEXTS[0]])[0].source_ids, ids)
        pieces = translator.pieces(ids)
        self.assertEqual("".join(pieces[1:-1]).replace("\u2581", " ").strip(), TEXTS[0])
        target = translator.tokenize("Guten Morgen.", target=True)
        self.assertEqual(translator.detokenize(target), "Guten Morgen.")

    def test_alignments(self):
        lines = said(TEXTS[0], "--alignments").split(" ||| ")
        best = self.translator(alignments=True).translate_all([TEXTS[0]])[0].hypotheses[0]
        self.assertEqual(" ".join(f"{s}-{t}" for s, t in best.word_links), lines[1])

    @unittest.skipIf(numpy is None, "numpy is not installed")
    def test_arrays(self):
        translator = self.translator(alignments=True)
        result = translator.translate_all([TEXTS[0]])[0]
        best = result.hypotheses[0]
        self.assertEqual(best.weights.shape, (len(best.tokens), len(result.source_ids)))
        for source, target in best.links:
            self.assertEqual(best.weights[target].argmax(), source)
        maps = translator.attention(TEXTS[0], best.text)
        n_source, n_target = len(maps.source_pieces), len(maps.target_pieces)
        self.assertEqual(maps.encoder.shape[2:], (n_source, n_source))
        self.assertEqual(maps.decoder.shape[2:], (n_target + 1, n_target + 1))
        self.assertEqual(maps.cross.shape[2:], (n_target + 1, n_source))
        for weights in (maps.encoder, maps.decoder, maps.cross):
            self.assertTrue(numpy.allclose(weights.sum(-1), 1, atol=1e-4))
        self.assertTrue((numpy.triu(maps.decoder[0, 0], 1) == 0).all())


class Around(Case):
    def test_languages(self):
        self.assertEqual(len(self.model.languages.names), 3)
        self.assertEqual(tolka.language_name("de", "en"), "German")
        self.assertEqual(tolka.language_name("fra"), "français")
        self.assertIsNone(tolka.language_name("no language"))

    def test_sentences(self):
        text = "Dr. Smith met Mrs. Jones. They talked.  Did they? Ça va !"
        self.assertEqual(tolka.split_sentences(text, "en"),
                         ["Dr. Smith met Mrs. Jones.", "They talked.", "Did they?", "Ça va !"])

    def test_errors_say_what(self):
        with self.assertRaisesRegex(tolka.FileError, "nowhere.gguf"):
            tolka.Model("nowhere.gguf")
        with self.assertRaises(tolka.FormatError):
            tolka.Model(__file__)
        with self.assertRaisesRegex(tolka.ArgumentError, "no Klingon"):
            self.model.translator("tlh")
        with self.assertRaisesRegex(tolka.ArgumentError, "beam is 65"):
            self.model.translator("de", beam=65)
        with self.assertRaisesRegex(TypeError, "no option bem"):
            self.model.translator("de", bem=4)
        translator = self.translator()
        with self.assertRaisesRegex(TypeError, "expected a str"):
            translator.translate(b"bytes")
        with self.assertRaises(TypeError):
            translator.translate_all("text")
        with self.assertRaises(tolka.ArgumentError):
            translator.translate_all(["one"], prefixes=[])

    def test_a_text_that_fails_stops_no_other(self):
        results = self.translator().score_all([("Hello.", ""), ("Hello.", "Hallo.")])
        self.assertEqual([result.error for result in results], [None, None])
        fails = "word " * 1100000  # more tokens than any sentence may have
        results = self.translator(split=False).translate_all([TEXTS[0], fails])
        self.assertEqual(results[0].text, said(TEXTS[0]))
        self.assertIsInstance(results[1].error, tolka.InputError)
        with self.assertRaises(tolka.InputError):
            results[1].text

    def test_closing(self):
        translator = self.translator()
        self.model.close()
        self.assertEqual(translator.translate("Hello."), said("Hello."))
        translator.close()
        translator.close()
        with self.assertRaisesRegex(tolka.ArgumentError, "closed"):
            translator.translate("Hello.")
        with self.assertRaisesRegex(tolka.ArgumentError, "closed"):
            self.model.translator("de")

    def test_threads_share_a_model(self):
        wanted, got = said(TEXTS[0]), []

        def work():
            with self.model.translator("de") as translator:
                got.append(translator.translate(TEXTS[0]))

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(got, [wanted] * 4)

    def test_documents(self):
        translator = self.translator(alignments=True)
        if not tolka._lib.has_documents:
            with self.assertRaises(tolka.UnsupportedError):
                translator.translate_document("# Hello.\n", "markdown")
            return
        document = translator.translate_document("# Hello.\n\n* Good morning.\n", "markdown")
        self.assertEqual(document.content.decode(),
                         f"# {said('Hello.')}\n\n* {said('Good morning.')}\n")
        self.assertEqual(document.problems, [])
        with self.assertRaises(tolka.ArgumentError):
            translator.translate_document("x", "no format")
        seen = []
        translator.translate_document("One.\nTwo.\n", "lines",
                                      lambda n, all_: seen.append((n, all_)))
        self.assertEqual(seen[-1], (2, 2))
        with self.assertRaises(ZeroDivisionError):
            translator.translate_document("One.\nTwo.\n", "lines", lambda n, all_: 1 / 0)
        page = translator.translate_document("<p>The <b>weather</b> is nice.</p>", "html").content
        self.assertRegex(page.decode(), "^<p>.*<b>.+</b>.*</p>$")


if __name__ == "__main__":
    MODEL, COMMAND = sys.argv[1:3]
    print(f"tolka.py with libtolka {tolka.version()}, Python {sys.version.split()[0]}"
          + ("" if numpy else "; NOT TESTED: arrays, as numpy is not installed"), flush=True)
    unittest.main(argv=sys.argv[:1])
