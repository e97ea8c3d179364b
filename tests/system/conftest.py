"""Fixtures of the system tests: every test has a bus, a broker and daemons of its own, and leaves nothing running."""
import json
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from busclient import Battery, BusClient  # noqa: E402
from configs import config_for  # noqa: E402
from harness import BINARY, Daemon  # noqa: E402
from marstek import MarstekServer  # noqa: E402
from payloads import MINIMAL  # noqa: E402
from servers import Broker, Bus, Settings  # noqa: E402


def pytest_configure(config):
    if not BINARY.exists():
        pytest.exit(f"{BINARY} is not there: build it first, or name its folder in VBAT_BUILD_DIR", returncode=2)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows what every process of it said."""
    report = (yield).get_result()
    world = item.funcargs.get("world") if hasattr(item, "funcargs") else None
    if report.failed and world is not None:
        for process in world.processes():
            report.sections.append((process.name, process.log()[-6000:]))


class World:
    """What one test runs in. Parts are started when they are first asked for."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.daemons, self.brokers, self.marsteks, self._settings = [], [], [], None
        self.bus = Bus(folder).start()
        try:
            self.client = BusClient(self.bus.address)
        except Exception:
            self.bus.kill()
            raise

    @property
    def broker(self):
        return self.brokers[0] if self.brokers else self.add_broker().start()

    def add_broker(self, **options):
        self.brokers.append(Broker(self.folder, f"mosquitto-{len(self.brokers) + 1}", **options))
        return self.brokers[-1]

    def add_marstek(self, units, **options):
        """Batteries behind one Modbus address, started; `units` as MarstekServer takes them."""
        self.marsteks.append(MarstekServer(self.folder, f"marstek-{len(self.marsteks) + 1}", units, **options))
        return self.marsteks[-1].start()

    def settings(self, **stored):
        """A localsettings with these values below /Settings/Devices; not started yet."""
        self._settings = Settings(self.bus, self.folder, **stored)
        return self._settings

    def battery(self, instance=100):
        return Battery(self.client, instance)

    def reconnect(self):
        """Our own client after the bus has been killed and started again."""
        self.client = BusClient(self.bus.address)

    def start(self, config, expect_exit=0, stderr=None, without=()):
        """`without` names environment variables this daemon does not get."""
        name = f"daemon-{len(self.daemons) + 1}"
        environment = {key: value for key, value in self.bus.environment().items() if key not in without}
        self.daemons.append(Daemon(name, config, self.folder, environment, expect_exit, stderr))
        return self.daemons[-1]

    def start_listening(self, topic="battery", instance=100, **options):
        """A daemon with one battery in [MQTT]; returns when the broker has granted its subscription."""
        before = self.broker.count_subscribed(topic, instance)
        daemon = self.start(config_for(self.broker, topic=topic, instance=instance, **options))
        self.broker.wait_subscribed(topic, instance, times=before + 1)
        return daemon

    def publish(self, payload, topic="battery", retain=False):
        self.broker.publish(topic, payload if isinstance(payload, (str, bytes)) else json.dumps(payload), retain)

    def show(self, payload=None, topic="battery", instance=100, **options):
        """The common start: a daemon that listens, one message, the battery on the bus."""
        self.start_listening(topic, instance, **options)
        self.publish(MINIMAL if payload is None else payload, topic)
        return self.battery(instance).wait_on_bus()

    def processes(self):
        settings = [self._settings.process] if self._settings else []
        marsteks = [process for marstek in self.marsteks for process in marstek.processes]
        return [p for p in [*self.daemons, *settings, *(b.process for b in self.brokers), *marsteks] if p]

    def close(self):
        """Daemons first, so that none sees its bus or broker go; then how they ended is judged."""
        faults = []
        for daemon in self.daemons:
            try:
                daemon.stop()
            except AssertionError as fault:
                faults.append(str(fault))
                daemon.kill()
        self.client.close()
        for peer in [*self.brokers, *self.marsteks]:
            peer.stop()
        for process in [self._settings.process if self._settings else None, self.bus.process]:
            if process:
                process.kill()
        assert not faults, "\n".join(faults)


@pytest.fixture
def world(tmp_path_factory):
    # a socket path may have 107 characters; pytest's names from long test names do not fit
    running = World(tmp_path_factory.mktemp("w"))
    yield running
    running.close()
