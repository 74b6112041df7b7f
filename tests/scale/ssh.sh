#!/bin/sh
# GNU parallel on two machines, one of which goes away: two sshd on this one, each for itself.
# sh tests/scale/ssh.sh BUILD, in the root of the repository.
set -eu
BUILD=${1:-build} NAME=ssh
. tests/scale/parts.sh
machines=
finish() {
    for machine in $machines; do
        [ ! -e "$work/$machine.pid" ] || kill "$(cat "$work/$machine.pid")" 2> /dev/null || true
    done
    rm -rf "$work"
}
trap finish EXIT
need parallel ssh ssh-keygen sshd
sshd=$(PATH=$PATH:/usr/sbin command -v sshd)
[ "$(id -u)" != 0 ] || mkdir -p /run/sshd # where it locks itself in
make_sample
make_mortal "all sshd"
ssh-keygen -q -t ed25519 -N '' -f "$work/key"

machine() { # name, port, folder of its tolka
    machines="$machines $1"
    cat > "$work/$1.conf" << END
Port $2
ListenAddress 127.0.0.1
HostKey $work/key
AuthorizedKeysFile $work/key.pub
PidFile $work/$1.pid
StrictModes no
UsePAM no
PermitRootLogin prohibit-password
PasswordAuthentication no
SetEnv PATH=$3:/usr/local/bin:/usr/bin:/bin
END
    cat >> "$work/ssh.conf" << END
Host $1
    HostName 127.0.0.1
    Port $2
    IdentityFile $work/key
    UserKnownHostsFile $work/known
    StrictHostKeyChecking no
    LogLevel ERROR
END
    "$sshd" -f "$work/$1.conf" -E "$work/$1.log" || broken "sshd: $(cat "$work/$1.log")"
}
mkdir "$work/bin"
ln -s "$tolka" "$work/bin/tolka"
port=$((20000 + $$ % 20000))
machine alpha $port "$work/bin"
machine beta $((port + 1)) "$mortal"
ssh -F "$work/ssh.conf" beta true || broken "no way into beta: $(cat "$work/beta.log")"

export PARALLEL_SSH="ssh -F $work/ssh.conf" PARALLEL="--will-cite -S 1/alpha,1/beta" BLOCK=1k
unset TOLKA || true
PATH=$work/bin:$PATH sh "$scale/parallel.sh" "$sample" "$work/out" --to de 2> "$work/err" ||
    broken "a machine that goes away ends it: $(cat "$work/err")"
must_have_died "a machine"
! ssh -F "$work/ssh.conf" beta true 2> /dev/null || broken "beta is still there"
same "two machines, then one" "$work/out" "$wanted"
for machine in alpha beta; do
    cut -f 2 "$work/out.log" | grep -qx "$machine" || broken "$machine did nothing"
done
echo "ssh: every line once, in order, by $(cut -f 2 "$work/out.log" | grep -cx alpha) blocks of alpha" \
    "and $(cut -f 2 "$work/out.log" | grep -cx beta) of beta"
