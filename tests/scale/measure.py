"""The figures of docs/scale.md: python3 tests/scale/measure.py [--model FILE] [--to LANGUAGE]
[--rounds N] [--workers 1,2,4] [--lines N], in the root of the repository after a build. Workers are
processes of one thread, which translate the same lines at a time; "threads" is one process with as many
threads. Rounds are in turn, figures are medians."""

import argparse
import json
import os
import pathlib
import resource
import statistics
import subprocess
import time

LINES = pathlib.Path("tests/peers/sentences.en.txt").read_bytes().splitlines(keepends=True)


def command(arguments, threads, *more):
    model = ["-m", arguments.model] if arguments.model else []
    return ["build/tolka", *model, "--to", arguments.to, "-q", "-j", str(threads), *more]


def tokens(arguments):
    """What the lines come to: source tokens and tokens of the translations."""
    ran = subprocess.run(command(arguments, 2, "--json"), input=arguments.text, capture_output=True, check=True)
    said = [json.loads(line) for line in ran.stdout.splitlines()]
    return (sum(len(line["source_ids"]) for line in said),
            sum(len(line["target_ids"]) for line in said))


def spent():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(arguments, n, threads):
    """Seconds by the clock and of processors, for n workers with all lines each."""
    begin, before = time.monotonic(), spent()
    workers = [subprocess.Popen(command(arguments, threads), stdin=subprocess.PIPE,
                                stdout=subprocess.DEVNULL) for _ in range(n)]
    for worker in workers:  # more than a pipe holds would have to be fed in turn
        worker.stdin.write(arguments.text)
        worker.stdin.close()
    for worker in workers:
        assert worker.wait() == 0
    return time.monotonic() - begin, spent() - before


def memory(process):
    rollup = pathlib.Path(f"/proc/{process}/smaps_rollup").read_text()
    found = dict(line.split(":") for line in rollup.splitlines()[1:])
    return [int(found[name].split()[0]) / 1024 for name in ("Rss", "Pss")]


def resident(arguments, n, threads):
    """Of each of n workers that have translated all lines and wait for more: MB."""
    workers = [subprocess.Popen(command(arguments, threads), stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE)
               for _ in range(n)]
    for worker in workers:
        worker.stdin.write(arguments.text)
        worker.stdin.flush()
    for worker in workers:
        for _ in range(arguments.lines):
            worker.stdout.readline()
    sizes = [memory(worker.pid) for worker in workers]
    for worker in workers:
        worker.communicate()
    return [statistics.mean(each) for each in zip(*sizes)]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model")
    parser.add_argument("--to", default="de")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workers", default="1,2")
    parser.add_argument("--lines", type=int, default=len(LINES))
    arguments = parser.parse_args()
    arguments.text = b"".join(LINES[:arguments.lines])
    counts = [int(n) for n in arguments.workers.split(",")]
    ways = [(n, 1) for n in counts] + [(1, n) for n in counts if n > 1]
    n_source, n_target = tokens(arguments)
    print(f"{arguments.lines} lines, {n_source} tokens, {n_target} of the translations, "
          f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    times = {way: [] for way in ways}
    for _ in range(arguments.rounds):
        for way in ways:
            times[way].append(run(arguments, *way))
    print("workers  threads  lines/s  tokens/s  tokens/s of a core's time        RSS        PSS")
    for n, threads in ways:
        wall, processor = (statistics.median(each) for each in zip(*times[n, threads]))
        rss, pss = resident(arguments, n, threads)
        print(f"{n:7}  {threads:7}  {n * arguments.lines / wall:7.0f}  {n * n_target / wall:8.0f}  "
              f"{n * n_target / processor:25.0f}  {rss:6.1f} MB  {pss:6.1f} MB")


main()
