#!/usr/bin/env bash
# The viewer's tests and Atlas's own side by side: the former wait for a browser half of their time. What the former say
# is shown when both have ended. Usage: test.sh PYTHON
set -uo pipefail
cd "$(dirname "$0")/.."

said=$(mktemp)
npm --prefix frontend test >"$said" 2>&1 &
viewer=$!
trap 'kill "$viewer" 2>/dev/null; rm -f "$said"' EXIT

# Files that take long come first (atlas_tests/conftest.py), so that no worker is left with one at the end.
"$1" -m pytest -m "not slow" -n 2 --dist loadfile --no-loadscope-reorder
atlas_tests=$?
wait "$viewer"
viewer_tests=$?
cat "$said"
[ "$atlas_tests" = 0 ] || echo "Tests of Atlas failed: see above what pytest says." >&2
[ "$viewer_tests" = 0 ] || echo "Tests of the viewer failed: see above what vitest says." >&2
[ "$atlas_tests$viewer_tests" = 00 ]
