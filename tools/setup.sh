#!/usr/bin/env bash
# Installs what local mode and the tests need: Debian packages (when missing) and three virtual environments.
# Run through `make setup`; safe to run again and from several checkouts at once.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly UV_VERSION=0.13.8
APT_PACKAGES=(ffmpeg libheif-examples postgresql redis-server python3-venv gcc libc6-dev libseccomp-dev)

say() { printf 'setup: %s\n' "$1"; }

find_python() {
    local candidate
    for candidate in "${PYTHON:-}" python3.11 python3 python3.12; do
        [ -n "$candidate" ] && command -v "$candidate" >/dev/null 2>&1 || continue
        if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    say "Python 3.11, 3.12 or 3.13 is needed and none was found; install it (Debian 12: apt-get install python3) or set PYTHON" >&2
    exit 1
}

have_system_packages() {
    command -v ffmpeg >/dev/null && command -v ffprobe >/dev/null && command -v redis-server >/dev/null \
        && command -v heif-convert >/dev/null \
        && compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null && "$1" -c 'import ensurepip' 2>/dev/null \
        && printf '#include <seccomp.h>\n#include <linux/landlock.h>\n' | cc -E - >/dev/null 2>&1
}

install_system_packages() {
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        say "missing system packages; run as root: apt-get install --no-install-recommends ${APT_PACKAGES[*]}" >&2
        exit 1
    fi
    say "installing ${APT_PACKAGES[*]}"
    # The packages would start a server each on its default port; local mode brings up its own, so refuse that.
    local policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
        trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    fi
    export DEBIAN_FRONTEND=noninteractive
    apt-get -qq -o DPkg::Lock::Timeout=300 update
    apt-get -qq -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "${APT_PACKAGES[@]}" >/dev/null
}

make_environment() { # directory, requirements file, further pip arguments...
    local directory=$1 requirements=$2
    shift 2
    say "installing $requirements into $directory"
    [ -x "$directory/bin/python" ] || .venv/bin/uv venv --quiet --python "$python" "$directory"
    .venv/bin/uv pip install --quiet --python "$directory/bin/python" -r "$requirements" "$@"
}

have_browser() { command -v chromium >/dev/null && command -v node >/dev/null && command -v npm >/dev/null; }

python=$(find_python)
if [ "${1:-}" = browser ]; then
    # Chromium is a large installation, so only the playback tests ask for it.
    APT_PACKAGES=(chromium)
    command -v node >/dev/null || APT_PACKAGES+=(nodejs)
    command -v npm >/dev/null || APT_PACKAGES+=(npm)
    have_browser || install_system_packages
    say "installing the players of tests/browser/package.json into .browser"
    mkdir -p .browser
    cp tests/browser/package.json .browser/
    npm install --prefix .browser --no-audit --no-fund --ignore-scripts --loglevel=error
    touch .browser/.complete
    exit
fi
if [ "${1:-}" = image ]; then
    # buildah builds the image, debootstrap makes its base, runc starts it: only the image's tests ask for them.
    APT_PACKAGES=(buildah debootstrap runc)
    { command -v buildah && command -v debootstrap && command -v runc; } >/dev/null || install_system_packages
    make_environment .venv-image tools/image/requirements.txt
    say "installing tests/image/requirements.txt into build/image/test-packages"
    rm -rf build/image/test-packages
    # For the image's Python, whatever runs this script; what the image holds itself comes first there.
    .venv/bin/uv pip install --quiet --python-version 3.11 --only-binary :all: --target build/image/test-packages \
        --constraint constraints.txt -r tests/image/requirements.txt
    touch .venv-image/.complete
    exit
fi
if [ "${1:-}" = checks ]; then
    # The policy checkers pin older versions of packages that the platform needs newer; only the tests want them.
    make_environment .venv-checks tests/policy/requirements.txt
    touch .venv-checks/.complete
    exit
fi
have_system_packages "$python" || install_system_packages
[ -x .venv/bin/uv ] || { "$python" -m venv .venv && .venv/bin/pip install --quiet --disable-pip-version-check "uv==$UV_VERSION"; }
make_environment .venv requirements-dev.txt --constraint constraints.txt
services/media/tools/launcher/build.sh .venv/bin/media-fence
# The emulator's Lambda children see its site-packages, so it lives apart from everything else.
make_environment .venv-emulator local/emulator-requirements.txt
# The first synthesis writes the bytecode of the provider modules that the program uses; without it each start costs seconds more.
say "compiling what the program imports"
env -u PYTHONDONTWRITEBYTECODE PYTHONPATH=services .venv/bin/python -m local synth --stack dev >/dev/null
touch .venv/.complete
