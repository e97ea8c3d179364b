"""The neighbours of the daemon: a private dbus-daemon, a mosquitto whose log tells who subscribed, a localsettings."""
import collections
import os
import pathlib
import re
import signal
import sys

import paho.mqtt.client as mqtt

from harness import Process, accepts, accepts_unix, free_port, wait_until

# Victron's bus lets every program own every name; so does this one.
BUS_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={socket}</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""


class Bus:
    config = BUS_CONFIG

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.socket = self.folder / "bus"
        self.address = f"unix:path={self.socket}"
        self.process = None

    def start(self):
        config = self.folder / "bus.conf"
        config.write_text(self.config.format(socket=self.socket))
        self.process = Process("dbus-daemon", ["dbus-daemon", f"--config-file={config}", "--nofork", "--nopidfile"], self.folder)
        wait_until(lambda: accepts_unix(self.socket), 5, "dbus-daemon listens")
        return self

    def environment(self):
        return {**os.environ, "DBUS_SESSION_BUS_ADDRESS": self.address, "DBUS_SYSTEM_BUS_ADDRESS": self.address}

    def kill(self):
        self.process.kill()


Subscription = collections.namedtuple("Subscription", "client topic")


class Broker:
    """mosquitto on one port. `options` are lines of its configuration, `connection` goes to our own publisher."""

    def __init__(self, folder, name="mosquitto", options="allow_anonymous true", connection=None, host="127.0.0.1", log="all"):
        self.folder, self.name, self.options, self.host, self.log = pathlib.Path(folder), name, options, host, log
        self.connection = connection or (lambda client: None)
        self.port = free_port()
        self.process = None
        self._publisher = None

    def start(self):
        config = self.folder / f"{self.name}.conf"
        # user root: mosquitto drops to its own user otherwise and cannot read the test's files
        config.write_text(f"user root\nlistener {self.port} 127.0.0.1\nlog_dest stderr\nlog_type {self.log}\n"
                          f"connection_messages true\n{self.options}\n")
        self.process = Process(self.name, ["/usr/sbin/mosquitto", "-c", config], self.folder)
        wait_until(lambda: accepts(self.port), 5, f"{self.name} listens: {self.process.log()}")
        return self

    def kill(self):
        self.drop_publisher()
        self.process.kill()

    def stop(self, gently=False):
        """Gently it saves its retained messages, where it was told to keep them."""
        self.drop_publisher()
        if self.process and self.process.alive():
            self.process.signal(signal.SIGTERM if gently else signal.SIGKILL)
            self.process.child.wait(5)

    def drop_publisher(self):
        if self._publisher:
            self._publisher.disconnect()  # wakes its thread; loop_stop alone waits a second
            self._publisher.loop_stop()
            self._publisher = None

    @property
    def publisher(self):
        if self._publisher is None:
            client = mqtt.Client("test-publisher")
            self.connection(client)
            client.connect(self.host, self.port)
            client.loop_start()
            self._publisher = client
        return self._publisher

    def publish(self, topic, payload, retain=False):
        """Returns when the broker has it."""
        sent = self.publisher.publish(topic, payload, qos=1, retain=retain)
        sent.wait_for_publish(5)
        assert sent.is_published(), f"{self.name} did not take the message: {self.process.log()[-2000:]}"

    def publish_all(self, messages):
        """(topic, payload) pairs as fast as the wire takes them, in order; returns when the broker has the last."""
        for topic, payload in messages[:-1]:
            self.publisher.publish(topic, payload, qos=0)
        self.publish(*messages[-1])

    def subscriptions(self):
        """Every subscription granted so far, oldest first: the broker's own word that a client now listens."""
        granted, asked, client = [], collections.defaultdict(list), None
        for line in self.process.log().splitlines():
            if match := re.search(r"Received SUBSCRIBE from (\S+)", line):
                client = match[1]
            elif client and (match := re.match(r"\d+: \t(.*) \(QoS \d\)$", line)):
                asked[client].append(match[1])
            elif match := re.search(r"Sending SUBACK to (\S+)", line):
                granted += [Subscription(match[1], topic) for topic in asked.pop(match[1], [])]
        return granted

    def find_subscribed(self, topic, instance=100):
        return [s for s in self.subscriptions() if s.topic == topic and re.search(rf"_vb_{instance}(?!\d)", s.client)]

    def count_subscribed(self, topic, instance=100):
        return len(self.find_subscribed(topic, instance))

    def wait_subscribed(self, topic, instance=100, times=1, seconds=15):
        wait_until(lambda: self.count_subscribed(topic, instance) >= times, seconds,
                   f"a client ..._vb_{instance} subscribes to {topic} ({times}x): {self.process.log()}")
        return self.find_subscribed(topic, instance)

    def delivered(self, topic, instance=100):
        """How many messages of `topic` the broker has sent to the daemon."""
        return len(re.findall(rf"Sending PUBLISH to \S+_vb_{instance}\D*? \(.*'{re.escape(topic)}'", self.process.log()))


class Settings:
    """The fake localsettings in a process of its own, so that it can come late, hang and be killed."""

    def __init__(self, bus, folder, **stored):
        self.bus, self.folder = bus, pathlib.Path(folder)
        self.file = self.folder / "settings.json"
        self.process = None
        self.stored = {f"/Settings/Devices/{path}": value for path, value in stored.items()}
        self.starts = 0

    def start(self, *options):
        self.starts += 1
        words = [f"{path}={value}" for path, value in self.stored.items()] if self.starts == 1 else []
        self.process = Process(f"localsettings-{self.starts}",
                               [sys.executable, pathlib.Path(__file__).with_name("fake_localsettings.py"), self.file,
                                *options, *words], self.folder, self.bus.environment())
        self.process.wait_log("ready")
        return self

    def kill(self):
        self.process.kill()

    def calls(self):
        """What was asked of it: lines like `AddSettings /Settings/Devices/... battery:100`."""
        return [line for line in self.process.log().splitlines() if line != "ready"]
