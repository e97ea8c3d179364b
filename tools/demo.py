#!/usr/bin/env python3
"""Feeds one battery over MQTT and prints what stands on D-Bus, as Victron's programs read it (GetItems, then ItemsChanged).

A stand-in for a house: power follows a slow wave, the state of charge is its integral. demo.sh starts it."""
import argparse
import json
import math
import signal
import sys
import time

import dbus
import dbus.mainloop.glib
import paho.mqtt.client as mqtt
from gi.repository import GLib

SERVICE = "com.victronenergy.battery.virtual_battery_100"
SHOWN = ["/Dc/0/Power", "/Dc/0/Voltage", "/Dc/0/Current", "/Soc", "/Capacity", "/ConsumedAmphours", "/TimeToGo",
         "/System/MinCellVoltage", "/System/MaxCellVoltage", "/History/ChargedEnergy", "/History/DischargedEnergy", "/CustomName"]
MEMBER = ["Name", "State", "Power", "Voltage", "Soc", "Model", "DeviceState"]
INSTALLED_AH = 100.0
NOMINAL_V = 51.2


class Battery:
    """Charge is conserved: what flows in raises the state of charge, nothing else does."""

    def __init__(self, now):
        self.soc = 62.0
        self.last = now

    def message(self, now):
        power = 1800 * math.sin(now / 15)
        voltage = NOMINAL_V * (0.98 + 0.0006 * self.soc) + power / 4000
        self.soc += power / voltage * (now - self.last) / 3600 / INSTALLED_AH * 100
        self.soc = min(max(self.soc, 0.0), 100.0)
        self.last = now
        cell = voltage / 16
        return {"Dc": {"Power": round(power, 1), "Voltage": round(voltage, 2)}, "Soc": round(self.soc, 3),
                "InstalledCapacity": INSTALLED_AH, "Voltages": {f"Cell{n}": round(cell + 0.001 * (n % 4), 3) for n in range(1, 17)}}


def show(texts, out=sys.stdout):
    if out.isatty():
        out.write("\x1b[H\x1b[2J")
    out.write(f"{SERVICE}\n")
    for path in SHOWN:
        if path in texts:
            out.write(f"  {path:26} {texts[path]}\n")
    for index in range(3):
        told = [texts.get(f"/Members/{index}/{key}", "") for key in MEMBER]
        out.write("  " + "  ".join(f"{text:8}" for text in told) + "\n")
    out.flush()


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--port", type=int, required=True, help="of the broker on this machine")
    options.add_argument("--topic", default="demo/battery")
    options.add_argument("--seconds", type=float, default=0, help="end after this time; 0: at Ctrl-C")
    chosen = options.parse_args()

    dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
    bus = dbus.SessionBus()
    loop = GLib.MainLoop()
    texts = {}

    client = mqtt.Client()
    client.connect("127.0.0.1", chosen.port)
    client.loop_start()
    battery = Battery(time.time())

    def feed():
        client.publish(chosen.topic, json.dumps(battery.message(time.time())))
        return True

    def take(items):
        texts.update({str(path): str(item["Text"]) for path, item in items.items()})

    def appeared(owner):
        if owner:
            root = bus.get_object(SERVICE, "/", introspect=False)
            take(dbus.Interface(root, "com.victronenergy.BusItem").GetItems())

    def table():
        if texts:
            show(texts)
        return True

    bus.watch_name_owner(SERVICE, appeared)
    bus.add_signal_receiver(take, "ItemsChanged", "com.victronenergy.BusItem", SERVICE, "/")
    GLib.timeout_add(1000, feed)
    GLib.timeout_add(1000, table)
    for number in (signal.SIGINT, signal.SIGTERM):
        GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, number, loop.quit)
    if chosen.seconds:
        GLib.timeout_add(int(chosen.seconds * 1000), loop.quit)
    loop.run()
    client.loop_stop()
    return 0 if texts else 1


sys.exit(main())
