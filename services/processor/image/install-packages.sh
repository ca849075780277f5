#!/bin/sh
# Installs the Debian packages of a lock file, exactly those versions, then takes away what the image has no use for.
#   install-packages.sh LOCK [UNNEEDED]
# UNNEEDED is a list of packages to remove again, although others ask for them. Only for the build of an image.
set -eu
lock=$1
unneeded=${2:-/dev/null}

names() { grep -v '^#' "$1" || true; }

[ "$(dirname "$0")" = /build/image ] || { echo "image: this changes the machine that it runs on" >&2; exit 1; }
export DEBIAN_FRONTEND=noninteractive
apt-get --quiet --quiet update
sh /build/image/check-lock.sh "$lock"

# What Debian's slim image leaves out of its own packages stays out of the others as well; licences stay.
for path in doc groff info lintian linda locale man; do
    printf 'path-exclude=/usr/share/%s/*\n' "$path"
done >/etc/dpkg/dpkg.cfg.d/image
printf 'path-include=/usr/share/doc/*/copyright\n' >>/etc/dpkg/dpkg.cfg.d/image
# The layer is kept whole or not at all, so nothing need reach the disk before the end.
echo force-unsafe-io >>/etc/dpkg/dpkg.cfg.d/image

# shellcheck disable=SC2046 # one word for each package
apt-get --quiet --quiet --yes --no-install-recommends install $(names "$lock") >/dev/null
# shellcheck disable=SC2046
[ -z "$(names "$unneeded")" ] || dpkg --purge --force-depends $(names "$unneeded") >/dev/null 2>&1
ldconfig
rm -rf /var/lib/apt/lists/* /var/cache/* /var/log/* /usr/share/locale/*
