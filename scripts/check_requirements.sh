#!/usr/bin/env bash
# Says in one sentence what is missing before anything is installed. Usage: check_requirements.sh PYTHON
set -u
fail() { echo "$1" >&2; exit 1; }

python="$1"
[ -n "$python" ] || fail "Atlas needs Python 3.11, 3.12 or 3.13; install one (Debian, Ubuntu: apt install python3 python3-venv) and run make again."
"$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null ||
  fail "Atlas needs Python 3.11, 3.12 or 3.13, but $python is $("$python" --version 2>&1); name another with: make install PYTHON=/path/to/python3.11"
[ -x .venv/bin/python ] || "$python" -c 'import ensurepip, venv' 2>/dev/null ||
  fail "$python cannot make a virtual environment; install its venv module (Debian, Ubuntu: apt install python3-venv) and run make again."

command -v node >/dev/null && command -v npm >/dev/null ||
  fail "Atlas builds its viewer with Node.js 20.19 or newer and npm, which are not on the PATH; install them (https://nodejs.org) and run make again."
version=$(node --version)
IFS=. read -r major minor _ <<<"${version#v}"
[ "$major" -gt 20 ] || { [ "$major" -eq 20 ] && [ "$minor" -ge 19 ]; } ||
  fail "Atlas builds its viewer with Node.js 20.19 or newer, but node is $(node --version); upgrade it (https://nodejs.org) and run make again."

if [ ! -e .venv/.installed ]; then
  free_mib=$(df -Pm . | awk 'NR == 2 {print $4}')
  [ "$free_mib" -ge 2500 ] ||
    fail "Atlas needs about 2 GB, but only $((free_mib / 1000)) GB are free here; free some space and run make again."
fi
