#!/bin/sh
# The library as others use it: installed into an empty folder, compiled against by pkg-config, CMake
# and hand, loaded by Python, and removed again. Run in the root of the repository after a build:
# sh tests/installed/run.sh [BUILD]. What this machine lacks is not tested, and said so at the end.
set -eu
build=${1:-build}
make=${MAKE:-make}
cc=${CC:-cc}
cxx=${CXX:-c++}
python=${PYTHON:-python3}
here=tests/installed
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix="$work/a prefix/usr" # as no Makefile can have a blank in its targets, DESTDIR has it
libdir=/usr/lib/elsewhere
untested=

broken() {
    echo "installed: $*" >&2
    exit 1
}
expect() { # what was done, what came, what should have
    [ "$2" = "$3" ] || broken "$1: \"$2\", not \"$3\""
}
not_tested() {
    untested="$untested
installed: NOT TESTED: $*"
}

# ---- install ------------------------------------------------------------------------------------

# Somebody else's files, which must survive.
mkdir -p "$prefix/share/tolka" "$prefix/lib/elsewhere"
echo mine > "$prefix/share/tolka/mine.gguf"
echo mine > "$prefix/lib/elsewhere/libother.so"
(cd "$prefix" && find . -type f -o -type l) | sort > "$work/before"

move() { # install or uninstall
    $make -s "$1" BUILD="$build" PREFIX=/usr LIBDIR=$libdir DESTDIR="$work/a prefix" > "$work/log" ||
        broken "make $1 failed: $(cat "$work/log")"
}
move install
lib=$prefix/lib/elsewhere
model=$prefix/share/tolka/tolka-en-de-fr.gguf
for file in bin/tolka include/tolka.h lib/elsewhere/libtolka.so lib/elsewhere/libtolka.a \
    lib/elsewhere/pkgconfig/tolka.pc share/man/man1/tolka.1 share/tolka/tolka-en-de-fr.gguf; do
    [ -s "$prefix/$file" ] || broken "no $file"
done
cmp -s engine/tolka.h "$prefix/include/tolka.h" || broken "another tolka.h"
version=$(sed -n 's/^#define TOLKA_VERSION "\(.*\)"/\1/p' engine/tolka.h)
says="Das Wetter ist heute schön."
text="The weather is nice today."
# The command finds the model that lies beside it.
expect "installed command" "$("$prefix/bin/tolka" "$text" --to de)" "$says"

# ---- names --------------------------------------------------------------------------------------

# What the header declares is what the library gives, no more and no less.
sed 's|/\*.*\*/||; /\/\*/,/\*\//d' engine/tolka.h | grep -v '^static inline' |
    grep -o 'tolka_[a-z0-9_]*(' | tr -d '(' | grep -v '^tolka_model_generation$' |
    sort -u > "$work/declared"
# calls within an inline function are declared, too
nm -D --defined-only "$lib/libtolka.so" | sed -n 's/.* T //p' | sed 's/@.*//' |
    sort -u > "$work/exported"
diff "$work/declared" "$work/exported" >&2 || broken "the shared library has other names than tolka.h"
others=$(nm -D --defined-only "$lib/libtolka.so" | grep -v -e ' T tolka_' -e ' A TOLKA_0$' || true)
[ -z "$others" ] || broken "the shared library exports $others"
soname=$(readelf -d "$lib/libtolka.so" | sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p')
expect "SONAME" "$soname" "libtolka.so.0"
[ -e "$lib/$soname" ] || broken "no $soname"

# ---- programs -----------------------------------------------------------------------------------

# pkg-config is told where the files really are.
export PKG_CONFIG_PATH="$lib/pkgconfig"
flags="-I$prefix/include"
warnings="-Wall -Wextra -Wpedantic -Werror"
expect "pkg-config's version" "$(pkg-config --modversion tolka)" "$version"
# shellcheck disable=SC2046 # a blank at the end
expect "pkg-config's flags" "$(echo $(pkg-config --libs tolka))" "-L$libdir -ltolka"
static=$(pkg-config --static --libs-only-l tolka | sed 's/-ltolka//')

compile() { # program, source, more...
    program=$1
    shift
    case $1 in
    *.cc) compiler="$cxx -std=c++17" ;;
    *) compiler="$cc -std=c11" ;;
    esac
    # shellcheck disable=SC2086
    $compiler $warnings "$flags" "$@" -o "$work/$program" || broken "$1 cannot be compiled"
}
shared() { LD_LIBRARY_PATH=$lib "$@"; }

