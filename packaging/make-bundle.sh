#!/bin/sh
# make-bundle.sh [armhf|aarch64]: compiles for GX devices and packs what goes to /data/apps: the program, the closure of its
# libraries with the C library and its loader, the scripts, the licences. Result: build/dbus-virtual-battery-VERSION-ARCH.tar.gz
# Needs the packages of packaging/README.md, and root for the sysroot.
set -eu
cd "$(dirname -- "$0")/.."
ARCH=${1:-armhf}
case $ARCH in
    armhf) TRIPLE=arm-linux-gnueabihf DEBIAN=armhf LOADER=ld-linux-armhf.so.3 QEMU=qemu-arm-static ;;
    aarch64) TRIPLE=aarch64-linux-gnu DEBIAN=arm64 LOADER=ld-linux-aarch64.so.1 QEMU=qemu-aarch64-static ;;
    *) echo "make-bundle.sh: $ARCH is neither armhf nor aarch64" >&2; exit 1 ;;
esac
NAME=dbus-virtual-battery
SYSROOT=build/sysroot-$DEBIAN
ROOT=build/bundle-$ARCH/$NAME

packaging/make-sysroot.sh "$DEBIAN" "$SYSROOT"
cmake -S . -B "build/$ARCH" -G Ninja --toolchain "$PWD/toolchain-armhf.cmake" -DVENUS_ARCH="$ARCH" -DCMAKE_BUILD_TYPE=MinSizeRel \
    -DARMHF_SYSROOT="$PWD/$SYSROOT" -DAARCH64_SYSROOT="$PWD/$SYSROOT" >/dev/null
cmake --build "build/$ARCH" --target $NAME

rm -rf "build/bundle-$ARCH"
mkdir -p "$ROOT/$ARCH/bin" "$ROOT/$ARCH/lib" "$ROOT/licences"
cp -r install.sh uninstall.sh restart.sh check.sh config.sample.ini service LICENSE README.md CHANGELOG.md "$ROOT"
"$TRIPLE-strip" -o "$ROOT/$ARCH/bin/$NAME" "build/$ARCH/$NAME"

needed() { "$TRIPLE-objdump" -p "$1" | awk '$1 == "NEEDED" { print $2 }'; }
find_library() {
    for folder in lib/$TRIPLE usr/lib/$TRIPLE lib usr/lib; do
        [ ! -e "$SYSROOT/$folder/$1" ] || { echo "$SYSROOT/$folder/$1"; return; }
    done
    echo "make-bundle.sh: $1 is not in $SYSROOT" >&2
    exit 1
}
# With the explicit loader nothing of the device's own libraries is used, so all of them must be here.
wanted="$LOADER $(needed "build/$ARCH/$NAME")"
while [ -n "$wanted" ]; do
    next=
    for library in $wanted; do
        [ ! -e "$ROOT/$ARCH/lib/$library" ] || continue
        file=$(find_library "$library")
        case $library in
            ld-linux*) cp -L "$file" "$ROOT/$ARCH/lib/$library" ;; # a stripped loader may not start
            *) "$TRIPLE-strip" --strip-unneeded -o "$ROOT/$ARCH/lib/$library" "$(realpath "$file")" ;;
        esac
        chmod 755 "$ROOT/$ARCH/lib/$library"
        next="$next $(needed "$file")"
    done
    wanted=$(echo "$next" | xargs)
done

# The libraries' licences ask for their texts; we also owe the users their versions.
for copyright in "$SYSROOT"/usr/share/doc/lib*/copyright "$SYSROOT"/usr/share/doc/libc6/copyright; do
    package=$(basename "$(dirname "$copyright")")
    case $package in *-dev) continue ;; esac
    cp -L "$copyright" "$ROOT/licences/$package"
done

"$QEMU" "$ROOT/$ARCH/lib/$LOADER" --inhibit-cache --library-path "$ROOT/$ARCH/lib" "$ROOT/$ARCH/bin/$NAME" version
VERSION=$(sed -n 's/^project(.* VERSION \([0-9.]*\) .*/\1/p' CMakeLists.txt)
TARBALL=build/$NAME-$VERSION-$ARCH.tar.gz
tar -C "build/bundle-$ARCH" --owner=0 --group=0 --sort=name -czf "$TARBALL" $NAME
du -sh "$ROOT/$ARCH" "$TARBALL"
