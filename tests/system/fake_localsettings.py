#!/usr/bin/python3
"""com.victronenergy.settings as far as a battery driver needs it: AddSettings, values, instances unique per class.

usage: fake_localsettings.py FILE [--refuse-writes] [PATH=VALUE ...]   FILE keeps the values over a restart.
Prints `ready` and then one line for every AddSettings entry and every SetValue.
"""
import json
import pathlib
import sys

import dbus
import dbus.service
from dbus.mainloop.glib import DBusGMainLoop
from gi.repository import GLib

BUS_ITEM = "com.victronenergy.BusItem"
CLAIM = "/ClassAndVrmInstance"


def say(*words):
    print(*words, flush=True)


class Setting(dbus.service.Object):
    def __init__(self, store, path, value, default):
        super().__init__(store.bus, path)
        self.store, self.path, self.value, self.default = store, path, value, default

    def put(self, value):
        if value == self.value:
            return
        self.value = value
        self.store.save()
        self.PropertiesChanged({"Value": value, "Text": str(value)})

    @dbus.service.method(BUS_ITEM, out_signature="v")
    def GetValue(self):
        return self.value

    @dbus.service.method(BUS_ITEM, out_signature="v")
    def GetText(self):
        return str(self.value)

    @dbus.service.method(BUS_ITEM, out_signature="v")
    def GetDefault(self):
        return self.default

    @dbus.service.method(BUS_ITEM, in_signature="v", out_signature="i")
    def SetValue(self, value):
        say("SetValue", self.path, value)
        if self.store.refuse_writes:
            return -1
        if self.path.endswith(CLAIM):
            value = self.store.free_claim(self.path, str(value))
            if value is None:
                return -1
        self.put(str(value) if isinstance(self.value, str) else type(self.value)(value))
        return 0

    @dbus.service.signal(BUS_ITEM, signature="a{sv}")
    def PropertiesChanged(self, changes):
        pass


class Store(dbus.service.FallbackObject):
    """Answers on `/`, `/Settings` and every group below it; a setting's own object is the more specific one."""

    def __init__(self, bus, file, refuse_writes, preset):
        super().__init__(bus, "/")
        self.bus, self.file, self.refuse_writes = bus, file, refuse_writes
        values = json.loads(file.read_text()) if file.exists() else {}
        self.settings = {path: Setting(self, path, value, value) for path, value in {**values, **preset}.items()}
        self.save()

    def save(self):
        self.file.write_text(json.dumps({path: setting.value for path, setting in self.settings.items()}))

    def free_claim(self, path, wanted):
        """localsettings' rule: an instance is unique per class; who asks for a taken one gets the next that is free."""
        kind, colon, number = wanted.partition(":")
        if not colon or not number.isdigit():
            return None
        taken = {s.value for p, s in self.settings.items() if p.endswith(CLAIM) and p != path}
        number = int(number)
        while f"{kind}:{number}" in taken:
            number += 1
        return f"{kind}:{number}"

    def add(self, base, entry):
        path = entry.get("path")
        if path is None:
            return {"path": "", "error": -4}
        full = (base.rstrip("/") + "/" + str(path).lstrip("/"))
        answer = {"path": path, "error": dbus.Int32(0)}
        default = entry.get("default")
        if not full.startswith("/Settings/"):
            return {**answer, "error": dbus.Int32(-9)}
        if isinstance(default, (dbus.Boolean, dbus.UInt32, dbus.Byte)) or not isinstance(default, (str, int, float)):
            return {**answer, "error": dbus.Int32(-3)}
        say("AddSettings", full, default)
        if full not in self.settings:
            value = str(default) if isinstance(default, str) else default
            if full.endswith(CLAIM):
                value = self.free_claim(full, value)
                if value is None:
                    return {**answer, "error": dbus.Int32(-6)}
            self.settings[full] = Setting(self, full, value, value)
            self.save()
        return {**answer, "value": self.settings[full].value}

    @dbus.service.method("com.victronenergy.Settings", in_signature="aa{sv}", out_signature="aa{sv}", rel_path_keyword="rel")
    def AddSettings(self, entries, rel=None):
        return [self.add(str(rel), entry) for entry in entries]

    @dbus.service.method(BUS_ITEM, out_signature="a{sa{sv}}")
    def GetItems(self):
        return {path: {"Value": s.value, "Text": str(s.value), "Default": s.default} for path, s in self.settings.items()}


def main():
    DBusGMainLoop(set_as_default=True)
    bus = dbus.SessionBus()
    words = sys.argv[2:]
    preset = dict(word.split("=", 1) for word in words if "=" in word)
    store = Store(bus, pathlib.Path(sys.argv[1]), "--refuse-writes" in words, preset)
    name = dbus.service.BusName("com.victronenergy.settings", bus, do_not_queue=True)
    say("ready")
    GLib.MainLoop().run()
    del name, store


main()
