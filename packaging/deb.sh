#!/bin/sh
# Debian packages of what git knows, in BUILD/deb: sh packaging/deb.sh BUILD. Says what lintian says,
# if it is here.
set -eu
build=$1
version=$(sed -n 's/^#define TOLKA_VERSION "\(.*\)"/\1/p' engine/tolka.h)
folder=$build/deb
source=$folder/tolka-$version
rm -rf "$folder"
mkdir -p "$source"
git ls-files -z --cached --others --exclude-standard -- . ':!tests/fixtures' |
    xargs -0 cp --parents -t "$source"
(cd "$source" && dpkg-buildpackage -b -us -uc > ../build.log 2>&1) || {
    tail -20 "$folder/build.log" >&2
    exit 1
}
rm -rf "$source"
if command -v lintian > /dev/null; then
    lintian --fail-on error,warning "$folder"/*.changes
else
    echo "deb: NOT TESTED by lintian, which is not here"
fi
ls "$folder"/*.deb
