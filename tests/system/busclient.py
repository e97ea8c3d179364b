"""A dbus-python client of com.victronenergy.BusItem, as Victron's programs are: with and without interface, signals kept."""
import collections

import dbus
import dbus.bus
import dbus.exceptions
from dbus.mainloop.glib import DBusGMainLoop

from harness import pump, wait_until

BUS_ITEM = "com.victronenergy.BusItem"
PREFIX = "com.victronenergy.battery.virtual_battery_"
SETTINGS = "com.victronenergy.settings"

# `signature` is what really travelled: dbus-python alone would hide an `a{sv}` behind a dict.
Signal = collections.namedtuple("Signal", "sender path member signature body")
OwnerChange = collections.namedtuple("OwnerChange", "name old new")


def invalid(value):
    """Victron's 'no value': an empty array of int32 and nothing else."""
    return isinstance(value, dbus.Array) and len(value) == 0 and value.signature == "i"


def plain(value):
    """dbus-python's types as Python's own; invalid becomes None."""
    if isinstance(value, dbus.Array) and len(value) == 0:
        assert invalid(value), f"an empty array of type {value.signature!r} where only 'i' means invalid"
        return None
    for kind, native in ((dbus.Boolean, bool), (float, float), (int, int), (str, str)):
        if isinstance(value, kind):
            return native(value)
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    return [plain(item) for item in value]


class BusClient:
    def __init__(self, address):
        self.connection = dbus.bus.BusConnection(address, mainloop=DBusGMainLoop())
        self.connection.set_exit_on_disconnect(False)
        self.signals, self.owner_changes = [], []
        self.connection.add_signal_receiver(self._item_signal, None, BUS_ITEM, message_keyword="message")
        self.connection.add_signal_receiver(self._owner_changed, "NameOwnerChanged", dbus.BUS_DAEMON_IFACE, dbus.BUS_DAEMON_NAME)

    def close(self):
        self.connection.close()

    def _item_signal(self, *body, message):
        self.signals.append(Signal(message.get_sender(), message.get_path(), message.get_member(), message.get_signature(), body))

    def _owner_changed(self, name, old, new):
        if not name.startswith(":"):
            self.owner_changes.append(OwnerChange(str(name), str(old), str(new)))

    def owner(self, name):
        return str(self.connection.get_name_owner(name)) if self.connection.name_has_owner(name) else None

    def call(self, service, path, member, *arguments, interface=BUS_ITEM, signature="", timeout=5):
        return self.connection.call_blocking(service, path, interface, member, signature, arguments, timeout=timeout)

    def setting(self, path):
        return plain(self.call(SETTINGS, path, "GetValue"))

    def set_setting(self, path, value):
        return int(self.call(SETTINGS, path, "SetValue", value, signature="v"))


class Battery:
    """One battery service as a client sees it."""

    def __init__(self, client, instance=100):
        self.client, self.name = client, f"{PREFIX}{instance}"

    def owner(self):
        return self.client.owner(self.name)

    def on_bus(self):
        return self.client.connection.name_has_owner(self.name)

    def wait_on_bus(self, seconds=10):
        wait_until(self.on_bus, seconds, f"{self.name} on the bus")
        return self

    def wait_gone(self, seconds):
        wait_until(lambda: not self.on_bus(), seconds, f"{self.name} leaves the bus")

    def call(self, path, member, *arguments, **options):
        return self.client.call(self.name, path, member, *arguments, **options)

    def raw(self, path):
        return self.call(path, "GetValue")

    def value(self, path):
        return plain(self.raw(path))

    def text(self, path):
        return str(self.call(path, "GetText"))

    def set(self, path, value):
        return int(self.call(path, "SetValue", value, signature="v"))

    def items(self):
        """GetItems: path -> (value as it came, text)."""
        return {str(path): (item["Value"], str(item["Text"])) for path, item in self.call("/", "GetItems").items()}

    def values(self):
        return {path: plain(value) for path, (value, text) in self.items().items()}

    def has(self, path):
        return path in self.items()

    def wait_value(self, path, expected, seconds=5):
        """Waits for one value, exactly or by a predicate, and returns it."""
        wanted = expected if callable(expected) else lambda value: value == expected
        last = []

        def reached():
            last[:] = [self.values().get(path, "no such path")]
            return wanted(last[0])
        try:
            wait_until(reached, seconds, "")
        except AssertionError:
            raise AssertionError(f"{path} is {last[0]!r}, expected {expected!r}") from None
        return last[0]

    def wait_instance(self, number, seconds=5):
        """The name may be on its way to a new instance: not to be there for a moment is no failure."""
        def reached():
            try:
                return self.value("/DeviceInstance") == number
            except dbus.exceptions.DBusException:
                return False
        wait_until(reached, seconds, f"/DeviceInstance becomes {number}")

    def signals(self):
        """ItemsChanged of this battery since the client came (or clear_signals), as {path: (value, text)} each."""
        owner = self.owner()
        pump()
        return [{str(path): (item["Value"], str(item["Text"])) for path, item in signal.body[0].items()}
                for signal in self.client.signals if signal.sender == owner and signal.member == "ItemsChanged"]

    def clear_signals(self):
        pump()
        self.client.signals.clear()

    def wait_signalled(self, path, expected, seconds=5):
        """Waits until a signal carried this value; returns all signals so far."""
        def seen():
            return any(path in items and plain(items[path][0]) == expected for items in self.signals())
        wait_until(seen, seconds, f"ItemsChanged with {path} = {expected}")
        return self.signals()

    def owner_changes(self):
        pump()
        return [change for change in self.client.owner_changes if change.name == self.name]
