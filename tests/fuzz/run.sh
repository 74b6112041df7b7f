#!/bin/sh
# Fuzzes one target after another: run.sh PROGRAM FOLDER SECONDS [TARGET...]. What is found goes to
# FOLDER/crashes/TARGET, inputs that reach something new to FOLDER/corpus/TARGET. Fails if anything
# was found.
set -eu
program=$(realpath "$1") folder=$2 seconds=$3
shift 3
[ $# -gt 0 ] || set -- $(ls tests/fuzz/corpus)
each=$((seconds / $#)) found=
[ -w /dev/shm ] && export TMPDIR=/dev/shm

for target; do
    seeds=tests/fuzz/corpus/$target own=$folder/corpus/$target crashes=$folder/crashes/$target
    mkdir -p "$own" "$crashes" "$folder/programs"
    ln -sf "$program" "$folder/programs/$target"
    longest=$(find "$seeds" -type f -printf '%s\n' | sort -n | tail -1)
    echo "fuzz: $target for $each seconds"
    mask=0
    [ "$target" != arguments ] || mask=2 # its complaints; the sanitizers' reports come all the same
    # A file that is refused takes less than 300 MB and two seconds (docs/reliability.md); one that is
    # good may take a little longer on a busy machine.
    "$folder/programs/$target" -max_total_time="$each" -max_len=$((4 * longest + 64)) -timeout=20 \
        -rss_limit_mb=2048 -malloc_limit_mb=300 -artifact_prefix="$crashes/" \
        -print_final_stats=1 -close_fd_mask=$mask "$own" "$seeds" >"$folder/$target.log" 2>&1 || {
        found="$found $target"
        tail -n 40 "$folder/$target.log"
    }
    grep -E 'number_of_executed_units|new_units_added' "$folder/$target.log" || true
done
[ -z "$found" ] || { echo "fuzz: found something:$found; see $folder/crashes"; exit 1; }
