#!/bin/sh
# install-packages.sh GROUP...   Installs what is missing of these groups of Debian 12 packages; quick when nothing is.
set -eu

packages_of() {
    case $1 in
        build) echo g++ cmake ninja-build pkg-config libsdbus-c++-dev libsystemd-dev libmosquitto-dev libmodbus-dev nlohmann-json3-dev \
                    libinih-dev libspdlog-dev libcli11-dev ;;
        demo)  echo dbus mosquitto python3 python3-dbus python3-gi python3-paho-mqtt ;;
        test)  echo doctest-dev clang-format python3-pytest python3-pytest-xdist python3-pymodbus python3-serial-asyncio mosquitto-clients openssl daemontools \
                    busybox shellcheck procps util-linux ;;
        all)   echo clang-16 clang-tidy-16 libclang-rt-16-dev g++-arm-linux-gnueabihf qemu-user-static mmdebstrap ;;
        *)     echo "install-packages.sh: unknown group $1" >&2; exit 1 ;;
    esac
}

missing=
for group in "$@"; do
    for package in $(packages_of "$group"); do
        state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
        [ "$state" = installed ] || missing="$missing $package"
    done
done
[ -n "$missing" ] || exit 0

as_root=
[ "$(id -u)" = 0 ] || as_root=sudo
echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 # words are wanted
$as_root apt-get update -qq && $as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
