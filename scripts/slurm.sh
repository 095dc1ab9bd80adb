#!/usr/bin/env bash
# slurm.sh: a Slurm of Debian's packages on this machine alone (slurmctld, slurmd, munge), and deploy/slurm/train.sbatch run in it:
# two replicas, two ranks, one replica killed on the way. Needs root, and no Slurm here. Everything of it goes at the end.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD work=$(mktemp -d) host=$(hostname -s)
[ "$(id -u)" -eq 0 ] || { echo "Root is needed, to start Slurm's daemons" >&2; exit 1; }
for program in slurmctld slurmd munged sbatch; do command -v "$program" >/dev/null || { echo "$program is needed: apt-get install slurmctld slurmd slurm-client munge" >&2; exit 1; }; done
say() { printf '\n==> %s\n' "$*"; }
finish() {
  local code=$?
  [ "$code" -eq 0 ] || tail -n 20 "$work"/*.log "$work"/*.out 2>/dev/null
  scancel --user=root 2>/dev/null || true
  kill ${daemons[@]+"${daemons[@]}"} 2>/dev/null || true
  wait; rm -rf "$work"
}
daemons=(); trap finish EXIT

say "Starting munge and Slurm"
mkdir -p /run/munge /var/spool/slurmd "$work/state"; chown munge: /run/munge
[ -e /etc/munge/munge.key ] || { dd if=/dev/urandom of=/etc/munge/munge.key bs=32 count=1 status=none; chown munge: /etc/munge/munge.key; chmod 400 /etc/munge/munge.key; }
runuser -u munge -- munged --foreground >"$work/munge.log" 2>&1 & daemons+=($!)
export SLURM_CONF=$work/slurm.conf
cat >"$SLURM_CONF" <<CONF
ClusterName=check
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool-%n
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd-%n.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
ReturnToService=2
MpiDefault=none
KillWait=5
NodeName=$host NodeAddr=127.0.0.1 Port=17011 CPUs=2 RealMemory=8000 State=UNKNOWN
NodeName=trainers NodeAddr=127.0.0.2 Port=17012 CPUs=2 RealMemory=8000 State=UNKNOWN
PartitionName=all Nodes=$host,trainers Default=YES State=UP
CONF
slurmctld -D >"$work/slurmctld.log" 2>&1 & daemons+=($!)
# The parts of a job start on nodes of their own alone, and a node is known by its host's name: one that has another name.
slurmd -D >"$work/slurmd.log" 2>&1 & daemons+=($!)
unshare --uts bash -c 'hostname trainers && exec slurmd -D' >"$work/slurmd-trainers.log" 2>&1 & daemons+=($!)
for _ in $(seq 60); do [ "$(sinfo --noheader --format '%t %D' 2>/dev/null)" = 'idle 2' ] && break; sleep 1; done
sinfo

say "Two replicas and two ranks, one replica killed"
node dist/scripts/make-sample-set.js "$work/data" >/dev/null
sed "s|: /var/lib/tributary|: $work/index|; s|: /data/|: $work/data/|; s|epochs: 2|epochs: 6|" deploy/docker/tributary.yaml >"$work/runs.yaml"
tributary="node $root/dist/src/cli/main.cjs"
$tributary index --config "$work/runs.yaml" >/dev/null
# shellcheck disable=SC2016 # the ranks expand it
train='exec $TRIBUTARY train --run demo --rank $SLURM_PROCID --world-size $SLURM_NTASKS'
cd "$work"
TRIBUTARY_CONFIG=$work/runs.yaml TRIBUTARY=$tributary sbatch --parsable --output=job.out --nodes=1 --nodelist="$host" --ntasks-per-node=2 --cpus-per-task=1 --mem=1G : \
  --nodes=1 --nodelist=trainers --ntasks-per-node=2 --cpus-per-task=1 --gres=none --mem=1G "$root/deploy/slurm/train.sbatch" bash -c "$train" >job.id
job=$(cut -d';' -f1 job.id)
for _ in $(seq 120); do grep -q 'epoch 1' job.out 2>/dev/null && break; sleep 0.5; done
kill -9 "$(pgrep -f -- "--listen 0.0.0.0:50052" | head -1)" && echo "killed the replica at port 50052"
for _ in $(seq 300); do state=$(scontrol show job "$job" | sed -n 's/.*JobState=\(\S*\).*/\1/p' | head -1); case $state in COMPLETED | FAILED | CANCELLED | TIMEOUT) break ;; esac; sleep 1; done
cat job.out
[ "$state" = COMPLETED ] || { echo "the job is $state" >&2; exit 1; }
[ "$(grep -c 'epoch 5:' job.out)" -eq 2 ] || { echo "two ranks should have ended epoch 5" >&2; exit 1; }
for _ in $(seq 30); do pgrep -f "$work/runs.yaml" >/dev/null || pgrep -f -- "--listen 0.0.0.0:5005" >/dev/null || break; sleep 1; done
pgrep -f -- "--listen 0.0.0.0:5005" && { echo "replicas outlived the job" >&2; exit 1; }
say "Both ranks came to their end, and the replicas ended with the job"
