#!/bin/sh
# The kernels' tests for 64-bit ARM, cross-built and run by qemu-user: make check-arm.
# Needs gcc-aarch64-linux-gnu and qemu-user; Check for arm64 is fetched as Debian packages into
# build/arm, without touching the system's own.
set -eu
cd "$(dirname "$0")/../.."
out=${1:-build/arm}
cc=aarch64-linux-gnu-gcc

for tool in $cc qemu-aarch64 apt-get dpkg; do
    command -v $tool >/dev/null 2>&1 || {
        echo "check-arm: $tool is missing (Debian: gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user)" >&2
        exit 1
    }
done

mkdir -p "$out/lists/partial" "$out/packages" "$out/objects"
root=$(cd "$out" && pwd)
if [ ! -e "$out/root/usr/include/check.h" ]; then
    echo "check-arm: fetching Check for arm64 into $out"
    apt="apt-get -qq -o Dir::State::Lists=$root/lists -o APT::Architecture=arm64 -o APT::Architectures=arm64"
    $apt update
    (cd "$root/packages" && $apt download check libsubunit-dev)
    for package in "$root"/packages/*.deb; do dpkg -x "$package" "$root/root"; done
fi

flags="-std=c11 -O2 -Wall -Wextra -Wpedantic -Werror -ffp-contract=off -I. -isystem $root/root/usr/include -isystem $root/root/usr/include/aarch64-linux-gnu"
objects=
for source in engine/kernels/*.c tests/check_kernels.c tests/check_matmul.c \
    tests/check_attention.c tests/check_ggml_blocks.c tests/panels.c tests/arm/main.c; do
    object=$out/objects/$(basename "$source").o
    march=
    case $source in
    */neon_dot.c) march=-march=armv8.2-a+dotprod ;;
    */neon_i8mm.c) march=-march=armv8.2-a+dotprod+i8mm ;;
    */neon_bf16.c) march=-march=armv8.2-a+dotprod+i8mm+bf16 ;;
    esac
    # shellcheck disable=SC2086
    $cc $flags $march -c "$source" -o "$object"
    objects="$objects $object"
done
# shellcheck disable=SC2086
$cc -static -o "$out/check_kernels" $objects "$root/root/usr/lib/aarch64-linux-gnu/libcheck.a" \
    "$root/root/usr/lib/aarch64-linux-gnu/libsubunit.a" -lm -lpthread

# With the dot product instructions, and on the oldest processor there is.
for cpu in max cortex-a53; do
    echo "check-arm: $cpu"
    qemu-aarch64 -cpu $cpu "$out/check_kernels"
done
