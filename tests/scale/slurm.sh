#!/bin/sh
# The array of Slurm jobs in examples/scale on a cluster of this machine alone, with a worker that is
# killed: sh tests/scale/slurm.sh BUILD, in the root of the repository. munged, slurmctld and slurmd
# are started for it, with settings of their own, and stopped again.
set -eu
BUILD=${1:-build} NAME=slurm
. tests/scale/parts.sh
need munged slurmctld slurmd sbatch squeue scontrol
PATH=$PATH:/usr/sbin
host=$(hostname -s)
port=$((20000 + $$ % 20000))
finish() {
    for daemon in slurmd slurmctld munged; do
        [ ! -e "$work/$daemon.pid" ] || kill "$(cat "$work/$daemon.pid")" 2> /dev/null || true
    done
    sleep 1
    rm -rf "$work"
}
trap finish EXIT

# ---- a cluster ------------------------------------------------------------------------------------

mkdir "$work/spool" "$work/state"
head -c 1024 /dev/urandom > "$work/munge.key"
chmod 600 "$work/munge.key"
cat > "$work/slurm.conf" << END
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmdPort=$((port + 1))
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthInfo=socket=$work/munge.socket
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd.log
SlurmdSpoolDir=$work/spool
StateSaveLocation=$work/state
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
ReturnToService=2
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(getconf _NPROCESSORS_ONLN) RealMemory=1000 State=UNKNOWN
PartitionName=all Nodes=$host Default=YES State=UP
END
export SLURM_CONF="$work/slurm.conf"
munged --force --key-file="$work/munge.key" --socket="$work/munge.socket" \
    --pid-file="$work/munged.pid" --log-file="$work/munged.log" --seed-file="$work/munge.seed" ||
    broken "munged does not start"
slurmctld || broken "slurmctld does not start"
slurmd || broken "slurmd does not start: $(tail -n 3 "$work/slurmd.log")"
tries=0
until [ "$(sinfo -h -o %t 2> /dev/null)" = idle ]; do
    tries=$((tries + 1))
    [ $tries -lt 60 ] || broken "the node does not come up: $(tail -n 3 "$work/slurmctld.log")"
    sleep 1
done

# ---- the array ------------------------------------------------------------------------------------

make_sample
make_mortal
parts=$work/parts
mkdir -p "$parts/in"
split -l 40 -a 5 -d "$sample" "$parts/in/"
n=$(ls "$parts/in" | wc -l)
array() { # which tolka
    (cd "$scale" && TOLKA=$1 sbatch -Q --array=0-$((n - 1)) --output="$work/%a.log" array.sh "$parts" \
        --to de) || broken "sbatch fails"
}
# A task that goes back to the queue has to wait two minutes there, unless it is told otherwise.
finish_queue() {
    tries=0
    while [ -n "$(squeue -h)" ]; do
        squeue -h -r -t PENDING -o '%i %r' | while read -r job reason; do
            [ "$reason" != BeginTime ] || scontrol update JobId="$job" StartTime=now
        done
        tries=$((tries + 1))
        [ $tries -lt 200 ] || broken "jobs do not end: $(squeue)"
        sleep 1
    done
}
array "$mortal/tolka"
finish_queue
must_have_died "the array"
[ "$(ls "$parts/out" | wc -l)" = "$n" ] || broken "parts are missing: $(cat "$work"/*.log)"
cat "$parts"/out/* > "$work/out"
same "an array with a worker that was killed" "$work/out" "$wanted"

rm "$parts/out/00001" "$parts/out/00003"
: > "$mortal/given"
array "$mortal/tolka"
finish_queue
[ "$(lines_given)" = 80 ] || broken "a second array did $(lines_given) lines, not the 80 that were missing"
cat "$parts"/out/* > "$work/out"
same "an array that was submitted again" "$work/out" "$wanted"
echo "slurm: every line once, in order"
