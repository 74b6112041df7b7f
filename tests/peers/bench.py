#!/usr/bin/env python3
"""Runs tolka and other engines in turn on the same ids and the same weights.

README.md beside this file says how, and what is to be known about each engine. run.sh makes
the Python environments of the engines and starts this.
"""

import argparse
import datetime
import json
import os
import subprocess
import sys
import time

from engines import HERE, PEERS, ROOT, Failure, python_of
from measure import measure, spread
from models import SHIPPED, Models
from report import machine, markdown
from rows import MODELS, TYPES, all_rows

WORKS = list(dict.fromkeys(row.work for row in all_rows()))


def note(text):
    print("peers: " + text, file=sys.stderr, flush=True)


def measure_start(tolka, rounds):
    """The whole command for one sentence: wall clock, processor time, and the most memory."""
    with open(os.path.join(HERE, "sentences.en.txt"), encoding="utf-8") as file:
        sentence = file.readline().strip()
    times, processor, memory = [], [], 0
    for turn in range(4 * rounds + 1):
        begin = time.perf_counter()
        pid = os.posix_spawn(tolka, [tolka, "-m", SHIPPED, "--to", "de", "-j", "1", sentence],
                             os.environ, file_actions=[
                                 (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)])
        _, status, usage = os.wait4(pid, 0)
        times.append(time.perf_counter() - begin)
        processor.append(usage.ru_utime + usage.ru_stime)
        memory = usage.ru_maxrss * 1024
        if status:
            raise Failure("%s ended with %d" % (tolka, os.waitstatus_to_exitcode(status)))
    return {"seconds": spread(times[1:]), "processor_seconds": spread(processor[1:]),
            "memory_bytes": memory}


def names(text, known, what, parser):
    """A list with commas or blanks between its words; None: all."""
    chosen = (text or "").replace(",", " ").split()
    for name in chosen:
        if name not in known:
            parser.error("no %s %s; there are: %s" % (what, name, ", ".join(known)))
    return chosen or known


def parse():
    parser = argparse.ArgumentParser(description="Measures tolka beside other engines.")
    parser.add_argument("--tolka", default=os.path.join(ROOT, "build", "tolka"))
    parser.add_argument("--peers", default=os.environ.get("PEERS"))
    parser.add_argument("--models", help="of: " + ", ".join(MODELS))
    parser.add_argument("--types", help="of: " + ", ".join(TYPES))
    parser.add_argument("--work", help="of: " + ", ".join(WORKS + ["start"]))
    parser.add_argument("--rounds", type=int, help="default: 5; with --quick 3")
    parser.add_argument("--quick", action="store_true", help="a quarter of the sentences")
    parser.add_argument("--output", default=os.path.join(ROOT, "build", "bench-peers.md"))
    options = parser.parse_args()
    options.peers = names(options.peers, [peer.name for peer in PEERS], "peer", parser)
    options.models = names(options.models, MODELS, "model", parser)
    options.types = names(options.types, TYPES, "type", parser)
    options.work = names(options.work, WORKS + ["start"], "work", parser)
    if options.rounds is None:
        options.rounds = 3 if options.quick else 5
    if options.rounds < 1:
        parser.error("--rounds must be at least 1")
    options.tolka = os.path.abspath(options.tolka)
    return options


def wanted(row, options):
    return (row.model in options.models and row.type in options.types
            and row.work in options.work)


def print_row(found):
    for peer in found["peers"]:
        ratio = peer["ratio_processor_seconds"]
        print("%-26s %-12s wall %.2f, processor %.2f (%.2f to %.2f), %d of %d lines differ" % (
            found["name"], peer["engine"], peer["ratio_seconds"]["median"], ratio["median"],
            ratio["min"], ratio["max"], peer["different"], peer["sentences"]))
    sys.stdout.flush()


def measure_all(options, report):
    models = Models(options.tolka, os.path.join(ROOT, "build", "peers"), note)
    os.makedirs(models.folder, exist_ok=True)
    missing = report["missing"]
    present = [peer for peer in PEERS
               if peer.name in options.peers and os.path.exists(python_of(peer.name))]
    missing += [name + ": its environment could not be made"
                for name in options.peers if not os.path.exists(python_of(name))]
    for row in all_rows():
        peers = [peer for peer in present if peer.can(row.model, row)]
        if not wanted(row, options) or not peers:
            continue
        if row.threads > (os.cpu_count() or 1):
            missing.append("%s: this machine has fewer CPUs" % row.name)
            continue
        try:
            found = measure(row, peers, models, options, missing)
        except (Failure, subprocess.SubprocessError, OSError) as failure:
            missing.append("%s: %s" % (row.name, failure))
            note(missing[-1])
            continue
        if found:
            report["rows"].append(found)
            print_row(found)
            write(report, options.output)  # so far: a run may take an hour
    if "start" in options.work:
        report["start"] = measure_start(options.tolka, options.rounds)


def data_path(path):
    return os.path.splitext(path)[0] + ".json"


def write(report, path):
    with open(path, "w", encoding="utf-8") as file:
        file.write(markdown(report))
    with open(data_path(path), "w", encoding="utf-8") as file:
        json.dump(report, file, indent=1)
        file.write("\n")


def main():
    options = parse()
    report = {"date": datetime.date.today().isoformat(), "rounds": options.rounds,
              "quick": options.quick, "machine": machine(), "rows": [], "start": None,
              "missing": []}
    try:
        measure_all(options, report)
    except KeyboardInterrupt:
        report["missing"].append("the rest: interrupted")
    write(report, options.output)
    print("\n" + markdown(report))
    print("written to %s and %s" % (os.path.relpath(options.output),
                                    os.path.relpath(data_path(options.output))))
    sys.exit(1 if report["missing"] else 0)


if __name__ == "__main__":
    main()
