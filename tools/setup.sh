#!/usr/bin/env bash
# Make a virtual environment, the stamp's folder, and install into it what the arguments for pip ask for. Missing
# system packages are installed too, or named. usage: [PYTHON=python3.13] tools/setup.sh VENV/STAMP PIP-ARGUMENTS...
set -euo pipefail
stamp=$1; shift
venv=$(dirname "$stamp")

say() { printf 'palmistry setup: %s\n' "$*" >&2; }

find_python() {
    local p
    for p in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if "$p" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
            echo "$p"; return
        fi
    done
}

# A library the wheels load from the system, and the Debian package that holds it.
libraries="libEGL.so.1:libegl1 libGL.so.1:libgl1 libGLESv2.so.2:libgles2 libglib-2.0.so.0:libglib2.0-0
    libdbus-1.so.3:libdbus-1-3 libfontconfig.so.1:libfontconfig1 libxkbcommon-x11.so.0:libxkbcommon-x11-0
    libxcb-cursor.so.0:libxcb-cursor0 libxcb-icccm.so.4:libxcb-icccm4 libxcb-image.so.0:libxcb-image0
    libxcb-keysyms.so.1:libxcb-keysyms1 libxcb-render-util.so.0:libxcb-render-util0
    libxcb-shape.so.0:libxcb-shape0 libxcb-xinerama.so.0:libxcb-xinerama0 libxcb-xkb.so.1:libxcb-xkb1
    libX11.so.6:libx11-6 libXrender.so.1:libxrender1 libXext.so.6:libxext6 libportaudio.so.2:libportaudio2"

missing=""
if command -v apt-get >/dev/null; then
    cache=$(/sbin/ldconfig -p 2>/dev/null || true)
    for pair in $libraries; do
        grep -q "${pair%%:*} " <<<"$cache" || missing+=" ${pair##*:}"
    done
    compgen -G '/usr/lib/*/dri/*_dri.so' >/dev/null || missing+=" libgl1-mesa-dri"
    python=$(find_python)
    if [ -z "$python" ] && [ -z "${PYTHON:-}" ]; then
        missing+=" python3 python3-venv"
        if apt-cache show python3.11 >/dev/null 2>&1; then missing+=" python3.11 python3.11-venv"; fi
    elif [ -n "$python" ] && ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        missing+=" python3-venv $(basename "$(readlink -f "$(command -v "$python")")")-venv"
    fi
fi

if [ -n "$missing" ]; then
    sudo=""
    [ "$(id -u)" = 0 ] || sudo="sudo -n"
    say "installing$missing"
    for _ in $(seq 24); do # other programs, updates in the background among them, lock the package lists
        if said=$({ $sudo apt-get update -qq && DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq \
                -o DPkg::Lock::Timeout=120 --no-install-recommends $missing; } 2>&1 >/dev/null); then
            missing=""
            break
        fi
        grep -q "get lock" <<<"$said" || break
        sleep 5
    done
    if [ -n "$missing" ]; then
        say "system packages are missing and can't be installed from here ($(grep -m 1 . <<<"$said"))."
        say "Please run: sudo apt-get update && sudo apt-get install -y$missing"
        exit 2
    fi
fi

python=$(find_python)
if [ -z "$python" ]; then
    say "no Python 3.11 to 3.13 found${PYTHON:+ (PYTHON is $PYTHON)}; install one, then run make again"
    exit 2
fi
[ -x "$venv/bin/python" ] || { say "making $venv with $($python --version)"; "$python" -m venv "$venv"; }

# Without an NVIDIA card PyTorch's own CPU index saves gigabytes of CUDA; where it can't be reached, plain pip serves.
index=()
cpu=https://download.pytorch.org/whl/cpu
if ! command -v nvidia-smi >/dev/null && "$venv/bin/python" - "$cpu/torch/" <<'PY' 2>/dev/null
import sys, urllib.request
urllib.request.urlopen(sys.argv[1], timeout=4)
PY
then index=(--extra-index-url "$cpu"); fi

say "installing Python packages (a few minutes the first time)"
if ! "$venv/bin/python" -m pip install -q --disable-pip-version-check "${index[@]}" "$@" >"$venv/pip.log" 2>&1; then
    tail -n 5 "$venv/pip.log" >&2
    say "pip could not install the packages (whole log: $venv/pip.log); is the network up?"
    exit 2
fi
touch "$stamp"
