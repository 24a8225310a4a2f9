#!/usr/bin/env bash
# Create .venv and install what the mesh needs. If nothing has changed, print nothing and return at once.
#   ./build.sh          to run the mesh
#   ./build.sh --dev    to test it, too
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"

fail() { echo "build.sh: $*" >&2; exit 1; }

exec 9<.          # a second build at the same time waits for the first, and finds its work done
flock 9

# --- Debian packages ---

packages=()       # missing ones
needs() { packages+=("$@"); }
has() { PATH="$PATH:/usr/sbin:/usr/lib/rabbitmq/bin" command -v "$1" >/dev/null; }

has redis-server || needs redis-server
has rabbitmq-server || needs rabbitmq-server
has mariadbd && has mariadb-install-db || needs mariadb-server
has mariadb-dump && has mariadb || needs mariadb-client     # operations backup, restore
if [ "${1:-}" = --dev ]; then
    has curl || needs curl      # tests run the README's tour word for word
    has wrk || needs wrk        # ./bench.sh loads the mesh with it
    has nginx || needs nginx    # tests put the gateway behind a proxy
    has prometheus && has promtool || needs prometheus    # tests scrape the mesh and check the alerts with it
    has kubectl || needs kubernetes-client    # tests render the manifests of deploy/kubernetes
    has chromium-headless-shell || needs chromium-headless-shell    # browser tests
    has fc-list && [ -n "$(fc-list :lang=zh)" ] || needs fontconfig fonts-wqy-microhei    # screenshots in Chinese
fi
[ -x .venv/bin/python ] || python3 -c 'import ensurepip, venv' 2>/dev/null || needs python3-venv

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }
may_install() { has apt-get && as_root true 2>/dev/null; }

# Debian starts a server when it is installed; this prevents it during the installation.
keep_servers_off() {
    [ -e /usr/sbin/policy-rc.d ] && return
    trap 'as_root rm -f /usr/sbin/policy-rc.d' EXIT
    printf '#!/bin/sh\nexit 101\n' | as_root tee /usr/sbin/policy-rc.d >/dev/null
    as_root chmod +x /usr/sbin/policy-rc.d
}

install_packages() {
    echo "Installing ${packages[*]} ..."
    keep_servers_off
    log=$(mktemp)
    as_root apt-get update >"$log" 2>&1 &&
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${packages[@]}" >>"$log" 2>&1 ||
        fail "apt-get could not install ${packages[*]}: $(grep -m1 ^E: "$log" || tail -n1 "$log") (all of it: $log)"
    rm -f "$log"
}

if [ ${#packages[@]} -gt 0 ]; then
    if may_install; then
        install_packages
    else
        echo "build.sh: not installed: ${packages[*]}. As root: apt-get install ${packages[*]}; or use docker compose." >&2
        # config.yml may name servers elsewhere; without a virtual environment nothing can run.
        case " ${packages[*]} " in *" python3-venv "*) exit 1;; esac
    fi
fi

# --- Python packages ---

install_requirements() {
    local file=$1 stamp=.venv/.built-$1 sum
    sum=$(sha256sum "$file")
    [ "$(cat "$stamp" 2>/dev/null)" = "$sum" ] && return
    echo "Installing $file ..."
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes \
        -r "$file" >.venv/pip.log 2>&1 ||
        fail "pip could not install $file: $(grep -m1 ^ERROR .venv/pip.log || tail -n1 .venv/pip.log) (all of it: .venv/pip.log)"
    echo "$sum" >"$stamp"
}

if ! .venv/bin/python -c '' 2>/dev/null; then
    rm -rf .venv
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "Python 3.11 or newer is needed"
    python3 -m venv .venv || fail "python3 could not make .venv"
fi
# nameko reads our logging settings before it puts this folder on the module path.
for folder in .venv/lib/python3*/site-packages; do echo "$PWD" >"$folder/marquee.pth"; done
install_requirements requirements.txt
[ "${1:-}" != --dev ] || install_requirements requirements-dev.txt
