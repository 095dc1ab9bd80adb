#!/usr/bin/env bash
# bundle.sh: packs all that a Linux host on x86-64 needs to serve and to measure without a network: Node, the production packages
# for this platform, the build and the Python package, at most 50 MB.
#   scripts/bundle.sh [OUT]            OUT is out/tributary-linux-x64.tar.xz where not given; `npm run build` comes first
# There:
#   tar xf tributary-linux-x64.tar.xz && cd tributary-linux-x64
#   ./tributary serve ...              as `npx tributary serve ...`
#   scripts/measure-device.sh          what a GPU is worth there
#   PYTHONPATH=$PWD/python/src         the Python client; it needs grpcio, protobuf and numpy
# glibc 2.34 or later is needed there (Debian 12, Ubuntu 22.04), and nothing else.
set -euo pipefail
checkout=$(cd "$(dirname "$0")/.." && pwd)
out=$(realpath -m "${1:-$checkout/out/tributary-linux-x64.tar.xz}")
[ "$(uname -sm)" = "Linux x86_64" ] || { echo "Expected Linux on x86-64, but this is $(uname -sm): pack it there" >&2; exit 1; }
[ -e "$checkout/dist/src/cli/main.cjs" ] || { echo "There is no build: npm run build makes one" >&2; exit 1; }
command -v xz >/dev/null || { echo "xz is needed: apt-get install xz-utils" >&2; exit 1; }
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
root=$work/tributary-linux-x64
mkdir -p "$root/dist" "$root/lib" "$(dirname "$out")"
cd "$checkout"
cp package.json package-lock.json .npmrc LICENSE "$root"
(cd "$root" && npm ci --silent --omit=dev --ignore-scripts --prefer-offline --os=linux --cpu=x64 --libc=glibc)
cp -r dist/src dist/scripts "$root/dist"
cp -r protos python "$root"
mkdir "$root/scripts"; cp scripts/measure-device.sh scripts/*.py "$root/scripts"; cp -r scripts/bench "$root/scripts/bench"
rm -rf "$root"/protos/generated "$root"/python/tests "$root"/node_modules/webgpu/dist/{darwin,win32,linux-arm64}*
# Of sharp, what is for another C library; of gpu.js, an optional package that needs a compiler; of streams, builds for another runtime.
rm -rf "$root"/node_modules/{@img/*linuxmusl*,gl,node-gyp,bare-*/prebuilds}
find "$root" \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.cts' -o -name '*.d.mts' -o -name __pycache__ -o -name '*.egg-info' \
  -o -path '*/scripts/bench/*.ts' \) -prune -exec rm -rf {} +
cp "$(node -p process.execPath)" "$root/node"
! command -v strip >/dev/null || strip "$root/node"
# A host with a driver of NVIDIA's may be without the Vulkan loader, and the ceiling is measured with libjpeg-turbo.
for library in libvulkan.so.1 libturbojpeg.so.0; do
  found=$(ldconfig -p | sed -n "s/.*$library (libc6,x86-64) => //p" | head -1)
  if [ -n "$found" ]; then cp -L "$found" "$root/lib/$library"; else echo "without $library, which is not installed here" >&2; fi
done
cat >"$root/tributary" <<'EOF'
#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
# The system's own libraries come first.
ldconfig -p 2>/dev/null | grep -q 'libvulkan\.so\.1' || export LD_LIBRARY_PATH="${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$here/lib"
exec "$here/node" "$here/dist/src/cli/main.cjs" "$@"
EOF
chmod +x "$root/tributary"
XZ_OPT=${XZ_OPT:--7 -T0} tar -C "$work" --sort=name --owner=0 --group=0 --numeric-owner -cJf "$out" tributary-linux-x64
bytes=$(stat -c %s "$out")
echo "$out: $((bytes / 1000000)) MB"
[ "$bytes" -le 50000000 ] || { echo "Expected at most 50 MB" >&2; exit 1; }
