"""One row: tolka and its peers in turn, round after round."""

import statistics
import time

from engines import Failure, Worker


def spread(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


class Runner:
    """An engine with a way of working, and what its runs took."""

    def __init__(self, engine, row, models, way):
        self.engine = engine
        self.row = row
        self.outputs = models.path("%s.%s.txt" % (row.name, engine))
        log = models.path("%s.%s.log" % (row.name, engine))
        arguments = dict(models.arguments(engine, row.model, row.type), **way)
        self.worker = Worker(engine, row.threads, arguments, log)
        self.runs = []

    def run(self, sources, count, record=True):
        row = self.row
        result = self.worker.translate(sources=sources, count=count, batch=row.batch,
                                       beam=row.beam, length=row.length, outputs=self.outputs)
        if record:
            self.runs.append(result)

    def lines(self):
        with open(self.outputs, encoding="ascii") as file:
            return file.read().split("\n")[:-1]

    def times(self, key):
        return [run[key] for run in self.runs]


def latency(runs):
    """p50 and p95 of single calls, in seconds."""
    calls = sorted(seconds for run in runs for seconds in run["call_seconds"] or [])
    if not calls:
        return None
    return {name: calls[min(len(calls) - 1, int(share * len(calls)))]
            for name, share in (("p50", 0.5), ("p95", 0.95))}


def summary(runner):
    runs = runner.runs
    return {"engine": runner.engine, "version": runner.worker.about["version"],
            "tokens": runs[-1]["tokens"], "sentences": runs[-1]["sentences"],
            "seconds": spread(runner.times("seconds")),
            "processor_seconds": spread(runner.times("processor_seconds")),
            "latency": latency(runs), "runs": [
                {key: run[key] for key in ("seconds", "processor_seconds")} for run in runs]}


def beside(mine, peer):
    """How many times the peer's time is ours, round by round, and how many lines differ."""
    found = summary(peer)
    for key in ("seconds", "processor_seconds"):
        pairs = zip(peer.times(key), mine.times(key))
        found["ratio_" + key] = spread([theirs / ours for theirs, ours in pairs])
    found["different"] = sum(a != b for a, b in zip(peer.lines(), mine.lines()))
    return found


def start(row, peers, models, missing):
    """tolka first. A peer that does not start is left out, and said to be."""
    runners = [Runner("tolka", row, models, {})]
    for peer in peers:
        for way in peer.ways(row.threads):
            try:
                runners.append(Runner(peer.name, row, models, way))
            except Failure as failure:
                missing.append("%s: %s: %s" % (row.name, peer.name, failure))
    return runners


def alternate(runners, row, models, options):
    count = row.count(options.quick)
    sources = models.sources(row.model, count, row.source_length or row.length or 0)
    for turn in range(options.rounds + 1):
        # There and back, so that a machine that slows down slows nobody more than others.
        for runner in runners if turn % 2 else runners[::-1]:
            runner.run(sources, count, record=turn > 0)  # turn 0 warms up
            if row.threads > 1:
                time.sleep(0.3)  # threads that wait for work spin a while


def fastest_ways(runners):
    """Of a peer that was run in several ways, the better one."""
    best = {}
    for runner in runners:
        median = statistics.median(runner.times("seconds"))
        if runner.engine not in best or median < best[runner.engine][0]:
            best[runner.engine] = (median, runner)
    return [runner for _, runner in best.values()]


def measure(row, peers, models, options, missing):
    """What the report says about this row; None where there is nobody to compare with."""
    runners = start(row, peers, models, missing)
    try:
        if len(runners) < 2:
            return None
        alternate(runners, row, models, options)
        mine = runners[0]
        found = {"name": row.name, "model": row.model, "type": row.type, "work": row.title,
                 "batch": row.batch, "beam": row.beam, "threads": row.threads,
                 "source_length": row.source_length, "tolka": summary(mine)}
        found["peers"] = [beside(mine, runner) for runner in fastest_ways(runners[1:])]
        return found
    finally:
        for runner in runners:
            runner.worker.close()
