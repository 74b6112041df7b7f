#!/usr/bin/env python3
"""Changes an operator, a bound or a constant of a source file, builds, and runs the suites concerned:
one of them must fail. make mutants FILES="engine/greedy.c ..." [SAMPLE=40]

The sources are copied first (BUILD/mutants), so that nothing is changed here. Prints what survives;
known.txt beside this file says of each survivor that is known why it is harmless."""
import argparse
import os
import random
import re
import shutil
import subprocess
import sys
import time

# Fast ones first; the last take seconds, and see only what the others let pass.
SUITES = ["search", "memory", "decoding", "required", "modes", "sampling", "streaming", "alignment",
          "attention_map", "reference", "transformer", "api", "gguf", "config", "native_families",
          "bart_families", "t5_families", "same_bytes", "guards", "sentences"]
SWAPS = {"<": ["<=", ">="], "<=": ["<"], ">": [">=", "<="], ">=": [">"], "==": ["!="],
         "!=": ["=="], "&&": ["||"], "||": ["&&"], "+": ["-"], "-": ["+"], "*": ["/"], "/": ["*"],
         "++": ["--"], "+=": ["-="], "-=": ["+="], "|=": ["&="], "%": ["/"]}
TOKEN = re.compile(r'''
    (?P<skip>/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|^[ \t]*\#(?:\\\n|[^\n])*)
  | (?P<op>->|\+\+|--|\+=|-=|\*=|/=|\|=|&=|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%<>!])
  | (?P<number>\b\d+\b(?![.\w]))
  | (?P<word>\btrue\b|\bfalse\b|\bbreak\b|\bcontinue\b)
''', re.X | re.S | re.M)


def is_binary(text, start, end):
    """Blanks on both sides, as clang-format leaves them; a pointer's star has none behind it."""
    return text[start - 1] in " \n" and text[end] in " \n"


def mutations(text):
    """(start, end, what stands there, what is put there instead), in order."""
    for match in TOKEN.finditer(text):
        kind, found, start, end = match.lastgroup, match.group(), match.start(), match.end()
        if kind == "op" and found == "!":
            if text[end] != "=":
                yield start, end, found, ""
        elif kind == "op" and found in SWAPS:
            if found in ("++",) or is_binary(text, start, end):
                for other in SWAPS[found]:
                    yield start, end, found, other
        elif kind == "number":
            yield start, end, found, str(int(found) + 1)
        elif kind == "word":
            others = {"true": "false", "false": "true", "break": "continue", "continue": "break"}
            yield start, end, found, others[found]


def line_of(text, at):
    number = text.count("\n", 0, at) + 1
    return number, text.splitlines()[number - 1].strip()


def copy_tree(target):
    names = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True)
    for name in names.stdout.split("\n"):
        if name and os.path.exists(name):
            os.makedirs(os.path.dirname(os.path.join(target, name)), exist_ok=True)
            shutil.copy2(name, os.path.join(target, name))


def build(tree):
    return subprocess.run(["make", "-j2", "build/tests/check_all", "build/tolka"], cwd=tree,
                          capture_output=True, text=True)


def killer(tree, suites, seconds):
    """The first suite that fails, or None."""
    for suite in suites:
        environment = dict(os.environ, CK_RUN_SUITE=suite, TOLKA="build/tolka",
                           CK_TIMEOUT_MULTIPLIER="3")
        try:
            run = subprocess.run(["build/tests/check_all"], cwd=tree, env=environment,
                                 capture_output=True, timeout=seconds)
        except subprocess.TimeoutExpired:
            return suite + " (does not end)"
        if run.returncode != 0:
            return suite
    return None


def known_survivors(path):
    """"FILE: the line before -> the line after": why, one to a line, in known.txt."""
    if not os.path.exists(path):
        return set()
    with open(path, encoding="utf-8") as lines:
        return {line.split(" :: ")[0].strip() for line in lines if " :: " in line}


def try_file(tree, name, options, known):
    path = os.path.join(tree, name)
    with open(path, encoding="utf-8") as file:
        original = file.read()
    chosen = list(mutations(original))
    if options.match:
        chosen = [m for m in chosen if re.search(options.match, line_of(original, m[0])[1])]
    if options.sample and len(chosen) > options.sample:
        chosen = sorted(random.Random(options.seed).sample(chosen, options.sample))
    counts = {"killed": 0, "does not build": 0, "survives": 0, "known": 0}
    for start, end, before, after in chosen:
        number, line = line_of(original, start)
        changed = original[:start] + after + original[end:]
        with open(path, "w", encoding="utf-8") as file:
            file.write(changed)
        what = f"{name}: {line} -> {line_of(changed, start)[1]}"
        if build(tree).returncode != 0:
            counts["does not build"] += 1
            continue
        by = killer(tree, options.suites, options.seconds)
        outcome = "killed" if by else "known" if what in known else "survives"
        counts[outcome] += 1
        if outcome == "survives" or options.verbose:
            print(f"{outcome} line {number}: {what}" + (f" ({by})" if by else ""), flush=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(original)
    print(f"{name}: {counts}", flush=True)
    return counts["survives"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("files", nargs="+")
    parser.add_argument("--tree", default="build/mutants")
    parser.add_argument("--sample", type=int, default=0, help="so many of each file (0: all)")
    parser.add_argument("--match", help="a regular expression: only in lines that have it")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=int, default=300, help="a suite that takes longer fails")
    parser.add_argument("--suites", type=lambda text: text.split(","), default=SUITES)
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    began = time.time()
    copy_tree(options.tree)
    if build(options.tree).returncode != 0 or killer(options.tree, options.suites, 3600):
        sys.exit("mutants: the sources do not build or pass as they are")
    known = known_survivors(os.path.join(os.path.dirname(__file__), "known.txt"))
    survivors = sum(try_file(options.tree, name, options, known) for name in options.files)
    print(f"{survivors} unknown survivors, {time.time() - began:.0f} s")
    sys.exit(1 if survivors else 0)


if __name__ == "__main__":
    main()
