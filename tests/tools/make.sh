#!/bin/sh
# Gets the tools of others that judge our output (requirements.txt names them) into a virtual environment:
#   tests/tools/make.sh [DIR]                                     [default: target/tools]
#   cargo test --test main judged_by_others -- --ignored          with GONGKAI_TOOLS=DIR, if it is another
set -eu
here=$(cd "$(dirname "$0")" && pwd)
dir=${1:-"$here/../../target/tools"}
if ! command -v python3 >/dev/null 2>&1; then
    echo "no Python: expected python3" >&2
    exit 1
fi
if ! python3 -m venv "$dir" >/dev/null 2>&1; then
    echo "Python without venv: install it (python3-venv)" >&2
    exit 1
fi
if ! "$dir/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/requirements.txt"; then
    echo "the package index did not give what $here/requirements.txt asks for" >&2
    exit 1
fi
