#!/usr/bin/env bash
# The web servers whose recipes in docs/hosting.md are tested, installed where apt can; the tests skip what is missing.
set -u
missing=""
for server in nginx caddy; do
  PATH="$PATH:/usr/sbin" command -v "$server" >/dev/null || missing="$missing $server"
done
[ -n "$missing" ] && command -v apt-get >/dev/null || exit 0
sudo=""
[ "$(id -u)" = 0 ] || sudo="sudo -n"
echo "Installing with apt, for the tests of docs/hosting.md:$missing"
$sudo apt-get update -qq
for package in ${missing/nginx/nginx-light}; do
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "$package" >/dev/null ||
    echo "$package cannot be installed here; its tests are left out."
done
exit 0