compile embed $here/embed.c -L"$lib" -ltolka -lm
expect "embed, shared" "$(shared "$work/embed" "$model" "$text")" "$version $says scored"
# shellcheck disable=SC2086
compile embed_static $here/embed.c "$lib/libtolka.a" $static
expect "embed, static" "$("$work/embed_static" "$model" "$text")" "$version $says scored"
! readelf -d "$work/embed_static" | grep -q libtolka || broken "the static program needs libtolka.so"

compile first_options $here/first_options.c -L"$lib" -ltolka
expect "a program of before" "$(shared "$work/first_options" "$model" "$text")" "$says"

for name in bulk nbest stream hooks; do compile $name examples/$name.c -L"$lib" -ltolka; done
compile cancel examples/cancel.c -L"$lib" -ltolka -pthread
compile translate examples/translate.cc -L"$lib" -ltolka
printf '%s\n\nGood morning.\n' "$text" > "$work/in"
"$prefix/bin/tolka" --to de < "$work/in" > "$work/wanted"
shared "$work/bulk" "$model" - de < "$work/in" > "$work/got" || broken "bulk failed"
cmp "$work/wanted" "$work/got" || broken "bulk does not say what the command says"
expect "nbest" "$(shared "$work/nbest" "$model" - de "$text" | cut -f 2,3 | grep '[0-9]-[0-9]' | head -1)" \
    "$says$(printf '\t')$("$prefix/bin/tolka" --beam 4 --alignments --to de "$text" | sed 's/.* ||| //')"
expect "stream" "$(shared "$work/stream" "$model" - de "$text")" "$says"
expect "stream that is stopped" \
    "$(shared "$work/stream" "$model" - de "$text Good morning. Thank you." 5)" "$says  ..."
expect "hooks" "$(shared "$work/hooks" "$model" - de "$text" 2> "$work/err")" "$says"
grep -q '^info: int8 weights, .* kernels; threads ' "$work/err" || broken "the log lacks what was chosen"
grep -q '^room for [0-9.]* MB at most, 0 bytes left$' "$work/err" || broken "memory was not given back"
expect "cancel" "$(shared "$work/cancel" "$model" - de "$text")" "stopped on the way
4000 of 4000 have an answer"
expect "C++" "$(shared "$work/translate" "$model" - de "$text" "Hello." | tail -1)" "$says"
if shared "$work/translate" "$model" - tlh "$text" 2> "$work/err"; then broken "C++ knows Klingon"; fi
grep -q 'translate: .*Klingon' "$work/err" || broken "C++ does not say what it lacks"

if command -v cmake > /dev/null; then
    cmake -S $here/cmake -B "$work/cmake" -DCMAKE_PREFIX_PATH="$prefix" \
        -Dtolka_DIR="$lib/cmake/tolka" -DCMAKE_C_COMPILER="$cc" > "$work/log" 2>&1 &&
        cmake --build "$work/cmake" >> "$work/log" 2>&1 || broken "CMake: $(cat "$work/log")"
    for kind in shared static; do
        expect "CMake, $kind" "$("$work/cmake/$kind" "$model" "$text")" "$version $says scored"
    done

else
    not_tested "CMake, which is not here"
fi

# ---- Python -------------------------------------------------------------------------------------

python_tests() { # python, the folder of tolka.py or nothing
    (cd "$work" && PYTHONPATH=$2 "$1" "$root/$here/test_tolka.py" "$model" "$prefix/bin/tolka") \
        > "$work/log" 2>&1 || broken "Python: $(cat "$work/log")"
    sed -n 's/^tolka.py with/installed: tolka.py with/p' "$work/log"
}
root=$PWD
if command -v "$python" > /dev/null; then
    export TOLKA_LIBRARY="$lib/libtolka.so.0"
    python_tests "$python" "$root/examples"
    unset TOLKA_LIBRARY
    sh $here/wheel.sh "$build" "$model" "$prefix/bin/tolka" "$work" || broken "the wheel"
else
    not_tested "Python, which is not here"
fi

# ---- uninstall ----------------------------------------------------------------------------------

move uninstall
(cd "$prefix" && find . -type f -o -type l) | sort > "$work/after"
diff "$work/before" "$work/after" >&2 || broken "uninstall leaves or takes what it should not"
[ ! -e "$lib/cmake/tolka" ] || broken "uninstall leaves folders of its own"
rm "$prefix/share/tolka/mine.gguf"
move install
move uninstall
[ ! -e "$prefix/share/tolka" ] || broken "uninstall leaves share/tolka"
move uninstall # twice does no harm

echo "installed: everything works$untested"
