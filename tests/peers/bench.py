#!/usr/bin/env python3
"""Runs tolka and CTranslate2 in turn on the same sentences and prints how they compare.

tolka is timed as a user meets it: the wall time of the whole command, start, model loading,
tokenizing and writing included. CTranslate2 is timed at its best: translate_batch alone, in
a warm process. Rates divide CTranslate2's count of target tokens by either engine's time, so
that a ratio of rates is a ratio of times. README.md beside this file has the details.
"""

import argparse
import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
WORK = os.path.join(ROOT, "build", "peers")
SENTENCES = os.path.join(HERE, "sentences.en.txt")
REFERENCES = os.path.join(HERE, "references.de.tsv")

# Starts a command whose peak memory it prints. A process that Python starts takes over the
# peak of its parent (Linux counts it across exec), so this parent is as small as can be.
LAUNCHER = (
    "import os, sys\n"
    "i = os.open(sys.argv[1], os.O_RDONLY)\n"
    "o = os.open(os.devnull, os.O_WRONLY)\n"
    "actions = [(os.POSIX_SPAWN_DUP2, i, 0), (os.POSIX_SPAWN_DUP2, o, 1)]\n"
    "pid = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ, file_actions=actions)\n"
    "_, status, usage = os.wait4(pid, 0)\n"
    "scale = 1 if sys.platform == 'darwin' else 1024\n"
    "print(usage.ru_maxrss * scale)\n"
    "sys.exit(1 if status else 0)\n"
)


class Setting:
    """One row of the comparison."""

    def __init__(self, name, tolka_type, ct2_type, batch, beam, threads):
        self.name = name
        self.tolka_type = tolka_type
        self.ct2_type = ct2_type
        self.batch = batch
        self.beam = beam
        self.threads = threads


SETTINGS = [
    Setting("int8-single", "int8", "int8", 1, 1, 1),
    Setting("int8-batch32", "int8", "int8", 32, 1, 1),
    Setting("int8-batch32-2threads", "int8", "int8", 32, 1, 2),
    Setting("int8-beam4", "int8", "int8", 32, 4, 1),
    Setting("int8-beam4-2threads", "int8", "int8", 32, 4, 2),
    Setting("float32-single", "f32", "float32", 1, 1, 1),
    Setting("float32-batch32", "f32", "float32", 32, 1, 1),
    Setting("float32-beam4", "f32", "float32", 32, 4, 1),
    Setting("bf16-single", "bf16", "float32", 1, 1, 1),
    Setting("bf16-batch32", "bf16", "float32", 32, 1, 1),
]


class Failure(Exception):
    """What the user is told when a part cannot run."""


def note(text):
    print("peers: " + text, file=sys.stderr, flush=True)


def run(command, **options):
    """Runs a command to its end and returns its output; its errors become a Failure."""
    result = subprocess.run(command, stderr=subprocess.PIPE, check=False, **options)
    if result.returncode != 0:
        lines = result.stderr.decode("utf-8", "replace").strip().splitlines()
        raise Failure(
            "%s ended with %d: %s"
            % (" ".join(command[:2]), result.returncode, lines[-1] if lines else "")
        )
    return result.stdout


class CTranslate2:
    """The peer; each measurement is a process of its own (ct2_worker.py)."""

    def __init__(self, options):
        self.options = options

    def model(self, kind):
        output = os.path.join(WORK, "ct2-" + kind)
        if newer(output, os.path.join(self.options.model, "model.safetensors")):
            return output
        note("converting the model to CTranslate2 %s" % kind)
        script = os.path.join(HERE, "convert_ct2.py")
        run([sys.executable, "-B", script, self.options.model, output, "--quantization", kind])
        return output

    def measure(self, kind, batch=32, beam=1, intra=1, inter=1, count=0, output=None):
        command = [sys.executable, "-B", os.path.join(HERE, "ct2_worker.py")]
        command += ["--model", self.model(kind), "--compute-type", kind]
        command += ["--input", SENTENCES, "--tag", self.options.tag]
        command += ["--batch", str(batch), "--beam", str(beam), "--count", str(count)]
        command += ["--intra", str(intra), "--inter", str(inter)]
        if output:
            command += ["--output", output]
        environment = dict(os.environ, OMP_NUM_THREADS=str(intra))
        return json.loads(run(command, stdout=subprocess.PIPE, env=environment))

    def ways(self, threads):
        """(intra, inter): one thread leaves no choice, with more the better way counts."""
        return [(1, 1)] if threads == 1 else [(threads, 1), (1, threads)]


