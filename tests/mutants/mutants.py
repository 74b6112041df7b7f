#!/usr/bin/env python3
"""Changes the sources bit by bit, builds, and runs the suites concerned: one of them must fail.

    make mutants FILES="engine/greedy.c engine/search.c" SAMPLE=40
    python3 tests/mutants/mutants.py --match 'spare < best' engine/beam_rules.c

changes.py says which changes there are. They are made in copies (build/mutants), and what comes of
them runs in a cage (cage.py). A suite is left at its first failing test. A change that gives the same
program is none. With --sanitize, what survives is tried once more with AddressSanitizer and
UndefinedBehaviorSanitizer. What still survives is printed, unless known.txt, beside this file, says
why it is harmless: a line "FILE: OLD LINE -> NEW LINE :: WHY" for each."""
import argparse
import collections
import os
import queue
import random
import re
import signal
import sys
import threading
import time

import changes
import tree

# The first row whose name the file begins with: suites that are likely to notice, and those that take
# longer. Those that have noticed something in this file before go first.
SUITES = [
    ("engine/kernels", "kernels attention", "transformer search native_families bart_families"),
    ("engine/align", "alignment attention_map", "search api streaming cli"),
    ("engine/symmetrize", "alignment", "api cli"),
    ("engine/attention_map", "attention_map transformer", "api cli"),
    ("engine/gguf", "config gguf format", "api memory hostile search fuzz"),
    ("engine/config", "config gguf format", "hostile search transformer native_families t5_families"),
    ("engine/sampling", "sampling", "api streaming same_bytes modes"),
    ("engine/shortlist", "native_families", "search streaming modes same_bytes"),
    ("engine/translator", "api search memory", "pool streaming sampling required modes config reference"),
    ("engine", "required search transformer native_families attention_map config",
     "pool api memory streaming sampling alignment gguf bart_families modes t5_families same_bytes "
     "reference decoding"),
    ("tokenizer", "tokenizer hostile", "unknown streaming bart_families t5_families fuzz languages cli"),
    ("text/formats", "formats", "streaming fuzz cli"),
    ("text", "masks sentences unknown guards",
     "streaming alignment languages formats fuzz cli"),
    ("models/checkpoint", "import hostile", "native_families fuzz t5_families bart_families cli"),
    ("models", "hostile import native_families", "t5_families bart_families decoding cli"),
    ("tools", "guards unknown", "formats bench cli"),
]
SANITIZERS = "-fsanitize=address,undefined -fno-sanitize-recover=all"


def suites_of(name, options):
    if options.suites:
        return options.suites
    for start, likely, others in SUITES:
        if name.startswith(start):
            return likely.split() + ([] if options.quick else others.split())
    return None


class Known:
    """Survivors that are harmless, and why."""

    def __init__(self, path):
        self.lines = {}
        if os.path.exists(path):
            with open(path, encoding="utf-8") as lines:
                self.lines = dict(line.rstrip("\n").split(" :: ", 1) for line in lines if " :: " in line)

    def has(self, name, change):
        return f"{name}: {change}" in self.lines

    def outdated(self, name, all_changes):
        """Lines about changes that the file does not have any more."""
        present = {f"{name}: {change}" for change in all_changes}
        return [line for line in self.lines if line.startswith(name + ": ") and line not in present]


def survivors_in(path):
    """Of an earlier run, which has printed them there."""
    with open(path, encoding="utf-8") as lines:
        found = (re.match(r"\[\d+/\d+\] survives, line \d+: (.*)", line) for line in lines)
        return {match.group(1) for match in found if match}


class Campaign:
    """What is to be tried, and what came of it; several threads work at it."""

    def __init__(self, options):
        self.options = options
        self.known = Known(os.path.join(os.path.dirname(os.path.abspath(__file__)), "known.txt"))
        self.survived = survivors_in(options.again) if options.again else set()
        self.work = queue.SimpleQueue()
        self.counts = collections.defaultdict(collections.Counter)
        self.kills = collections.defaultdict(collections.Counter)
        self.lock = threading.Lock()
        self.stopped = threading.Event()
        self.n = self.n_done = 0

    def choose(self, name):
        """Changes of a file that are to be tried."""
        with open(name, encoding="utf-8") as file:
            text = file.read()
        chosen = changes.changes(text)
        for line in self.known.outdated(name, chosen):
            print(f"known.txt is about a change that is none: {line}")
        if self.options.match:
            chosen = [change for change in chosen if re.search(self.options.match, change.line)]
        if self.options.again:
            chosen = [change for change in chosen if f"{name}: {change}" in self.survived]
        if self.options.sample and len(chosen) > self.options.sample:
            chosen = random.Random(self.options.seed).sample(chosen, self.options.sample)
        chosen = [change for change in chosen if not self.is_known(name, change)]
        return [(name, text, change) for change in chosen]

    def is_known(self, name, change):
        self.counts[name]["known"] += self.known.has(name, change)
        return self.known.has(name, change)

    def plan(self, names):
        """In any order: what a run has found that was interrupted is of all files."""
        chosen = [work for name in names for work in self.choose(name)]
        random.Random(self.options.seed).shuffle(chosen)
        self.n = len(chosen)
        for work in chosen:
            self.work.put(work)

    def suites_for(self, name):
        with self.lock:
            kills = self.kills[name].copy()
        return sorted(suites_of(name, self.options), key=lambda suite: -kills[suite])

    def tell(self, name, change, outcome, why):
        with self.lock:
            self.n_done += 1
            self.counts[name][outcome] += 1
            if outcome == "killed":
                self.kills[name][why.split(":")[0]] += 1
            if outcome == "survives" or self.options.verbose:
                print(f"[{self.n_done}/{self.n}] {outcome}, line {change.number}: {name}: {change}"
                      + (f" ({why})" if why else ""), flush=True)

    def summary(self, seconds):
        total = collections.Counter()
        outcomes = ["killed", "hangs", "survives", "known", "same program", "does not build"]
        width = max(len(name) for name in self.counts)
        print(" " * width, *(f"{outcome:>14}" for outcome in outcomes))
        for name, counts in sorted(self.counts.items()):
            print(f"{name:{width}}", *(f"{counts[outcome]:14}" for outcome in outcomes))
            total += counts
        print(f"{'all':{width}}", *(f"{total[outcome]:14}" for outcome in outcomes))
        print(f"{total['survives']} unknown survivors, {seconds:.0f} s")
        return total["survives"]


