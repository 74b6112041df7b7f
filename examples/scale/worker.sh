#!/bin/sh
# One worker of many: lines in, lines out.   sh worker.sh --to de < in > out
#
# It says nothing before all is done, and ends with status 0 only if there is one line out for each
# line in: whoever started it can throw away what came of one that failed, and start it again. A
# line that the model cannot translate well (tolka's status 1) is no reason for that: the line is
# there, standard error says what is wrong with it, and it would come out alike the next time.
# TOLKA is the command, if it is not on the PATH. Behind LABEL=7, each of 58 lines begins with 7/58 and
# a tab.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 143' INT TERM HUP

LC_ALL=C sed '$a\' > "$work/in" # the last line, too, ends with an end of line
"${TOLKA:-tolka}" -q -j 1 "$@" < "$work/in" > "$work/out" || [ $? = 1 ] || {
    echo "worker: ${TOLKA:-tolka} failed on $(hostname)" >&2
    exit 3
}
given=$(wc -l < "$work/in")
made=$(wc -l < "$work/out")
[ "$given" = "$made" ] || {
    echo "worker: $given lines in, but $made out, on $(hostname)" >&2
    exit 3
}
tab=$(printf '\t')
LC_ALL=C sed "s,^,${LABEL:+$LABEL/$made$tab}," "$work/out"