class Tolka:
    """The command under test."""

    def __init__(self, options):
        self.options = options
        self.path = os.path.abspath(options.tolka)

    def exists(self):
        return os.access(self.path, os.X_OK) and not os.path.isdir(self.path)

    def model(self, kind):
        output = os.path.join(WORK, "tolka-%s.gguf" % kind)
        if newer(output, os.path.join(self.options.model, "model.safetensors"), self.path):
            return output
        note("converting the model to tolka %s" % kind)
        command = [self.path, "convert", self.options.model, "-o", output, "--type", kind]
        try:
            if os.path.exists(output):
                os.remove(output)
            run(command, stdout=subprocess.DEVNULL)
        except Failure:
            if os.path.exists(output):
                os.remove(output)
            raise
        return output

    def command(self, kind, batch, beam, threads, *extra):
        command = [self.path, "-m", self.model(kind), "--to", self.options.to, "--quiet"]
        command += ["--batch", str(batch), "--beam", str(beam), "--threads", str(threads)]
        # What the peers do: a line is one sentence, and the first translation is the last.
        command += ["--no-split", "--no-guards"]
        return command + self.options.tolka_args.split() + list(extra)

    def seconds(self, command, source, output):
        with open(source, "rb") as read, open(output, "wb") as write:
            begin = time.perf_counter()
            run(command, stdin=read, stdout=write)
            return time.perf_counter() - begin

    def tokens(self, setting):
        """tolka's own count, end tokens aside, from one untimed run."""
        command = self.command(setting.tolka_type, 32, setting.beam, setting.threads, "--json")
        with open(SENTENCES, "rb") as read:
            lines = run(command, stdin=read, stdout=subprocess.PIPE).decode("utf-8").splitlines()
        end = self.options.end_id
        total = 0
        for line in lines:
            ids = json.loads(line)["target_ids"]
            total += len(ids) - (1 if ids and ids[-1] == end else 0)
        return total

    def latency(self, setting):
        """p50 and p95 in seconds as `tolka bench` measures them, None where it does not."""
        command = [self.path, "bench", "-m", self.model(setting.tolka_type), "--json", "--quiet"]
        command += ["--threads", "1", "--batch", "1", "--beam", str(setting.beam)]
        command += ["--to", self.options.to, "-i", SENTENCES, "--rounds", "1"]
        try:
            report = json.loads(run(command, stdout=subprocess.PIPE))
            return {"p50": float(report["latency_p50"]), "p95": float(report["latency_p95"])}
        except (Failure, ValueError, KeyError, TypeError):
            return None

    def peak_memory(self, kind, source):
        # What LAUNCHER gives for a command that does nothing is the least that can be seen.
        command = [sys.executable, "-I", "-S", "-c", LAUNCHER, source]
        command += self.command(kind, 1, 1, 1)
        return int(run(command, stdout=subprocess.PIPE).split()[-1])