def outcome_of(campaign, trees, name, text, change):
    """Tries a change in one tree after the other, the sanitizers' last."""
    for place in trees:
        with place.changed(name, change.apply(text), text):
            if not place.build():
                return "does not build", None
            if place.is_same_program():
                return "same program", None
            for suite in campaign.suites_for(name):
                failed, hangs = place.failing_test(suite, campaign.options.seconds)
                if campaign.stopped.is_set():
                    return None, None
                if failed:
                    return "hangs" if hangs else "killed", f"{suite}: {failed}"
    return "survives", None


def work_in(campaign, trees):
    while not campaign.stopped.is_set():
        try:
            name, text, change = campaign.work.get_nowait()
        except queue.Empty:
            return
        outcome, why = outcome_of(campaign, trees, name, text, change)
        if outcome:
            campaign.tell(name, change, outcome, why)


def prepare(options, number, names):
    """The trees of one worker, built, in which all suites pass."""
    trees = [tree.Tree(os.path.join(options.tree, f"plain{number}"), [])]
    if options.sanitize:
        flags = ["OPT=-O1", "SANITIZE=" + SANITIZERS]
        trees.append(tree.Tree(os.path.join(options.tree, f"sanitized{number}"), flags, slower=4))
    needed = sorted({suite for name in names for suite in suites_of(name, options)})
    for place in trees:
        if number > 0:
            place.begin_as(place.path[:-len(str(number))] + "0")
        place.copy_sources()
        if not place.build():
            sys.exit(f"mutants: the sources do not build: {place.said}")
        place.remember_program()
        for suite in needed if number == 0 and not options.trust else []:
            failed, _ = place.failing_test(suite, 10 * options.seconds)
            if failed:
                sys.exit(f"mutants: the sources as they are do not pass {suite}: {failed}")
    return trees


def run(options):
    began = time.time()
    campaign = Campaign(options)
    for name in options.files:
        if suites_of(name, options) is None:
            sys.exit(f"mutants: no suites are known for {name}; --suites names some")
    campaign.plan(options.files)
    all_trees = [prepare(options, number, options.files) for number in range(options.jobs)]
    threads = [threading.Thread(target=work_in, args=(campaign, trees)) for trees in all_trees]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            thread.join()
    except KeyboardInterrupt:
        campaign.stopped.set()
        for trees in all_trees:
            for place in trees:
                place.kill()
        for thread in threads:
            thread.join()
        print("interrupted; so far:")
    survivors = campaign.summary(time.time() - began)
    return 130 if campaign.stopped.is_set() else 1 if survivors else 0


def interrupt(number, frame):
    raise KeyboardInterrupt


def main():
    # Also where a shell has them ignored, for what runs behind a prompt.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("files", nargs="+")
    parser.add_argument("--tree", default="build/mutants")
    parser.add_argument("--sample", type=int, default=0, help="so many of each file (0: all)")
    parser.add_argument("--match", help="a regular expression: only in lines that have it")
    parser.add_argument("--again", metavar="OUTPUT",
                        help="only what survives in an earlier run's output")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=int, default=30,
                        help="processor time of a test; a suite may take 20 times as long")
    parser.add_argument("--jobs", type=int, default=1, help="changes tried at the same time")
    parser.add_argument("--sanitize", action="store_true", help="try survivors with sanitizers")
    parser.add_argument("--quick", action="store_true",
                        help="only suites that are likely to notice; then --again without this")
    parser.add_argument("--suites", type=lambda text: text.split(","))
    parser.add_argument("--trust", action="store_true",
                        help="the suites pass as they are: a run before has seen it")
    parser.add_argument("--verbose", action="store_true")
    try:
        sys.exit(run(parser.parse_args()))
    except KeyboardInterrupt:
        sys.exit("mutants: interrupted before anything was tried")


if __name__ == "__main__":
    main()
