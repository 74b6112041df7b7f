#!/bin/sh
# A file of lines on the cores of one machine or of several, by GNU parallel, in order:
#
#   sh parallel.sh in.txt out.txt --to de
#   PARALLEL="-S 16/alpha,16/beta" sh parallel.sh in.txt out.txt --to de
#
# Machines that -S names need ssh without a password and tolka, nothing else. A block of lines that
# fails (a process is killed, a machine goes away) is tried again, on another machine if there is one.
# Run again after it was stopped itself, it goes on behind the last line of out.txt: `wc -l out.txt`
# shows how far it is, out.txt.log each block's time and machine. BLOCK is how much a worker gets.
set -eu
[ $# -ge 2 ] || {
    echo "usage: sh parallel.sh IN OUT [options of tolka translate]" >&2
    exit 2
}
# The worker travels as a variable: other machines need no file of ours.
WORKER=$(cat "$(dirname "$0")/worker.sh")
export WORKER
in=$1 out=$2
shift 2
[ -r "$in" ] || {
    echo "parallel.sh: cannot read $in" >&2
    exit 2
}
sh -c "$WORKER" worker "$@" < /dev/null # a wrong option or model is said once, before all else

# Nobody else's file is written to, nor one of other options.
options=$(printf '%s\n' "$in" "$@")
if [ -s "$out" ] && [ "$options" != "$(cat "$out.run" 2> /dev/null)" ]; then
    echo "parallel.sh: $out is there already, and not made of $in with these options" >&2
    exit 2
fi
printf '%s\n' "$options" > "$out.run"

# Whole lines that are there already; half a line, if the machine stopped in one, is cut off.
touch "$out"
finished=$(wc -l < "$out")
whole=$(head -n "$finished" "$out" | wc -c)
truncate -s "$whole" "$out"

# Each line comes with its block's number, and of how many lines it is: if a block failed for good,
# nothing behind it may be written.
tail -n "+$((finished + 1))" "$in" |
    parallel --pipe --keep-order --block "${BLOCK:-100k}" --retries 3 --halt now,fail=1 \
        --joblog "$out.log" --env WORKER --quote sh -c 'LABEL=$PARALLEL_SEQ; eval "$WORKER"' worker "$@" |
    LC_ALL=C awk '
        $1 != label {
            split($1, block, "/")
            if (left > 0 || block[1] != ++n) exit 1
            label = $1
            left = block[2]
        }
        { left--; sub(/^[^\t]*\t/, ""); print }' >> "$out" || true

[ "$(LC_ALL=C sed '$a\' "$in" | wc -l)" = "$(wc -l < "$out")" ] || {
    echo "parallel.sh: $out has not as many lines as $in" >&2
    exit 1
}
