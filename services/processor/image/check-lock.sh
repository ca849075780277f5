#!/bin/sh
# Says whether the mirrors still have every version of a lock file; changes nothing.
#   check-lock.sh LOCK
set -eu
lock=$1
name=${lock##*/}
pins=$(grep -v '^#' "$lock" || true)

fail() {
    printf 'image: %s\n' "$1" >&2
    exit 1
}

held() { # a pin: is it installed already?
    [ "$(dpkg-query --show --showformat '${Package}=${Version}' "${1%%=*}" 2>/dev/null)" = "$1" ]
}

offered() { # a pin: does a mirror have this very version?
    apt-cache madison "${1%%=*}" | grep -qF " ${1#*=} |"
}

wanted=$(sed -n 's/^# architecture: //p' "$lock")
here=$(dpkg --print-architecture)
[ "$here" = "$wanted" ] || fail "$name is for $wanted and this is $here, for which no image has ever been built or run"

# shellcheck disable=SC2086 # one word for each package
apt-get --quiet --quiet --simulate --no-install-recommends install $pins >/dev/null && exit
gone=
for pin in $pins; do
    offered "$pin" || held "$pin" || gone="$gone $pin"
done
[ -z "$gone" ] || fail "the mirror no longer has$gone, which $name names. Run 'make image-lock' to take the versions \
that it has, 'make test-image' to try them, and commit the lock files."
fail "apt-get cannot install what $name names together; its own words are above"
