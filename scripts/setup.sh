# Sourced by demo.sh and test.sh: installs what they need, from npm and Debian's packages alone.
say() { printf '\n==> %s\n' "$*"; }

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

need_node() {
  command -v node >/dev/null || { echo "Node 20.15 or later is needed: apt-get install nodejs npm, or an image with it" >&2; exit 1; }
  node -e 'const [a, b] = process.versions.node.split("."); process.exit(+a > 20 || (+a === 20 && +b >= 15) ? 0 : 1)' ||
    { echo "Node 20.15 or later is needed, but this is $(node --version)" >&2; exit 1; }
}

# need_packages NAME...: installs the Debian packages that are missing.
need_packages() {
  local missing=() name
  for name in "$@"; do
    dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || missing+=("$name")
  done
  [ ${#missing[@]} -eq 0 ] && return
  say "Installing Debian packages: ${missing[*]}"
  local as=()
  [ "$(id -u)" -eq 0 ] || as=(sudo)
  "${as[@]}" apt-get update -qq
  DEBIAN_FRONTEND=noninteractive "${as[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# Installs the locked npm packages, where they are not already there, and builds.
build() {
  need_node
  local stamp=node_modules/.installed
  if ! cmp -s package-lock.json "$stamp"; then
    say "Installing npm packages (npm ci; no install scripts, no downloads beside the registry)"
    npm ci --no-audit --no-fund --loglevel=error
    cp package-lock.json "$stamp"
  fi
  say "Building: contract types, TypeScript, kernels"
  npm run build --silent
}
