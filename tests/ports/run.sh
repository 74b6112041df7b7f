#!/bin/sh
# The engine as other compilers, settings and machines build it: make check-ports. Each translates the
# same ids with the same models and has to give the same ids, and scores within 0.001; a big-endian
# machine has to say that it cannot. Foreign ones run in qemu-user. A compiler that is not there is
# an error, unless it is left out: PORTS="gcc-O3 musl".
# $1: where to build, $2: the command, which converts the models.
set -eu
out=$1 tolka=$2
fixtures=tests/fixtures
all="gcc-O0 gcc-O3 gcc-lto gcc-hardened gcc-ubsan clang-O3 musl i686 armhf aarch64 riscv64 s390x"
ports=${PORTS:-$all}
mkdir -p "$out/models"

convert() {
    "$tolka" convert --quiet "$fixtures/$1" -o "$out/models/$1.$2.gguf" --type "$2" --force
}
convert marian int8
convert m2m100 f32
convert bart f16
convert t5 bf16

cc= flags= runner=
# The compiler, its flags, and what runs the program.
choose() {
    flags=-O2 runner=
    case $1 in
    gcc-O0) cc=gcc flags=-O0 ;;
    gcc-O3) cc=gcc flags=-O3 ;;
    gcc-lto) cc=gcc flags="-O2 -flto=1" ;;
    gcc-hardened) cc=gcc flags="-O2 -fPIE -pie -Wl,-z,relro,-z,now -fstack-protector-strong \
        -fstack-clash-protection -D_FORTIFY_SOURCE=3 -fcf-protection" ;;
    gcc-ubsan) cc=gcc flags="-O1 -fsanitize=undefined,float-cast-overflow,float-divide-by-zero \
        -fno-sanitize-recover=all" ;;
    clang-O3) cc=clang flags=-O3 ;;
    musl) cc=musl-gcc flags="-O2 -static" ;;
    i686) cc=i686-linux-gnu-gcc flags="-O2 -static -msse2 -mfpmath=sse" ;;
    armhf) cc=arm-linux-gnueabihf-gcc flags="-O2 -static" runner=qemu-arm ;;
    aarch64) cc=aarch64-linux-gnu-gcc flags="-O2 -static" runner=qemu-aarch64 ;;
    riscv64) cc=riscv64-linux-gnu-gcc flags="-O2 -static" runner=qemu-riscv64 ;;
    s390x) cc=s390x-linux-gnu-gcc flags="-O2 -static" runner=qemu-s390x ;;
    *) echo "check-ports: $1 is none of $all" >&2 && exit 1 ;;
    esac
    for program in $cc $runner; do
        command -v "$program" >/dev/null 2>&1 || {
            echo "check-ports: $program is missing (Debian: qemu-user, musl-tools, clang, gcc-*-linux-gnu)" >&2
            exit 1
        }
    done
}

# Levels need their instruction sets, which only the Makefile's own builds name: the scalar one and
# what each machine has without asking are built here.
build() {
    # shellcheck disable=SC2086
    $cc -std=c11 $flags -Wall -Wextra -Wpedantic -Wconversion -Werror -ffp-contract=off -I. \
        -o "$out/$1" engine/*.c engine/kernels/*.c tests/ports/main.c -lm -lpthread
}

# Scores are the third word.
compare() {
    paste -d ' ' "$out/expected" "$1" | awk '{
        n = NF / 2
        for (i = 1; i <= n; i++) {
            d = i == 3 ? $i - $(n + i) : 0
            if (i == 3 ? d > 0.001 || d < -0.001 : $i != $(n + i)) { print; exit 1 }
        }
    }' && [ "$(wc -l <"$out/expected")" = "$(wc -l <"$1")" ]
}

run() {
    # shellcheck disable=SC2086
    $runner "$out/$1" "$out"/models/*.gguf >"$out/$1.txt" && sort -o "$out/$1.txt" "$out/$1.txt"
}

cc=${CC:-cc} flags=-O2
build native && run native && mv "$out/native.txt" "$out/expected"
for port in $ports; do
    choose "$port"
    build "$port"
    if [ "$port" = s390x ]; then
        ! run "$port" && grep -q "little-endian, and this machine is not" "$out/$port.txt"
    else
        run "$port" && compare "$out/$port.txt"
    fi || { echo "check-ports: $port: other translations" >&2 && exit 1; }
    echo "check-ports: $port: $(wc -l <"$out/$port.txt") translations"
done
