"""Markdown out of what was measured."""

import os
import platform

from models import TITLES

TYPES = {"int8": "int8", "f32": "float32"}
NAMES = {"ctranslate2": "CTranslate2", "slimt": "slimt", "marian": "Marian", "pytorch": "PyTorch"}


def machine():
    """Processor, number of them and load, as far as the system tells."""
    model = platform.processor() or platform.machine()
    numbers = {}
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                key, _, value = line.partition(":")
                numbers.setdefault(key.strip(), value.strip())
        model = "%s, family %s, model %s" % (numbers["model name"], numbers["cpu family"],
                                            numbers["model"])
    except (OSError, KeyError):
        pass
    return {"cpu": model, "cpus": os.cpu_count(), "system": platform.system(),
            "load_average": os.getloadavg()[0], "tolka_isa": os.environ.get("TOLKA_ISA"),
            "ct2_isa": os.environ.get("CT2_FORCE_CPU_ISA")}


def number(value):
    return "{:,.0f}".format(value)


def ratio(values):
    return "%.2f (%.2f to %.2f)" % (values["median"], values["min"], values["max"])


def rate(engine, tokens):
    return number(tokens / engine["seconds"]["median"])


def work_table(rows):
    lines = ["| weights | work | beside | their tokens/s | tolka's | wall clock | processor time | "
             "lines that differ |", "| --- | --- | --- | --- | --- | --- | --- | --- |"]
    for row in rows:
        for peer in row["peers"]:
            # Both by the peer's count of tokens, so that a ratio of rates is one of times.
            lines.append("| %s | %s | %s | %s | %s | %s | %s | %d of %s |" % (
                TYPES[row["type"]], row["work"], NAMES[peer["engine"]],
                rate(peer, peer["tokens"]), rate(row["tolka"], peer["tokens"]),
                ratio(peer["ratio_seconds"]), ratio(peer["ratio_processor_seconds"]),
                peer["different"], number(peer["sentences"])))
    return lines


def microseconds(engine, row):
    tokens = engine["sentences"] * row["source_length"]
    return engine["processor_seconds"]["median"] / tokens * 1e6


def long_table(rows):
    """Processor time for each token of the source, and how it grows with the length."""
    lines = ["| weights | work | engine | µs a source token | times that at %d | processor time |"
             % min(row["source_length"] for row in rows),
             "| --- | --- | --- | --- | --- | --- |"]
    first = {}
    for row in rows:
        for engine in [row["tolka"]] + row["peers"]:
            cost = microseconds(engine, row)
            key = (row["type"], engine["engine"])
            first.setdefault(key, cost)
            beside = engine.get("ratio_processor_seconds")
            lines.append("| %s | %s | %s | %.1f | %.2f | %s |" % (
                TYPES[row["type"]], row["work"], NAMES.get(engine["engine"], "tolka"), cost,
                cost / first[key], ratio(beside) if beside else ""))
    return lines


def latency_lines(rows):
    lines = []
    for row in rows:
        if row["tolka"]["latency"]:
            texts = ["%s p50 %.2f ms, p95 %.2f ms" % (
                NAMES.get(engine["engine"], "tolka"), engine["latency"]["p50"] * 1e3,
                engine["latency"]["p95"] * 1e3) for engine in [row["tolka"]] + row["peers"]]
            lines.append("- %s, %s: %s" % (TYPES[row["type"]], row["work"], "; ".join(texts)))
    return ["Latency of a call, wall clock:", ""] + lines if lines else []


def milliseconds(values):
    return "%.1f ms (%.1f to %.1f)" % tuple(values[key] * 1e3 for key in ("median", "min", "max"))


def start_lines(start):
    return ["Cold start (model, tokenizer, one sentence, int8; the whole process of the command): "
            "%s by the clock, %s of processor time, %.1f MB" % (
                milliseconds(start["seconds"]), milliseconds(start["processor_seconds"]),
                start["memory_bytes"] / 1e6)]


def heading(report):
    held = ["%s held to %s" % pair for pair in (
        ("tolka", report["machine"]["tolka_isa"]), ("CTranslate2", report["machine"]["ct2_isa"]))
        if pair[1]]
    versions = {engine["version"] for row in report["rows"]
                for engine in [row["tolka"]] + row["peers"]}
    return ["# tolka beside other engines", "",
            "%s. %s, %d CPUs%s. %s. %d rounds%s. Load of the machine before: %.2f." % (
                report["date"], report["machine"]["cpu"], report["machine"]["cpus"],
                "; " + ", ".join(held) if held else "", "; ".join(sorted(versions)),
                report["rounds"], ", quick" if report["quick"] else "",
                report["machine"]["load_average"]), "",
            "Ratios: how many times tolka's time the other engine takes; median (least to most) of "
            "rounds in turn."]


def markdown(report):
    lines = heading(report)
    for model, title in TITLES.items():
        rows = [row for row in report["rows"] if row["model"] == model]
        work = [row for row in rows if not row["source_length"]]
        long = [row for row in rows if row["source_length"]]
        if work:
            lines += ["", "## " + title[0].upper() + title[1:], ""] + work_table(work)
            lines += [""] + latency_lines(work) if latency_lines(work) else []
        if long:
            lines += ["", "## Long sources, " + title, ""] + long_table(long)
    if report["start"]:
        lines += [""] + start_lines(report["start"])
    if report["missing"]:
        lines += ["", "Not measured:", ""] + ["- " + text for text in report["missing"]]
    return "\n".join(lines) + "\n"
