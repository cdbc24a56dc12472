#!/usr/bin/env bash
# The viewer's tests, then Atlas's own: one after the other, because taps and drags that a busy machine makes slow are
# others. Usage: test.sh PYTHON
set -uo pipefail
cd "$(dirname "$0")/.."

npm --prefix frontend test
viewer_tests=$?
# Files that take long come first (atlas_tests/conftest.py), so that no worker is left with one at the end.
"$1" -m pytest -m "not slow" -n 2 --dist loadfile --no-loadscope-reorder
atlas_tests=$?
[ "$atlas_tests" = 0 ] || echo "Tests of Atlas failed: see above what pytest says." >&2
[ "$viewer_tests" = 0 ] || echo "Tests of the viewer failed: see further above what vitest says." >&2
[ "$atlas_tests$viewer_tests" = 00 ]
