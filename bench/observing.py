"""What the bench needs to run a program, to send it messages and to see when the bus shows them."""
import json
import pathlib
import socket
import subprocess
import sys
import time

import dbus
import dbus.bus
import dbus.lowlevel
import paho.mqtt.client as mqtt
from dbus.mainloop.glib import DBusGMainLoop
from gi.repository import GLib

REPO = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPO / "tests" / "system"))
from harness import pump, wait_until  # noqa: E402

TOPIC = "bench/battery"
SAMPLE = json.loads((REPO / "tests/captures/mqtt-battery/readme-full-comments-removed.json").read_text())["reply"]


def message(number):
    """The full message of dbus-mqtt-battery's README; power names the message, other values move as a battery's do."""
    payload = {**SAMPLE, "Dc": dict(SAMPLE["Dc"]), "Voltages": dict(SAMPLE["Voltages"])}
    payload["Dc"].update(Power=number / 4, Voltage=52 + number % 50 / 100, Current=number % 100 / 10)
    payload["Soc"] = 20 + number // 100 % 60
    payload["Voltages"].update({f"Cell{1 + (number + i) % 24}": 3.2 + (number + i) % 40 / 1000 for i in range(4)})
    return json.dumps(payload)


def cpu_seconds(pid):
    """CPU time of a whole foreign process with nanoseconds: the clock behind clock_getcpuclockid(3)."""
    return time.clock_gettime(~pid << 3 | 2)


def memory_kb(pid):
    """RSS, PSS and the anonymous part, which no other process shares, from smaps_rollup."""
    found = {}
    for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
        key, value = line.split(":")
        found[key] = int(value.split()[0])
    return {"rss": found["Rss"], "pss": found["Pss"], "anonymous": found["Anonymous"]}


class Program:
    def __init__(self, label, name, argv, bus, folder):
        self.label, self.name, self.argv, self.folder = label, name, argv, folder
        self.environment = {**bus.environment(), "VRM_IFACE": "lo"}  # the peer asks for the address of a network card
        self.child = None

    def start(self):
        with open(self.folder / f"{self.label}.log", "ab") as log:
            self.child = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment)

    def stop(self):
        if self.child:
            self.child.terminate()
            try:
                self.child.wait(5)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
            self.child = None


class Observer:
    """Publishes and watches from one thread: a second one would have to wait for Python's lock and spoil the times."""

    def __init__(self, bus, broker):
        self.connection = dbus.bus.BusConnection(bus.address, mainloop=DBusGMainLoop())
        self.connection.add_match_string("type='signal',interface='com.victronenergy.BusItem'")
        self.connection.add_match_string("type='signal',member='NameOwnerChanged'")
        self.connection.add_message_filter(self._seen)
        self.publisher = mqtt.Client("bench-publisher")
        self.publisher.connect("127.0.0.1", broker.port, keepalive=36000)
        while not self.publisher.is_connected():
            self.publisher.loop(0.1)
        # Else a message waits for the acknowledgement of the one before it, and the bench measures that.
        self.publisher.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.arrived, self.sent, self.seen = [], {}, {}

    def _seen(self, _, signal):
        self.arrived.append((time.perf_counter(), signal))  # decoded later, so that the clock is read first
        return dbus.lowlevel.HANDLER_RESULT_NOT_YET_HANDLED

    def publish(self, number, retain=False):
        payload = message(number)
        self.sent[number] = time.perf_counter()
        self.publisher.publish(TOPIC, payload, qos=0, retain=retain)

    def decode(self):
        """Notes when the power of each message was first signalled; PropertiesChanged and ItemsChanged alike."""
        for moment, signal in self.arrived:
            member, body = signal.get_member(), signal.get_args_list()
            power = None
            if member == "ItemsChanged":
                power = body[0].get("/Dc/0/Power", {}).get("Value")
            elif member == "PropertiesChanged" and signal.get_path() == "/Dc/0/Power":
                power = body[0].get("Value")
            if isinstance(power, float):
                self.seen.setdefault(round(power * 4), moment)
        self.arrived.clear()

    def has_shown(self, number):
        self.decode()
        return number in self.seen

    def send(self, first, count, per_second):
        """`count` messages from the loop that also sees the answers; waits a little for the last.

        The pace is even but for a spread below half a period: a program that looks once a second must not always be met
        at the same point of its second.
        """
        loop, start = GLib.MainLoop(), time.perf_counter()

        def due(index):
            if index == count:
                loop.quit()
                return False
            self.publish(first + index)
            moment = start + (index + 1 + (index + 1) * 0.618034 % 1 / 2) / per_second
            GLib.timeout_add(max(0, round((moment - time.perf_counter()) * 1000)), due, index + 1)
            return False
        due(0)
        loop.run()
        deadline = time.monotonic() + 2.5  # the peer signals once a second
        while not self.has_shown(first + count - 1) and time.monotonic() < deadline:
            pump()
            time.sleep(0.001)

    def delays_ms(self, first, count):
        """Of the values that were signalled at all, sorted."""
        return sorted((self.seen[n] - self.sent[n]) * 1000 for n in range(first, first + count) if n in self.seen)

    def start_time(self, program, number):
        """Seconds from the start of the process until its name is on the bus; the message is there, retained."""
        self.publish(number, retain=True)
        self.arrived.clear()
        begin = time.perf_counter()
        program.start()
        wait_until(lambda: self.connection.name_has_owner(program.name), 60, f"{program.name} on the bus; see {program.folder}")
        for moment, signal in self.arrived:
            if signal.get_member() == "NameOwnerChanged" and signal.get_args_list()[0] == program.name:
                return moment - begin
        return time.perf_counter() - begin
