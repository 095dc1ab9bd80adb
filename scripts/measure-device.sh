#!/bin/sh
# measure-device.sh: what a GPU is worth on this host, in at most eight minutes, without a network. From a bundle (bundle.sh) or from a
# checkout that is built. Python with torch, torchvision and grpcio measures most; what is missing is said in a line "not here: why".
#   scripts/measure-device.sh [--seconds 4] [--folder JPEGS] [--only PARTS] [--out FOLDER]
# TRIBUTARY_PYTHON names the interpreter; python3 is taken otherwise.
set -eu
here=$(dirname "$(readlink -f "$0")")/..
export TRIBUTARY_PYTHON="${TRIBUTARY_PYTHON:-$(command -v python3 || echo python3)}"
if [ -x "$here/node" ]; then
  node=$here/node
  # The system's own libraries come first.
  for library in libvulkan.so.1 libturbojpeg.so.0; do
    ldconfig -p 2>/dev/null | grep -q "$library" || lacks=yes
  done
  [ -z "${lacks:-}" ] || export LD_LIBRARY_PATH="${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$here/lib"
else
  node=node
fi
# Where containers of NVIDIA's lay the description of their driver.
for driver in /usr/local/nvidia/share/vulkan/icd.d/nvidia_icd.json; do
  [ -n "${VK_DRIVER_FILES:-}" ] || [ ! -e "$driver" ] || export VK_DRIVER_FILES="$driver"
done
exec "$node" "$here/dist/scripts/measure-device.js" "$@"
