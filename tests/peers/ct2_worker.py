#!/usr/bin/env python3
"""One measurement of CTranslate2 in a process of its own; bench.py reads the JSON line.

The timed part is translate_batch alone: the model is loaded and warm, the text already cut
into tokens, and the result not yet turned back into text.
"""

import argparse
import json
import os
import time


def peak_memory():
    """Peak resident bytes of this process, without what it inherited over exec."""
    try:
        with open("/proc/self/status", encoding="ascii") as file:
            for line in file:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return None


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--compute-type", required=True)
    parser.add_argument("--input", required=True)
    parser.add_argument("--tag", required=True)
    parser.add_argument("--output")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--beam", type=int, default=1)
    parser.add_argument("--intra", type=int, default=1)
    parser.add_argument("--inter", type=int, default=1)
    parser.add_argument("--count", type=int, default=0, help="sentences, 0 for all")
    return parser.parse_args()


def translate(translator, sources, batch, beam):
    """Returns the hypotheses and the seconds of each call."""
    groups = [[source] for source in sources] if batch == 1 else [sources]
    hypotheses = []
    seconds = []
    for group in groups:
        begin = time.perf_counter()
        results = translator.translate_batch(group, beam_size=beam, max_batch_size=batch)
        seconds.append(time.perf_counter() - begin)
        hypotheses.extend(result.hypotheses[0] for result in results)
    return hypotheses, seconds


def main():
    options = arguments()
    # The tokenizer and its text come first, so that the step in memory is the library's own.
    import sentencepiece

    pieces = sentencepiece.SentencePieceProcessor(os.path.join(options.model, "source.spm"))
    target = sentencepiece.SentencePieceProcessor(os.path.join(options.model, "target.spm"))
    with open(options.input, encoding="utf-8") as file:
        lines = file.read().splitlines()
    if options.count:
        lines = lines[: options.count]
    sources = [[options.tag] + pieces.encode(line, out_type=str) + ["</s>"] for line in lines]

    import ctranslate2

    memory_before = peak_memory()
    begin = time.perf_counter()
    translator = ctranslate2.Translator(
        options.model,
        device="cpu",
        compute_type=options.compute_type,
        intra_threads=options.intra,
        inter_threads=options.inter,
    )
    load_seconds = time.perf_counter() - begin

    first = time.perf_counter()
    translate(translator, sources[:1], 1, options.beam)
    first_seconds = time.perf_counter() - first
    if len(sources) > 1:
        translate(translator, sources[:64], options.batch, options.beam)
    hypotheses, seconds = translate(translator, sources, options.batch, options.beam)

    if options.output:
        with open(options.output, "w", encoding="utf-8") as file:
            file.writelines(target.decode(tokens) + "\n" for tokens in hypotheses)
    print(
        json.dumps(
            {
                "version": ctranslate2.__version__,
                "compute_type": translator.compute_type,
                "load_seconds": load_seconds,
                "first_seconds": first_seconds,
                "seconds": sum(seconds),
                "call_seconds": seconds if options.batch == 1 else None,
                "tokens": sum(len(tokens) for tokens in hypotheses),
                "memory_before_bytes": memory_before,
                "memory_bytes": peak_memory(),
            }
        )
    )


if __name__ == "__main__":
    main()
