#!/bin/sh
# Installs the packages in BUILD/deb into a fresh Debian, uses them, and removes them again: sh
# packaging/try_deb.sh BUILD, as root, in the root of the repository. The Debian is made by debootstrap
# in a temporary folder, of this machine's release and from where its apt gets packages; on other
# systems than Debian, SUITE and MIRROR name them.
set -eu
build=$1
broken() {
    echo "deb: $*" >&2
    exit 1
}
[ "$(id -u)" = 0 ] || broken "NOT TESTED: a fresh Debian needs root (chroot)"
command -v debootstrap > /dev/null || broken "NOT TESTED: debootstrap is not here (apt install it)"
suite=${SUITE:-$(. /etc/os-release && echo "${VERSION_CODENAME-}")}
mirror=${MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' "Codename: $suite" \
    "Component: main" "Created-By: Packages" 2> /dev/null | head -n 1)}
[ -n "$suite" ] && [ -n "$mirror" ] || broken "NOT TESTED: which Debian? Give SUITE and MIRROR"

folder=$(mktemp -d "${TMPDIR:-/var/tmp}/try_deb.XXXXXX")
root=$folder/root
finish() {
    ! mountpoint -q "$root/proc" || umount "$root/proc"
    rm -rf --one-file-system "$folder"
}
trap finish EXIT
echo "deb: making a Debian ($suite)"
debootstrap --variant=minbase "$suite" "$root" "$mirror" > "$folder/log" 2>&1 ||
    broken "debootstrap fails: $(tail -n 3 "$folder/log")"
cp /etc/resolv.conf "$root/etc/resolv.conf"
printf '#!/bin/sh\nexit 101\n' > "$root/usr/sbin/policy-rc.d" # nothing is started in there
chmod 755 "$root/usr/sbin/policy-rc.d"

inside() {
    chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
        DEBIAN_FRONTEND=noninteractive "$@"
}
apt() {
    inside apt-get -q -y --no-install-recommends "$@" > "$folder/log" 2>&1 ||
        broken "apt-get $*: $(tail -n 5 "$folder/log")"
}
expect() { # what was done, what came, what should have
    [ "$2" = "$3" ] || broken "$1: \"$2\", not \"$3\""
}
files() { # of packages and of users, without what programs keep for themselves
    find "$root" -xdev \( -path "$root/tmp" -o -path "$root/var" \) -prune -o -print | sort
}
version=$(sed -n 's/^#define TOLKA_VERSION "\(.*\)"/\1/p' engine/tolka.h)
says="Das Wetter ist heute schön."
text="The weather is nice today."

# ---- the command alone, where not even /proc is -----------------------------------------------------

apt update
files > "$folder/before"
cp "$build"/deb/*.deb "$root/tmp"
apt install "/tmp/tolka_${version}_$(dpkg --print-architecture).deb"
expect "the first translation" "$(inside tolka "$text" --to de)" "$says"
expect "lines" "$(echo "$text" | inside tolka --to de)" "$says"
expect "tolka --version" "$(inside tolka --version)" "tolka $version"
inside tolka check /usr/share/tolka/tolka-en-de-fr.gguf > "$folder/log" || broken "$(cat "$folder/log")"
! inside dpkg -s libtolka0 > "$folder/log" 2>&1 || broken "the command brings the library"

# ---- beside a shell and man -----------------------------------------------------------------------

mount -t proc proc "$root/proc" || broken "NOT TESTED: completion, as /proc cannot be mounted" # for bash
apt install man-db bash-completion zsh fish
inside man tolka > "$folder/man" 2> "$folder/log" || broken "man tolka: $(cat "$folder/log")"
grep -q "^NAME" "$folder/man" || broken "man tolka shows no page"
expect "completion in bash" "$(inside bash -c '. /usr/share/bash-completion/bash_completion
    _completion_loader tolka; COMP_WORDS=(tolka --to d); COMP_CWORD=2; _tolka
    echo "${COMPREPLY[*]}"')" deu
expect "completion in zsh" "$(inside zsh -fc 'autoload -U compinit; compinit -u; echo $_comps[tolka]')" _tolka
expect "completion in fish" "$(inside fish -c 'complete -C "tolka --to d"' | cut -f 1)" deu

# ---- the library ----------------------------------------------------------------------------------

apt install "/tmp/libtolka0_${version}_$(dpkg --print-architecture).deb" \
    "/tmp/libtolka-dev_${version}_$(dpkg --print-architecture).deb" gcc libc6-dev pkg-config
model=/usr/share/tolka/tolka-en-de-fr.gguf
inside sh -c 'cc -Wall -Werror /usr/share/doc/libtolka-dev/examples/stream.c -o /tmp/stream \
    $(pkg-config --cflags --libs tolka)' || broken "an example cannot be compiled"
expect "an example" "$(inside /tmp/stream $model - de "$text")" "$says"
apt install g++
inside sh -c 'cc -Wall -Werror /usr/share/doc/libtolka-dev/examples/stream.c -o /tmp/static \
    $(pkg-config --cflags --static --libs tolka | sed s/-ltolka/-l:libtolka.a/)' ||
    broken "an example cannot be linked with the archive"
expect "a static example" "$(inside /tmp/static $model - de "$text")" "$says"
expect "pkg-config's version" "$(inside pkg-config --modversion tolka)" "$version"

# ---- and away again -------------------------------------------------------------------------------

apt purge tolka libtolka-dev libtolka0
if inside /tmp/stream $model - de "$text" > "$folder/log" 2>&1; then broken "the library is still there"; fi
apt autoremove --purge
files > "$folder/after"
left=$(comm -13 "$folder/before" "$folder/after" | grep -i tolka || true)
[ -z "$left" ] || broken "purge leaves $left"
echo "deb: everything works in a fresh Debian ($suite)"
