#!/bin/sh
# Measures tolka beside CTranslate2 on this machine.
#
#   sh tests/peers/run.sh [build/tolka] [options of bench.py]
#
# The first run makes a Python environment in build/peers-venv from PyPI; nothing else is
# fetched. PYTHON names another interpreter (3.9 to 3.13), PEERS_MODEL the Hugging Face
# directory of the model to compare with.
set -eu

here=$(dirname "$0")
cd "$here/../.."
peers=tests/peers
venv=build/peers-venv
stamp=$venv/requirements.txt
python=${PYTHON:-python3}

tolka=build/tolka
case ${1-} in
'' | -*) ;;
*)
    tolka=$1
    shift
    ;;
esac

# The stamp is a copy of the list, so that a change of versions makes the environment anew.
if ! cmp -s "$peers/requirements.txt" "$stamp"; then
    echo "peers: making a Python environment in $venv (once; about 280 MB)" >&2
    rm -rf "$venv"
    mkdir -p build
    "$python" -m venv "$venv" || {
        echo "peers: $python has no venv module; on Debian: apt install python3-venv" >&2
        exit 1
    }
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary=:all: \
        -r "$peers/requirements.txt" || {
        echo "peers: could not install $peers/requirements.txt from PyPI" >&2
        exit 1
    }
    cp "$peers/requirements.txt" "$stamp"
fi

exec "$venv/bin/python" "$peers/bench.py" --tolka "$tolka" "$@"
