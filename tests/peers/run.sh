#!/bin/sh
# Measures tolka beside other engines on this machine.
#
#   sh tests/peers/run.sh [build/tolka] [options of bench.py]
#
# PEERS names the engines ("ctranslate2 slimt marian pytorch"; default: the first two). The first
# run makes a Python environment for each in build/peers-venv, from PyPI; nothing else is fetched.
# PYTHON names another interpreter (3.9 to 3.13).
set -eu

here=$(dirname "$0")
cd "$here/../.."
peers=tests/peers
python=${PYTHON:-python3}
PEERS=${PEERS:-ctranslate2 slimt}
[ "$PEERS" = all ] && PEERS="ctranslate2 slimt marian pytorch"
export PEERS

tolka=build/tolka
case ${1-} in
'' | -*) ;;
*)
    tolka=$1
    shift
    ;;
esac

# make_environment ENGINE: its stamp is a copy of the list, so that a change of versions makes it
# anew.
make_environment() {
    list=$peers/requirements-$1.txt
    venv=build/peers-venv/$1
    [ -f "$list" ] || return 0 # bench.py says that there is no such engine
    if cmp -s "$list" "$venv/requirements.txt"; then return 0; fi
    case $1 in
    ctranslate2) size="280 MB" ;;
    marian) size="2 GB" ;;
    pytorch) size="5 GB" ;;
    *) size="100 MB" ;;
    esac
    echo "peers: making a Python environment in $venv (once; about $size)" >&2
    rm -rf "$venv"
    mkdir -p build/peers-venv
    "$python" -m venv "$venv" || {
        echo "peers: $python has no venv module; on Debian: apt install python3-venv" >&2
        exit 1
    }
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary=:all: \
        -r "$list" || {
        echo "peers: could not install $list from PyPI" >&2
        rm -rf "$venv"
        return 0
    }
    cp "$list" "$venv/requirements.txt"
}

for engine in tolka $(echo "$PEERS" | tr , ' '); do
    make_environment "$engine"
done

exec "$python" -B "$peers/bench.py" --tolka "$tolka" "$@"
