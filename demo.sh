#!/bin/bash
# demo.sh [SECONDS]   builds the daemon, starts a private D-Bus and MQTT broker, a simulated house with two Marstek batteries
# on Modbus (one of each register family), a battery that speaks MQTT, and the daemon; shows a live table of what stands on
# D-Bus. Ctrl-C (or the time) ends everything. Needs Debian 12 and nothing else.
set -eu
cd "$(dirname "$0")"

tools/install-packages.sh build demo
echo "building ..."
mkdir -p build
{ cmake --preset release && cmake --build --preset release; } >build/release.log 2>&1 || { tail -n 40 build/release.log; exit 1; }

# A bus of our own, that ends with this script.
[ "${VBAT_DEMO_ON_BUS:-}" = yes ] || VBAT_DEMO_ON_BUS=yes exec dbus-run-session -- ./demo.sh "$@"

work=$(mktemp -d)
trap 'trap "" INT; kill $(jobs -p) 2>/dev/null; wait; rm -rf "$work"' EXIT
trap : INT # the table ends at Ctrl-C, and then the rest

port=$(/usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
printf 'listener %s 127.0.0.1\nallow_anonymous true\n' "$port" >"$work/mosquitto.conf"
mosquitto -c "$work/mosquitto.conf" >"$work/mosquitto.log" 2>&1 &

# The batteries follow the house by themselves (ct=1), as with the vendor's own meter; the physics run ten times as fast.
build/release/simulator --battery name=garage,model=e3,soc=62,ct=1 --battery name=attic,model=v12-e,unit=2,soc=48,ct=1 \
    --load profile:day --pv profile:clouds --start-hour 11 --speed 10 >"$work/house.json" &
house=$!
until [ -s "$work/house.json" ]; do kill -0 $house; sleep 0.1; done
port_of() { /usr/bin/python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["ports"][sys.argv[2]])' "$work/house.json" "$1"; }

# In a system of its own an AC-coupled battery must not act as the BMS of somebody's DC system.
cat >"$work/config.ini" <<EOF
[DEFAULT]
logging = INFO
device_name = Demo battery
device_instance = 100
publish_members = yes
[MQTT]
broker_address = 127.0.0.1
broker_port = $port
topic = demo/battery
coupling = ac
[battery garage]
type = marstek-modbus
address = 127.0.0.1:$(port_of garage)
[battery attic]
type = marstek-modbus
address = 127.0.0.1:$(port_of attic)
unit_id = 2
EOF
build/release/dbus-virtual-battery run --config "$work/config.ini" --state-dir "$work/state" &
echo "D-Bus: $DBUS_SESSION_BUS_ADDRESS   MQTT: 127.0.0.1:$port, topic demo/battery   Modbus: 127.0.0.1:$(port_of garage) and :$(port_of attic) unit 2"
/usr/bin/python3 tools/demo.py --port "$port" --seconds "${1:-0}"
