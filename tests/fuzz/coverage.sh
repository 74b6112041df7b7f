#!/bin/sh
# coverage.sh PROGRAM [FOLDER...]: gives each target its inputs (those of tests/fuzz/corpus, and of
# FOLDER/TARGET) and prints how many lines and branches of each of our folders they reach.
set -eu
program=$1
shift
out=$(dirname "$program")/profiles
rm -rf "$out"
mkdir -p "$out"
for target in $(ls tests/fuzz/corpus); do
    for folder in tests/fuzz/corpus "$@"; do
        [ ! -d "$folder/$target" ] || find "$folder/$target" -type f
    done | LLVM_PROFILE_FILE="$out/%p.profraw" xargs -r "$program" "$target" >/dev/null 2>&1 ||
        echo "coverage: $target ended early" >&2
done
llvm-profdata merge -o "$out/all.profdata" "$out"/*.profraw
llvm-cov export -summary-only -instr-profile "$out/all.profdata" "$program" >"$out/summary.json"
python3 - "$out/summary.json" <<'END'
import json, os, sys
folders = {}
for file in json.load(open(sys.argv[1]))["data"][0]["files"]:
    folder = os.path.relpath(os.path.dirname(file["filename"]))
    if folder.startswith("tests"):
        continue
    sums = folders.setdefault(folder, {"lines": [0, 0], "branches": [0, 0]})
    for kind, (covered, count) in sums.items():
        summary = file["summary"][kind]
        sums[kind] = [covered + summary["covered"], count + summary["count"]]
print("%-20s %8s %10s" % ("", "lines", "branches"))
for folder, sums in sorted(folders.items()):
    print("%-20s" % folder, *("%8.1f %%" % (100 * c / n if n else 100) for c, n in sums.values()))
END
