#!/bin/sh
# From a fresh clone to a translation:   sh tools/setup.sh demo
# ... and to a full test run:            sh tools/setup.sh check
# Says what it installs before it does; run again, it installs nothing.
set -eu
cd "$(dirname "$0")/.."

build_packages="gcc g++ make pkg-config libsentencepiece-dev libjansson-dev libzip-dev libarchive-dev libyaml-dev libicu-dev libedit-dev libmd4c-dev"
test_packages="check zsh fish mandoc groff libcmark-dev libxml2-dev gettext cmake python3-venv python3-numpy patchelf parallel"
scale_packages="parallel openssh-client openssh-server default-jre-headless slurm-wlm munge"

usage() {
    echo "usage: sh tools/setup.sh demo|check|scale|build"
    echo "  demo   install what is missing, build, translate a few sentences"
    echo "  check  install what is missing, build, run all tests"
    echo "  scale  the same for make check-scale (Debian starts daemons of ssh and Slurm), and run it"
    echo "  build  install what is missing, build"
    exit 2
}

missing_of() {
    for package in "$@"; do
        status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) || status=
        [ "$status" = installed ] || printf '%s ' "$package"
    done
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null 2>&1; then
        sudo "$@"
    else
        echo "setup: installing needs root or sudo; as root, run:" >&2
        echo "    $*" >&2
        exit 1
    fi
}

# Without apt the packages have other names: say what is needed and go on if the tools are there.
check_without_apt() {
    lacking=
    for tool in cc c++ make pkg-config; do
        command -v "$tool" >/dev/null 2>&1 || lacking="$lacking $tool"
    done
    if command -v pkg-config >/dev/null 2>&1; then
        modules="sentencepiece jansson libzip libarchive yaml-0.1 icu-uc libedit md4c"
        [ "$1" != check ] || modules="$modules check libcmark libxml-2.0"
        for module in $modules; do
            pkg-config --exists "$module" || lacking="$lacking $module"
        done
    fi
    if [ -n "$lacking" ]; then
        echo "setup: this system has no apt, and these are missing:$lacking" >&2
        echo "setup: install a C and C++ compiler, make, pkg-config and the development files of" >&2
        echo "setup: SentencePiece, jansson, libzip, libarchive, libyaml, ICU, libedit and MD4C (for the" >&2
        echo "setup: tests: Check, cmark, libxml2 and gettext)" >&2
        exit 1
    fi
}

install_packages() {
    if ! command -v apt-get >/dev/null 2>&1 || ! command -v dpkg-query >/dev/null 2>&1; then
        check_without_apt "$1"
        return
    fi
    wanted=$build_packages
    case $1 in
    check) wanted="$wanted $test_packages" ;;
    scale) wanted="$wanted $scale_packages python3-venv" ;;
    esac
    # shellcheck disable=SC2086
    missing=$(missing_of $wanted)
    [ -n "$missing" ] || return 0
    echo "setup: installing with apt: $missing"
    as_root apt-get update -q
    # shellcheck disable=SC2086
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing
}

build() {
    echo "setup: building"
    make -s -j"$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)" all
}

translate() {
    printf '\n  %s\n  -> %s\n' "$2" "$(./build/tolka "$2" --to "$1")"
}

demo() {
    translate de "The weather is nice today."
    translate fr "Where did you put the keys?"
    translate en "Ich habe gestern einen Brief geschrieben."
    translate en "Je voudrais un verre d'eau, s'il vous plaît."
    printf '\nTry it: ./build/tolka "Good morning, my friend." --to fr\n'
}

case ${1-} in
demo)
    install_packages demo
    build
    demo
    ;;
check)
    install_packages check
    build
    make -s -j"$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)" tests
    make -s check
    ;;
scale)
    install_packages scale
    build
    make -s check-scale
    ;;
build)
    install_packages build
    build
    ;;
*) usage ;;
esac
