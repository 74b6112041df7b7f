#!/bin/sh
# One part of a large file, by whatever starts jobs: FOLDER/in/NAME becomes FOLDER/out/NAME.
#
#   mkdir -p work/in && split -l 10000 -a 5 -d in.txt work/in/
#   sh part.sh work 00000 --to de            # this one alone, or all of them:
#   ls work/in | parallel --joblog work/log --resume-failed --retries 3 sh part.sh work {} --to de
#   cat work/out/* > out.txt                 # when none is missing
#
# A part that is there is whole, and is not made again; so everything can be started twice, also at a
# time on two machines that share the folder.
set -eu
[ $# -ge 2 ] || {
    echo "usage: sh part.sh FOLDER NAME [options of tolka translate]" >&2
    exit 2
}
in=$1/in/$2 out=$1/out/$2
shift 2
[ ! -e "$out" ] || exit 0
mkdir -p "$(dirname "$out")"
part=$(mktemp "$(dirname "$out")/.part.XXXXXX")
trap 'rm -f "$part"' EXIT
sh "$(dirname "$0")/worker.sh" "$@" < "$in" > "$part"
chmod 644 "$part"
mv "$part" "$out"
