#!/bin/sh
# The wheel in a virtual environment that has nothing else: sh wheel.sh BUILD MODEL COMMAND FOLDER.
set -eu
build=$1 model=$2 command=$3 work=$4
python=${PYTHON:-python3}
here=$(cd "$(dirname "$0")" && pwd)

"$python" packaging/wheel.py "$build" --into "$work/wheel" > "$work/log" || {
    cat "$work/log" >&2
    exit 1
}
if ! "$python" -m venv "$work/venv" > "$work/log" 2>&1; then
    echo "installed: NOT TESTED: the wheel, as $python cannot make virtual environments (python3-venv)"
    exit 0
fi
"$work/venv/bin/pip" install -q --no-index --disable-pip-version-check "$work"/wheel/*.whl
cd "$work"
"$work/venv/bin/python" -I "$here/test_tolka.py" "$model" "$command" > "$work/log" 2>&1 || {
    cat "$work/log" >&2
    exit 1
}
sed -n 's/^tolka.py with/installed: wheel with/p' "$work/log"
# The model and the library that came with the wheel, not those of this machine.
"$work/venv/bin/python" -I - "$model" <<'EOF'
import os, sys, tolka
inside = os.path.dirname(tolka.__file__)
with tolka.Model() as model, model.translator("de") as translator:
    assert translator.translate("Hello.") == "Hallo.", translator.translate("Hello.")
assert tolka.shipped_model().startswith(inside), tolka.shipped_model()
loaded = {line.split()[-1] for line in open("/proc/self/maps") if ".so" in line}
ours = [path for path in loaded if os.path.basename(path).startswith(
    ("libtolka", "libsentencepiece", "libicu", "libmd4c"))]
outside = [path for path in ours if not path.startswith(os.path.dirname(inside))]
bundled = any("libsentencepiece" in name for name in os.listdir(inside))
assert ours and (not outside if bundled else all("libtolka" not in path for path in outside)), ours
EOF
"$work/venv/bin/pip" uninstall -q -y --disable-pip-version-check tolka
left=$(find "$work/venv" -name '*tolka*' | head -3)
[ -z "$left" ] || { echo "installed: the wheel leaves $left" >&2; exit 1; }
