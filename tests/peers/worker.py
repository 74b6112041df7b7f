"""One engine with one model, warm, in a process of its own.

    worker.py ENGINE THREADS [KEY=VALUE]...

prints a JSON line about itself, then answers each JSON line that it reads,

    {"sources": FILE, "batch": 32, "beam": 1, "length": 25, "repeat": 1, "outputs": FILE}

with one of the seconds (and seconds of processor time) that translating took. Files have ids,
a sentence a line. `length` is how many tokens are generated; null: until the end token comes.
Only the engine's own call is timed: what it takes its input from is made before, and what it
returns is read after.

An engine is a module engine_NAME.py with a class Engine: prepare(sources, work), run(prepared)
and ids(results).
"""

import importlib
import json
import sys
import time


class Work:
    """How sources are to be translated."""

    def __init__(self, request):
        self.batch = request["batch"]
        self.beam = request["beam"]
        self.length = request["length"]

    def groups(self, sources):
        """One sentence a call, or all at once, which the engine divides into batches."""
        return [[source] for source in sources] if self.batch == 1 else [sources]


def read_ids(path):
    with open(path, encoding="ascii") as file:
        return [[int(word) for word in line.split()] for line in file]


def write_ids(path, lists):
    with open(path, "w", encoding="ascii") as file:
        file.writelines(" ".join(map(str, ids)) + "\n" for ids in lists)


def answer(engine, request):
    work = Work(request)
    sources = read_ids(request["sources"])[: request.get("count")]
    prepared = [engine.prepare(group, work) for group in work.groups(sources)]
    results, calls = [], []
    processor = time.process_time()
    begin = time.perf_counter()
    for group in prepared:
        called = time.perf_counter()
        results.append(engine.run(group))
        calls.append(time.perf_counter() - called)
    seconds = time.perf_counter() - begin
    processor = time.process_time() - processor
    outputs = [ids for result in results for ids in engine.ids(result)]
    if request.get("outputs"):
        write_ids(request["outputs"], outputs)
    return {"seconds": seconds, "processor_seconds": processor,
            "tokens": sum(map(len, outputs)), "sentences": len(sources),
            "call_seconds": calls if work.batch == 1 else None}


def main():
    name, threads = sys.argv[1], int(sys.argv[2])
    given = dict(pair.split("=", 1) for pair in sys.argv[3:])
    # Engines print what they like; answers go where standard output was.
    answers, sys.stdout = sys.stdout, sys.stderr
    engine = importlib.import_module("engine_" + name).Engine(threads, **given)
    print(json.dumps({"version": engine.version}), file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(engine, json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main()