def newer(output, *sources):
    """Whether a converted model is there and younger than what it is made from."""
    mark = os.path.join(output, "model.bin") if os.path.isdir(output) else output
    if not os.path.exists(mark):
        return False
    return all(os.path.getmtime(mark) >= os.path.getmtime(source) for source in sources)


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def spread(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def measure_row(setting, tolka, peer, options):
    """Alternates between the engines and returns the row for the report."""
    outputs = {name: os.path.join(WORK, "%s.%s.txt" % (setting.name, name))
               for name in ("tolka", "ct2")}
    ways = {way: [] for way in peer.ways(setting.threads)}
    mine, calls, tokens = [], [], 0
    command = None
    if tolka:
        command = tolka.command(
            setting.tolka_type, setting.batch, setting.beam, setting.threads)
        tolka.seconds(command, SENTENCES, outputs["tolka"])  # warms the page cache
    for _ in range(options.rounds):
        if tolka:
            mine.append(tolka.seconds(command, SENTENCES, outputs["tolka"]))
        for way, seconds in ways.items():
            result = peer.measure(setting.ct2_type, setting.batch, setting.beam, way[0], way[1],
                                  output=outputs["ct2"])
            seconds.append(result["seconds"])
            calls += result["call_seconds"] or []
            tokens = result["tokens"]

    best = min(ways, key=lambda way: statistics.median(ways[way]))
    row = {"name": setting.name, "batch": setting.batch, "beam": setting.beam,
           "threads": setting.threads, "ct2_type": setting.ct2_type, "ct2_tokens": tokens,
           "ct2_intra_threads": best[0], "ct2_inter_threads": best[1],
           "ct2_seconds": spread(ways[best]), "ct2_runs": ways[best],
           "ct2_tokens_per_second": tokens / statistics.median(ways[best]),
           "ct2_best_tokens_per_second": tokens / min(ways[best])}
    if calls:
        row["ct2_latency"] = {"p50": percentile(calls, 0.5), "p95": percentile(calls, 0.95)}
    if tolka:
        median = statistics.median(mine)
        row.update({"tolka_type": setting.tolka_type, "tolka_seconds": spread(mine),
                    "tolka_runs": mine, "tolka_tokens": tolka.tokens(setting),
                    "tolka_tokens_per_second": tokens / median,
                    "tolka_best_tokens_per_second": tokens / min(mine),
                    "ratio": statistics.median(ways[best]) / median,
                    "ratio_by_round": spread([b / a for a, b in zip(mine, ways[best])])})
        if setting.batch == 1:
            row["tolka_latency"] = tolka.latency(setting)
    row.update(quality(outputs, bool(tolka)))
    return row


def read_lines(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read().split("\n")[:-1]


def quality(outputs, with_tolka):
    """BLEU of each engine against the references, and the share of equal lines."""
    import sacrebleu

    rows = [line.split("\t") for line in read_lines(REFERENCES)]
    most = max(len(row) for row in rows)
    references = [[row[i] if i < len(row) else None for row in rows] for i in range(most)]
    texts = {name: read_lines(path) for name, path in outputs.items()
             if name == "ct2" or with_tolka}
    found = {}
    for name, lines in texts.items():
        if len(lines) != len(rows):
            raise Failure("%s wrote %d lines for %d" % (name, len(lines), len(rows)))
        found[name + "_bleu"] = sacrebleu.corpus_bleu(lines, references).score
    if with_tolka:
        same = sum(a == b for a, b in zip(texts["tolka"], texts["ct2"]))
        found["identical_lines"] = same / len(rows)
        found["bleu_difference"] = found["tolka_bleu"] - found["ct2_bleu"]
    return found


def measure_start(tolka, peer, options):
    """Time to load a model and peak memory for one sentence, for int8 and float32."""
    nothing = os.path.join(WORK, "nothing.txt")
    one = os.path.join(WORK, "one.txt")
    scratch = os.path.join(WORK, "scratch.txt")
    with open(SENTENCES, encoding="utf-8") as file, open(one, "w", encoding="utf-8") as write:
        write.write(file.readline())
    with open(nothing, "w", encoding="utf-8"):
        pass
    rows = []
    floor = [sys.executable, "-I", "-S", "-c", LAUNCHER, nothing, "/bin/true"]
    for mine, theirs in (("int8", "int8"), ("f32", "float32")):
        row = {"name": theirs}
        loads, starts, results = [], [], []
        for _ in range(options.rounds):
            if tolka:
                command = tolka.command(mine, 1, 1, 1)
                loads.append(tolka.seconds(command, nothing, scratch))
                starts.append(tolka.seconds(command, one, scratch))
            results.append(peer.measure(theirs, batch=1, count=1))
        row["ct2_load_seconds"] = spread([r["load_seconds"] for r in results])
        row["ct2_load_and_first_seconds"] = spread(
            [r["load_seconds"] + r["first_seconds"] for r in results])
        row["ct2_memory_bytes"] = min(r["memory_bytes"] for r in results)
        row["ct2_memory_before_load_bytes"] = min(r["memory_before_bytes"] for r in results)
        if tolka:
            row["tolka_load_seconds"] = spread(loads)
            row["tolka_load_and_first_seconds"] = spread(starts)
            row["tolka_memory_bytes"] = tolka.peak_memory(mine, one)
            row["memory_floor_bytes"] = int(run(floor, stdout=subprocess.PIPE).split()[-1])
        rows.append(row)
    return rows


def seconds_text(values):
    return "%.3f s (%.3f to %.3f)" % (values["median"], values["min"], values["max"])


def latency_text(values):
    if values is None:
        return "p50 and p95 not measured (`tolka bench --json` gave none)"
    return "p50 %.2f ms, p95 %.2f ms" % (values["p50"] * 1e3, values["p95"] * 1e3)


def print_row(row):
    threads = "%d thread%s" % (row["threads"], "" if row["threads"] == 1 else "s")
    print("\n%s: batch %d, beam %d, %s" % (row["name"], row["batch"], row["beam"], threads))
    print("  ctranslate2 %-8s %8.0f tokens/s  %s, intra %d inter %d, %d tokens, BLEU %.2f" % (
        row["ct2_type"], row["ct2_tokens_per_second"], seconds_text(row["ct2_seconds"]),
        row["ct2_intra_threads"], row["ct2_inter_threads"], row["ct2_tokens"], row["ct2_bleu"]))
    if "ct2_latency" in row:
        print("    " + latency_text(row["ct2_latency"]))
    if "ratio" not in row:
        return
    print("  tolka       %-8s %8.0f tokens/s  %s, %d tokens, BLEU %.2f" % (
        row["tolka_type"], row["tolka_tokens_per_second"], seconds_text(row["tolka_seconds"]),
        row["tolka_tokens"], row["tolka_bleu"]))
    if "tolka_latency" in row:
        print("    " + latency_text(row["tolka_latency"]))
    print("  tolka is %.2f times as fast (%.2f to %.2f by round); %.1f %% of lines identical, "
          "BLEU %+.2f" % (row["ratio"], row["ratio_by_round"]["min"],
                          row["ratio_by_round"]["max"], row["identical_lines"] * 100,
                          row["bleu_difference"]))


def print_start(row):
    mega = 1e6
    print("\n%s: load and one sentence" % row["name"])
    print("  ctranslate2 load %s, with the first sentence %s; peak %.1f MB, of which Python %.1f"
          % (seconds_text(row["ct2_load_seconds"]),
             seconds_text(row["ct2_load_and_first_seconds"]),
             (row["ct2_memory_bytes"] or 0) / mega,
             (row["ct2_memory_before_load_bytes"] or 0) / mega))
    if "tolka_load_seconds" in row:
        print("  tolka       whole process on no input %s, on one sentence %s; peak %.1f MB "
              "(below %.1f cannot be seen)"
              % (seconds_text(row["tolka_load_seconds"]),
                 seconds_text(row["tolka_load_and_first_seconds"]),
                 row["tolka_memory_bytes"] / mega, row["memory_floor_bytes"] / mega))


def machine():
    """Processor, number of them and load, as far as the system tells."""
    model = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    model = line.split(":", 1)[1].strip()
                    break
    except OSError:
        pass
    return {"cpu": model, "cpus": os.cpu_count(), "system": platform.system(),
            "load_average": os.getloadavg()[0], "tolka_isa": os.environ.get("TOLKA_ISA"),
            "ct2_isa": os.environ.get("CT2_FORCE_CPU_ISA"),
            "python": platform.python_version()}


def find_model(given):
    """The Hugging Face directory: given, or where this project keeps its own."""
    places = [given] if given else [
        os.path.join(ROOT, "models", "pretrained"), os.path.join(ROOT, "shared", "model"),
        os.path.join(os.path.dirname(ROOT), "shared", "model")]
    for place in places:
        if os.path.exists(os.path.join(place, "model.safetensors")):
            return os.path.abspath(place)
    raise Failure("no model.safetensors in %s; name the Hugging Face directory of the shipped "
                  "model with --model or PEERS_MODEL" % ", ".join(places))


def parse():
    parser = argparse.ArgumentParser(description="Measures tolka beside CTranslate2.")
    parser.add_argument("--tolka", default=os.path.join(ROOT, "build", "tolka"))
    parser.add_argument("--model", default=os.environ.get("PEERS_MODEL"),
                        help="Hugging Face Marian directory")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", help="names of settings, separated by commas; `start` for "
                        "loading and memory")
    parser.add_argument("--ct2-only", action="store_true", help="leave tolka out")
    parser.add_argument("--tolka-args", default="", help="more options for tolka")
    parser.add_argument("--to", default="de")
    parser.add_argument("--tag", default=">>deu<<", help="the same for CTranslate2")
    parser.add_argument("--end-id", type=int, default=0)
    parser.add_argument("--json", default=os.path.join(WORK, "bench.json"))
    options = parser.parse_args()
    names = [setting.name for setting in SETTINGS] + ["start"]
    options.only = options.only.split(",") if options.only else names
    unknown = [name for name in options.only if name not in names]
    if unknown:
        parser.error("no setting %s; there are: %s" % (", ".join(unknown), ", ".join(names)))
    if options.rounds < 1:
        parser.error("--rounds must be at least 1")
    return options


def measure_all(options):
    os.makedirs(WORK, exist_ok=True)
    options.model = find_model(options.model)
    peer = CTranslate2(options)
    tolka = Tolka(options)
    if options.ct2_only:
        tolka = None
    elif not tolka.exists():
        note("%s is not there: measuring CTranslate2 alone" % options.tolka)
        tolka = None
    report = {"date": datetime.date.today().isoformat(), "rounds": options.rounds,
              "machine": machine(), "rows": [], "start": [], "not_measured": {}}
    print("%(cpu)s, %(cpus)d CPUs, load %(load_average).2f" % report["machine"])
    for setting in SETTINGS:
        if setting.name not in options.only:
            continue
        if setting.threads > (os.cpu_count() or 1):
            report["not_measured"][setting.name] = "this machine has fewer CPUs"
            continue
        if not tolka and setting.tolka_type == "bf16":
            continue
        try:
            report["rows"].append(measure_row(setting, tolka, peer, options))
            print_row(report["rows"][-1])
            sys.stdout.flush()
        except Failure as failure:
            report["not_measured"][setting.name] = str(failure)
            note("%s: %s" % (setting.name, failure))
    if "start" in options.only:
        try:
            report["start"] = measure_start(tolka, peer, options)
            for row in report["start"]:
                print_start(row)
        except Failure as failure:
            report["not_measured"]["start"] = str(failure)
            note("start: %s" % failure)
    return report


def main():
    options = parse()
    try:
        report = measure_all(options)
    except Failure as failure:
        sys.exit("peers: %s" % failure)
    with open(options.json, "w", encoding="utf-8") as file:
        json.dump(report, file, indent=1)
        file.write("\n")
    print("\nwritten to " + os.path.relpath(options.json))
    sys.exit(1 if report["not_measured"] else 0)


if __name__ == "__main__":
    main()
