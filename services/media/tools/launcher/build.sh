#!/bin/sh
# Builds the launcher that fences media tools in: build.sh OUTPUT. Debian 12: gcc libc6-dev libseccomp-dev.
set -eu
sources=$(dirname "$0")
cc -std=c17 -O2 -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE -pie -Wl,-z,relro,-z,now \
    -Wall -Wextra -Werror -o "$1.new" "$sources"/*.c -lseccomp
mv -f "$1.new" "$1"
