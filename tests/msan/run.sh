#!/bin/sh
# The engine with MemorySanitizer: make msan. Its one condition is that all code knows it, which is so
# for the engine (it needs libm and pthreads only); models are converted by the command as it is.
# $1: where to build, $2: the command.
set -eu
out=$1 tolka=$2
fixtures=tests/fixtures
program=$out/engine_on_ids
flags="-std=c11 -O1 -g -fno-omit-frame-pointer -fsanitize=memory -fsanitize-memory-track-origins \
    -Wall -Wextra -Wpedantic -Werror -ffp-contract=off -I."

command -v clang >/dev/null 2>&1 || { echo "msan: clang is missing (Debian: clang)" >&2 && exit 1; }
mkdir -p "$out/objects" "$out/models"

avx2="-mavx2 -mfma -mf16c"
avx512="$avx2 -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512vnni"
objects=
for source in engine/*.c engine/kernels/*.c tests/msan/main.c; do
    object=$out/objects/$(basename "$source").o
    level=
    case $(uname -m)$source in
    x86_64*/avx2.c) level=$avx2 ;;
    x86_64*/avxvnni.c) level="$avx2 -mavxvnni" ;;
    x86_64*/avx512.c) level=$avx512 ;;
    x86_64*/amx.c) level="$avx512 -mavx512bf16 -mamx-tile -mamx-int8 -mamx-bf16" ;;
    aarch64*/neon_dot.c) level=-march=armv8.2-a+dotprod ;;
    aarch64*/neon_i8mm.c) level=-march=armv8.2-a+dotprod+i8mm ;;
    aarch64*/neon_bf16.c) level=-march=armv8.2-a+dotprod+i8mm+bf16 ;;
    esac
    # shellcheck disable=SC2086
    clang $flags $level -c "$source" -o "$object"
    objects="$objects $object"
done
# shellcheck disable=SC2086
clang -fsanitize=memory -o "$program" $objects -lm -lpthread

# Each type of weights, each kind of positions, decoder and norm.
models=
convert() {
    name=$1
    shift
    "$tolka" convert --quiet "$@" -o "$out/models/$name.gguf" --force
    models="$models $out/models/$name.gguf"
}
student=$fixtures/marian-student
for weights in model.student.intgemm.alphas.bin model.student.npz; do
    convert "$weights" "$student/$weights" --vocab "$student/vocab.spm" \
        --shortlist "$student/lex.s2t.bin"
done
convert marian $fixtures/marian --type int8
convert m2m100 $fixtures/m2m100 --type f32
convert bart $fixtures/bart --type f16
convert t5 $fixtures/t5 --type bf16
convert mt5 $fixtures/t5-mt5-tiny --type int8
convert fsmt $fixtures/fsmt --type f32

# shellcheck disable=SC2086
MSAN_OPTIONS=halt_on_error=1 "$program" $models $fixtures/t5-gguf-tiny/llama.gguf
