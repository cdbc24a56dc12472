#!/usr/bin/env bash
# Servers that tests run, installed where apt can; the tests skip what is missing: the web servers of docs/hosting.md,
# and what docs/machines.md needs.
set -u
missing=""
for server in nginx caddy redis-server; do
  PATH="$PATH:/usr/sbin" command -v "$server" >/dev/null || missing="$missing $server"
done
[ -n "$missing" ] && command -v apt-get >/dev/null || exit 0
sudo=""
[ "$(id -u)" = 0 ] || sudo="sudo -n"
echo "Installing with apt, for the tests of docs/hosting.md and docs/machines.md:$missing"
$sudo apt-get update -qq
for package in ${missing/nginx/nginx-light}; do
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "$package" >/dev/null ||
    echo "$package cannot be installed here; its tests are left out."
done
exit 0
