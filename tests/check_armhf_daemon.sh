#!/bin/bash
# check_armhf_daemon.sh BUILD SYSROOT   the 32-bit ARM daemon under qemu on a private bus and broker: from a message to D-Bus.
set -eu
build=$1 sysroot=$2
# A bus of our own, that ends with this script.
[ "${VBAT_CHECK_ON_BUS:-}" = yes ] || VBAT_CHECK_ON_BUS=yes exec dbus-run-session -- "$0" "$@"

work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; wait; rm -rf "$work"' EXIT

port=$(/usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
mosquitto -p "$port" >"$work/mosquitto.log" 2>&1 &
printf '[MQTT]\nbroker_address = 127.0.0.1\nbroker_port = %s\ntopic = battery\n' "$port" >"$work/config.ini"

qemu-arm-static -L "$sysroot" "$build/dbus-virtual-battery" version
qemu-arm-static -L "$sysroot" "$build/dbus-virtual-battery" run --config "$work/config.ini" --state-dir "$work" 2>"$work/log" &
daemon=$!

power() {
    dbus-send --session --print-reply=literal --dest=com.victronenergy.battery.virtual_battery_100 /Dc/0/Power \
        com.victronenergy.BusItem.GetValue 2>/dev/null
}
deadline=$((SECONDS + 60))
until power | grep -q 'double 321.6'; do
    [ $SECONDS -lt $deadline ] || { echo "no battery on the bus:"; cat "$work/log"; exit 1; }
    mosquitto_pub -p "$port" -t battery -m '{"Dc":{"Power":321.6,"Voltage":52.7},"Soc":63}' 2>/dev/null || true
done
kill "$daemon"
wait "$daemon"
