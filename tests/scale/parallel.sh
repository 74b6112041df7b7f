#!/bin/sh
# The recipes for GNU parallel in examples/scale, with workers that die: sh tests/scale/parallel.sh
# BUILD, in the root of the repository.
set -eu
BUILD=${1:-build} NAME=parallel
. tests/scale/parts.sh
trap 'rm -rf "$work"' EXIT
need parallel
make_sample
export BLOCK=2k PARALLEL=--will-cite

all_lines() { # which tolka; from the sample to $work/out
    TOLKA=$1 sh "$scale/parallel.sh" "$sample" "$work/out" --to de 2> "$work/err"
}

# ---- one pass -----------------------------------------------------------------------------------

all_lines "$tolka" || broken "parallel.sh ends with status $?"
same "parallel.sh" "$work/out" "$wanted"
[ "$(wc -l < "$work/out.log")" -gt 5 ] || broken "the log has no blocks"
before=$(wc -l < "$work/out.log")
all_lines "$tolka" || broken "parallel.sh with nothing left to do ends with status $?"
same "parallel.sh a second time" "$work/out" "$wanted"

# ---- a worker is killed -------------------------------------------------------------------------

rm "$work/out"
make_mortal
all_lines "$mortal/tolka" || broken "a killed worker ends it: $(cat "$work/err")"
must_have_died "a worker"
same "a worker that was killed" "$work/out" "$wanted"

# ---- everything is killed -----------------------------------------------------------------------

rm "$work/out"
make_mortal "nearest parallel"
PARALLEL="$PARALLEL -j 1" # what comes before the one that is killed is out then
if all_lines "$mortal/tolka"; then broken "a killed run ends with status 0"; fi
must_have_died "a run"
n=$(wc -l < "$work/out")
[ "$n" -gt 0 ] && [ "$n" -lt "$(wc -l < "$wanted")" ] || broken "a killed run left $n lines"
PARALLEL=--will-cite
printf 'half a li' >> "$work/out"
: > "$mortal/given"
all_lines "$mortal/tolka" || broken "a second run ends with status $?"
same "a run that was killed, and a second one" "$work/out" "$wanted"
[ "$(lines_given)" = $(($(wc -l < "$wanted") - n)) ] ||
    broken "a second run did $(lines_given) lines, where $n were there"

# ---- a block that fails again and again ---------------------------------------------------------

rm "$work/out"
make_mortal
cat > "$work/stubborn" << 'END'
#!/bin/sh
cat > "$0.in.$$"
if grep -qxFf "$LINE" "$0.in.$$"; then
    # Not before the block behind it is done, and the one behind that begins, the sixth start: two
    # blocks come before, and once options are tried without lines.
    tries=0
    until [ "$(ls "$0".in.* | wc -l)" -ge 6 ] || [ $tries -ge 100 ]; do
        tries=$((tries + 1))
        sleep 0.1
    done
    exit 9
fi
exec "$REAL" "$@" < "$0.in.$$"
END
chmod +x "$work/stubborn"
if LINE="$mortal/line" REAL=$tolka PARALLEL="$PARALLEL -j 2" all_lines "$work/stubborn"; then
    broken "a block that fails ends with status 0"
fi
grep -q 'This job failed' "$work/err" || broken "nothing is said of it: $(cat "$work/err")"
n=$(wc -l < "$work/out")
head -n "$n" "$wanted" > "$work/first"
same "what comes before a block that fails" "$work/out" "$work/first"
all_lines "$tolka" || broken "after a block that failed: status $?"
same "lines after a block that failed" "$work/out" "$wanted"

# ---- parts --------------------------------------------------------------------------------------

parts=$work/parts
mkdir -p "$parts/in"
split -l 40 -a 5 -d "$sample" "$parts/in/"
all_parts() {
    ls "$parts/in" | TOLKA=$1 parallel --joblog "$parts/log" --resume-failed -j 2 \
        sh "$scale/part.sh" "$parts" {} --to de
}
make_mortal "nearest parallel"
if all_parts "$mortal/tolka" > /dev/null 2>&1; then broken "killed parts end with status 0"; fi
must_have_died "a run of parts"
[ "$(ls "$parts/out" | wc -l)" -lt "$(ls "$parts/in" | wc -l)" ] || broken "no part is missing"
make_mortal # the second run has a worker killed, too; the third has not
if all_parts "$mortal/tolka" 2> /dev/null; then broken "a part that failed ends with status 0"; fi
must_have_died "a worker for a part"
all_parts "$tolka" || broken "parts end with status $?"
cat "$parts"/out/* > "$work/out"
same "parts, some of which failed" "$work/out" "$wanted"


# ---- what may go wrong --------------------------------------------------------------------------

: > "$work/nothing"
TOLKA=$tolka sh "$scale/parallel.sh" "$work/nothing" "$work/still-nothing" --to de ||
    broken "no lines: status $?"
[ ! -s "$work/still-nothing" ] || broken "no lines became some"

if TOLKA=$tolka sh "$scale/parallel.sh" "$sample" "$work/klingon" --to tlh 2> "$work/err"; then
    broken "a wrong option ends with status 0"
fi
grep -q 'tolka: .*Klingon' "$work/err" || broken "a wrong option is not named: $(cat "$work/err")"
[ ! -s "$work/klingon" ] || broken "a wrong option makes lines"

# Somebody else's file, and one of other options, stay as they are.
printf 'mine' > "$work/mine"
if TOLKA=$tolka sh "$scale/parallel.sh" "$sample" "$work/mine" --to de 2> "$work/err"; then
    broken "somebody's file is written to"
fi
grep -q 'mine is there already' "$work/err" || broken "a file in the way: $(cat "$work/err")"
[ "$(cat "$work/mine")" = mine ] || broken "somebody's file is changed"
cp "$wanted" "$work/all"
echo "$sample" > "$work/all.run"
if TOLKA=$tolka sh "$scale/parallel.sh" "$sample" "$work/all" --to de 2> "$work/err"; then
    broken "lines of other options are gone on with"
fi
same "lines of other options" "$work/all" "$wanted"

# A line that is bad in the same way each time is no failure.
printf 'Good morning.\n' > "$work/one"
TOLKA=$tolka sh "$scale/worker.sh" --to de --beam 4 --max-memory 5M < "$work/one" \
    > "$work/out" 2> "$work/err" || broken "a line that cannot be translated is a failure"
grep -q 'line 1: needs' "$work/err" || broken "nothing is said of a line: $(cat "$work/err")"
[ "$(wc -l < "$work/out")" = 1 ] || broken "a line that cannot be translated is not there"

# A disk that is full in the middle of the output: no file may have more than 512 bytes.
head -c 500 "$sample" > "$work/five-hundred"
(
    trap '' XFSZ
    ulimit -f 1
    TOLKA=$tolka sh "$scale/worker.sh" --to fr < "$work/five-hundred" 2> "$work/err" |
        cat > "$work/full"
)
grep -q 'cannot write' "$work/err" || broken "the disk was not full: $(cat "$work/err")"
grep -q 'lines in, but' "$work/err" || broken "a full disk is not noticed: $(cat "$work/err")"
[ ! -s "$work/full" ] || broken "a full disk leaves lines"

if TOLKA=$tolka sh "$scale/worker.sh" --to de --beam 2 --nbest 2 < "$work/one" > "$work/out" 2> "$work/err"
then broken "two lines for one are a success"; fi
echo "parallel: every line once, in order"
