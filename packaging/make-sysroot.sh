#!/bin/sh
# make-sysroot.sh [ARCH [DIR]]: unpacks Debian 12's libraries for ARCH (armhf, arm64) into DIR, to compile against and to
# bundle. Nothing in DIR is run and the packages of this machine are not touched. Does nothing when DIR is up to date.
# EXTRA=package,package adds packages. MIRROR=URL takes another mirror than the one this machine uses.
set -eu
ARCH=${1:-armhf}
DIR=${2:-$(dirname -- "$0")/../build/sysroot-$ARCH}
PACKAGES=libc6-dev,libstdc++-12-dev,libsdbus-c++-dev,libsystemd-dev,libmosquitto-dev,libmodbus-dev,libinih-dev
PACKAGES=$PACKAGES,nlohmann-json3-dev,doctest-dev,libssl-dev,libspdlog-dev,libfmt-dev,libcli11-dev${EXTRA:+,$EXTRA}
MADE_FROM="bookworm $ARCH $PACKAGES"
STAMP=.made-from

die() {
    echo "make-sysroot.sh: $*" >&2
    exit 1
}

if [ "$(cat "$DIR/$STAMP" 2>/dev/null)" = "$MADE_FROM" ]; then
    echo "$DIR is up to date"
    exit 0
fi
[ ! -e "$DIR" ] || [ -e "$DIR/$STAMP" ] || die "$DIR exists and was not made by this script: remove it or name another one"
command -v mmdebstrap >/dev/null || die "mmdebstrap is missing: apt-get install mmdebstrap"
MIRROR=${MIRROR:-$(apt-get indextargets --format "\$(REPO_URI) \$(RELEASE)" 'Created-By: Packages' |
    awk '$2 == "bookworm" { print $1; exit }')}
[ -n "$MIRROR" ] || die "this machine's apt knows no mirror of Debian 12 (bookworm): name one with MIRROR=URL"

# Made beside and moved in one go: an interrupted run leaves no half of a sysroot.
mkdir -p "$(dirname -- "$DIR")"
NEW=$DIR.new
rm -rf "$NEW"
# Only "main": the index of the security archive often lags behind for foreign architectures.
mmdebstrap --quiet --variant=extract --architectures="$ARCH" --include="$PACKAGES" --skip=check/qemu \
    --aptopt='APT::Install-Recommends "false"' bookworm "$NEW" "deb $MIRROR bookworm main"

# Development links point to /lib/...: they must stay inside of the sysroot.
find "$NEW/usr/lib" "$NEW/lib" -type l -lname '/*' | while read -r link; do
    ln -sfn "$(realpath -m --relative-to="$(dirname "$link")" "$NEW$(readlink "$link")")" "$link"
done
# Of the documentation only the licences are needed: they go with the libraries that we pass on.
find "$NEW/usr/share/doc" -type f ! -name copyright -delete
rm -rf "$NEW/usr/share/man" "$NEW/usr/share/locale"
# With these qemu -L would take the sysroot's files for /etc/hosts and the like; etc also holds this machine's name.
for folder in etc var tmp dev; do rm -rf "${NEW:?}/$folder"; done
echo "$MADE_FROM" > "$NEW/$STAMP"
rm -rf "$DIR"
mv "$NEW" "$DIR"
du -sh "$DIR"
