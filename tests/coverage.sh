#!/bin/sh
# Which lines and branches all tests together reach: make coverage. $1: where to build. Writes
# $1/coverage.txt (every file, and its lines that nothing reaches) and prints a line for each folder.
set -eu
build=$1
folders="engine engine/kernels tokenizer text text/formats models models/checkpoint models/convert tools"

command -v gcovr >/dev/null 2>&1 || { echo "coverage: gcovr is missing (Debian: gcovr)" >&2 && exit 1; }
# Counts of threads are added up atomically. Where that would take more time than all else, the scalar
# product, they may get lost.
build_with() { # how counts are updated, flags for the linker, what
    update=$1 linker=$2
    shift 2
    make BUILD="$build" OPT="-O1 --coverage -fprofile-update=$update -fno-inline" LDFLAGS="$linker" "$@"
}
build_with single --coverage "$build/engine/kernels/scalar.c.o"
build_with atomic --coverage tests
${CC:-cc} -c -o "$build/exits.o" tests/coverage/exits.c
rm -f "$build/tolka"
build_with atomic "--coverage -Wl,--wrap=_exit,--wrap=kill $build/exits.o" "$build/tolka"
find "$build" -name '*.gcda' -delete
# Times are not what counts here. A suite that fails says so; what it reached is counted all the same.
# A process writes its counts as it ends: where memory, reads or writes fail on purpose, or files may
# not grow, it would write damaged ones over those of all others. Such cases are left out.
TOLKA=$build/tolka CK_TIMEOUT_MULTIPLIER=${CK_TIMEOUT_MULTIPLIER:-8} CK_EXCLUDE_TAGS=no_counts \
    "$build/tests/check_all" || true

report() { gcovr --root . --object-directory "$build" --exclude-throw-branches "$@" "$build" 2>/dev/null; }
report --txt "$build/coverage.txt" --filter '(engine|tokenizer|text|models|tools)/'
for folder in $folders; do
    echo "$folder: $(report --print-summary --txt "$build/folder.txt" --filter "$folder/[^/]*\$" |
        sed -n 's/^\(lines\|branches\): \([0-9.]*%\).*/\1 \2/p' | paste -sd' ')"
done
