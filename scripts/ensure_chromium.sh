#!/usr/bin/env bash
# The browser that the end-to-end tests drive: Debian's or Ubuntu's Chromium, installed where it is missing.
set -eu
browser="${CHROMIUM:-$(command -v chromium || command -v chromium-browser || true)}"
[ -z "$browser" ] || exit 0
echo "Chromium is missing; installing it with apt."
sudo=""
[ "$(id -u)" = 0 ] || sudo="sudo"
if ! command -v apt-get >/dev/null; then
  echo "Chromium is needed for the browser tests; install it and set CHROMIUM=/path/to/chromium." >&2
  exit 1
fi
$sudo apt-get update -qq
DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null
