#!/usr/bin/env bash
# Write constraints.txt: one exact version of every package, direct and transitive, for Python 3.11 to 3.13 on every
# system, the newest that the ranges allow today. No hashes and no builds ("+cpu"), so that CPU and CUDA wheels of
# PyTorch both serve; no index and no path, so that it reads the same wherever it was made.
# usage: tools/lock.sh UV
set -euo pipefail
cd "$(dirname "$0")/.."
new=$(mktemp)
trap 'rm -f "$new"' EXIT
"$1" pip compile -q requirements.txt tests/requirements.txt tools/requirements.txt --universal --python-version 3.11 \
    --fork-strategy fewest --no-header --no-emit-index-url --no-emit-find-links >"$new"
sed -i -E 's/\+(cpu|cu[0-9]+)//' "$new"
if grep -nE '^-|://|^[^#]* @ ' "$new" >&2; then
    echo "palmistry lock: these lines hold on one machine only; constraints.txt is left as it was" >&2
    exit 2
fi
{ printf '# What was tested together. Written by `make lock`; change the ranges in the requirements files instead.\n'; cat "$new"; } \
    >constraints.txt
echo "constraints.txt: $(grep -c '==' constraints.txt) packages; now run make test"
