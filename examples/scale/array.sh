#!/bin/sh
# The parts of a large file as an array of Slurm jobs, in a folder that all nodes share:
#
#   mkdir -p work/in && split -l 10000 -a 5 -d in.txt work/in/
#   sbatch --array=0-$(($(ls work/in | wc -l) - 1)) array.sh work --to de
#   cat work/out/* > out.txt                 # when none is missing
#
# To be submitted from the folder that has part.sh and worker.sh. A task that fails goes back to the
# queue, three times; submitted again, the array makes the parts that are missing.
#SBATCH --job-name=tolka --cpus-per-task=1 --mem-per-cpu=500M --requeue --open-mode=append
set -eu
folder=$1
shift
sh part.sh "$folder" "$(printf %05d "$SLURM_ARRAY_TASK_ID")" "$@" && exit
[ "${SLURM_RESTART_COUNT:-0}" -lt 3 ] && scontrol requeue "$SLURM_JOB_ID"
exit 1
