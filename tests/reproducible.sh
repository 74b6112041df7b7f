#!/bin/sh
# Two builds of the same sources in different folders, at different times, by users with different
# habits, are the same bytes: sh tests/reproducible.sh. Takes two builds' time.
set -eu
make=${MAKE:-make}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

copy() { # to where
    mkdir -p "$1"
    git ls-files -z --cached --others --exclude-standard -- . ':!tests/fixtures' |
        xargs -0 cp --parents -t "$1"
}
one="$work/one" other="$work/a/much/longer/name/of/a/folder"
copy "$one"
copy "$other"
(cd "$one" && umask 022 && LC_ALL=C TZ=UTC $make -s -j2 all build/tolka.1)
(cd "$other" && umask 077 && LC_ALL=C.UTF-8 TZ=Pacific/Auckland HOME=/ $make -s all build/tolka.1)

products="tolka libtolka.so.* libtolka.a libtolka-engine.a tolka.1"
for product in $(cd "$one/build" && echo $products); do
    [ -L "$one/build/$product" ] || cmp "$one/build/$product" "$other/build/$product"
done
if grep -l "$work" "$one"/build/tolka "$one"/build/lib*; then
    echo "reproducible: these know where they were built" >&2
    exit 1
fi
if command -v python3 > /dev/null; then
    for place in "$one" "$other"; do (cd "$place" && python3 packaging/wheel.py build > /dev/null); done
    cmp "$one"/build/*.whl "$other"/build/*.whl
else
    echo "reproducible: NOT TESTED: the wheel, as Python is not here"
fi
echo "reproducible: two builds, the same bytes"
