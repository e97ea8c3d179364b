"""What goes wrong with Marstek batteries in the field, against the simulated house: nothing false is ever published, nobody else suffers,
it is over soon after it is over, and the device is treated as its manual wants it."""
import contextlib
import random
import socket
import threading
import time

import pytest

from configs import mixed_config
from harness import wait_until
from house import INSTANCE, Device, House, Record
from simulator import Simulator

PATIENCE = 3  # s, of a busy machine, beside the time that a thing may take
MAX_AGE = 15
POLL = {True: 2, False: 1}  # of the power, by whether it is a V3
SAMPLE = 3  # s: its poll, and what its neighbours on a line may cost it
MQTT_BATTERY = {"Dc": {"Power": 111, "Voltage": 50}, "Soc": 20, "InstalledCapacity": 100}


@pytest.fixture
def house(world):
    """Starts houses; daemons end before them."""
    made = []

    def start(*devices):
        made.append(House(world, devices))
        return made[-1]

    yield start
    try:
        for daemon in world.daemons:
            daemon.stop()
    finally:
        for each in made:
            if each.simulator.alive():
                each.simulator.stop()


def changes_of(house, name, key="State"):
    """The values it took, one after the other."""
    path = f"/Members/{house.indices[name]}/{key}"
    return [moment.changes[path] for moment in house.record.moments if path in moment.changes]


def assert_goes_on(house, name, begin, end):
    """Power carries noise: nearly every sample is a change."""
    assert None not in changes_of(house, name, "Power") and changes_of(house, name) == ["online"], f"{name} suffers"
    times = [begin, *house.record.times(f"/Members/{house.indices[name]}/Power", begin, end), end]
    longest = max(later - earlier for earlier, later in zip(times, times[1:]))
    assert longest <= 3.5 * SAMPLE, f"{name} said nothing for {longest:.1f} s"
    assert len(times) - 2 >= (end - begin) / SAMPLE / 2, f"{name} spoke {len(times) - 2} times in {end - begin:.0f} s"


def lines_about(house, name):
    """What the log says of a battery or of its connection."""
    address = f"127.0.0.1:{house.simulator.ports[house.devices[name].place]}"
    return [line for line in house.daemon.log().splitlines() if f"battery {name}:" in line or f"{address}:" in line]


def assert_few_lines(house, names, most=5):
    for name in names:
        assert len(lines_about(house, name)) <= most, "\n".join(lines_about(house, name))


# It is over before the battery counts as lost -------------------------------------------------------------------------

def test_stalls_and_broken_frames(house):
    """Values grow at most a little old: none of these batteries is lost, and not one value is another's or another register's."""
    there = house(Device("stall", "e3", 900, 41), Device("burst", "e3", -700, 62), Device("late", "e3", 1300, 35),
                  Device("number", "e3", -1900, 77), Device("pieces", "a", 450, 52), Device("half", "e3", -1100, 47),
                  Device("sum", "e", 1700, 57, framing="rtuovertcp"), Device("queue", "e", -1500, 67, gateway="bus"),
                  Device("well", "e", 2100, 22)).start()
    begin = time.monotonic()
    for name, fault, value in (("stall", "stall_every", 0), ("stall", "stall", 6), ("burst", "stall_every", 0), ("burst", "stall", 10),
                               ("late", "late_answers", 3), ("number", "wrong_transaction", 12), ("pieces", "split_frames", 100),
                               ("half", "short_frame", 12), ("sum", "crc_error", 6), ("queue", "off_by_one", 5), ("queue", "stall_every", 0),
                               ("queue", "stall", 4)):
        there.simulator.fault(name, fault, value)
    there.watch(24)
    cured = time.monotonic()
    for name, fault in (("late", "late_answers"), ("number", "wrong_transaction"), ("half", "short_frame"), ("sum", "crc_error"),
                        ("queue", "off_by_one")):
        there.simulator.clear(name, fault)
    there.wait(lambda: all(there.record.times(f"/Members/{index}/Power", cured + 1, cured + 60) for index in there.indices.values()),
               8 + 2 * POLL[True] + PATIENCE, "all of them speak again")
    for name in there.devices:
        assert changes_of(there, name) == ["online"], f"{name} was lost\n{there.daemon.log()}"
        assert None not in changes_of(there, name, "Power") + changes_of(there, name, "Soc"), name
    for name in ("pieces", "well"):
        assert_goes_on(there, name, begin, cured)
        assert not lines_about(there, name)
    assert_few_lines(there, there.devices)
    there.judge(may_overlap=("burst", "queue", "bus"))
    for name in ("stall", "late", "number", "pieces", "half", "sum", "well"):
        assert there.simulator.battery(name)["connections"] == 2, f"{name} was connected anew for nothing"


# A battery lost is a member lost ----------------------------------------------------------------------------------------

def test_silence_restarts_and_refusals(house):
    there = house(Device("silent", "e3", 900, 41), Device("deaf", "e", -700, 62, gateway="bus", unit=1),
                  Device("beside", "e", 1700, 57, gateway="bus", unit=2), Device("refused", "e3", -1900, 77),
                  Device("network", "e3", 1300, 35), Device("reboot", "e3", -1100, 47), Device("well", "e", 2100, 22)).start()
    begin = time.monotonic()
    outage = 18
    for name, fault, value in (("silent", "silence", outage), ("deaf", "wrong_unit", 1), ("refused", "refuse_connect", outage),
                               ("refused", "drop_connection", 1), ("network", "network_restart_every", 20), ("network", "network_restart", 10),
                               ("reboot", "reboot", outage)):
        there.simulator.fault(name, fault, value)
    for name in ("silent", "deaf", "refused", "reboot"):
        lost = there.wait_state(name, "stale", MAX_AGE + PATIENCE)
        assert lost - begin >= MAX_AGE - POLL[there.devices[name].is_v3] - PATIENCE, f"{name} was given up after {lost - begin:.1f} s"
    there.wait(lambda: time.monotonic() > begin + outage, 5, "the outages are over")
    there.simulator.clear("deaf", "wrong_unit")
    names = ("silent", "deaf", "refused", "network", "reboot")
    for name in names:
        there.wait_state(name, "online", 2 * 16 + PATIENCE)  # the longest wait between two attempts is no longer than the outage
    back = time.monotonic()
    there.simulator.clear("network", "network_restart")
    there.wait_state("network", "online", 2 * 16 + PATIENCE)  # it may have been in its second outage
    for name in names:
        assert len(there.daemon.lines(f"battery {name}:", "not heard of for 15 s")) <= 1
        assert len(there.daemon.lines(f"battery {name}:", "is back")) == len(there.daemon.lines(f"battery {name}:", "not heard of"))
    for name in ("beside", "well"):
        assert_goes_on(there, name, begin, back)
    assert_few_lines(there, there.devices, 7)
    there.wait(lambda: abs(there.member("reboot", "AcPower")) < 10, 5, "after its reboot it is idle")
    there.judge(may_overlap=("silent", "bus", "reboot"))
    for name in there.devices:
        assert None not in changes_of(there, name, "Soc"), f"{name}: remembered for 5 minutes"
    assert there.simulator.battery("refused")["refused"] <= 6
    assert there.simulator.battery("network")["refused"] <= 10


# Values -----------------------------------------------------------------------------------------------------------------

def test_values_that_cannot_be(house):
    """They are invalid, not old and not cut; a SoC that is not told, or falls to 0 for a while, is held."""
    there = house(Device("range", "e3", 900, 41), Device("range12", "e", -700, 62), Device("glitch", "e3", 1300, 35),
                  Device("well", "e", 2100, 22)).start()
    soc = there.member("glitch", "Soc")
    begin = time.monotonic()
    for name, fault, value in (("range", "out_of_range", 1), ("range12", "out_of_range", 1), ("glitch", "soc_glitch", 60)):
        there.simulator.fault(name, fault, value)
    for name, key in (("range", "Voltage"), ("range12", "Voltage")):
        there.wait(lambda name=name, key=key: there.member(name, key) is None, 10 + PATIENCE, f"{name} has no {key}")
        there.daemon.wait_log(f"battery {name}:", "which is not within")
    for name in ("range", "range12"):
        assert None not in changes_of(there, name, "Soc"), f"{name}: held for 5 minutes"
        there.simulator.clear(name, "out_of_range")
    for name in ("range", "range12"):
        there.wait(lambda name=name: None not in (there.member(name, "Soc"), there.member(name, "Voltage")), 10 + PATIENCE, f"{name} is right")
        assert len(there.daemon.lines(f"battery {name}:", "what was wrong is right again")) <= 1
    there.wait(lambda: there.member("glitch", "PossibleAlarms") == "possible: battery disconnected", 15 + 15 + PATIENCE, "the BMS is gone")
    assert there.member("glitch", "Soc") == pytest.approx(soc, abs=0.5)
    there.simulator.clear("glitch", "soc_glitch")
    for name in there.devices:
        assert changes_of(there, name) == ["online"]
        assert None not in changes_of(there, name, "Power")
    assert_goes_on(there, "well", begin, time.monotonic())
    assert_few_lines(there, there.devices, 6)
    there.usual_alarms["glitch"].add("36100=0x0010 36103=0x092C")
    there.judge()


def test_the_wrong_family_configured(house):
    """What says its name is not asked by another's table; what does not say it is not believed."""
    there = house(Device("new", "e3", 900, 41, keys={"family": "v12"}), Device("old", "e", -700, 62, keys={"family": "v3", "model": "e3"}),
                  Device("panels", "d", 1300, 35, keys={"model": "a", "family": "v3"}), Device("number", "e", -1100, 47, keys={"unit_id": 9}),
                  Device("well", "e", 2100, 22))
    there.start(known=("well",))
    for name in ("new", "old", "panels"):
        there.daemon.log_start = 0
        assert there.daemon.wait_log(f"battery {name}:", "family = ")
    there.watch(12)
    for name in ("new", "old", "panels", "number"):
        assert there.member(name, "State") == "waiting"
        assert all(there.member(name, key) is None for key in ("Power", "AcPower", "Voltage", "Soc", "Current"))
    assert_few_lines(there, there.devices)
    there.judge()


def test_exceptions_of_the_wrong_length(house):
    """A battery that gives no known name and is configured as what it is not: all it refuses costs an answer, not a connection."""
    wrong = {"family": "v12", "model": "e"}
    there = house(Device("patient", "c", 900, 41, keys=wrong), Device("touchy", "c", -1900, 77, keys=wrong))
    there.simulator.fault("touchy", "close_on_unknown")
    daemon = there.world.start(there.config())
    for name in ("patient", "touchy"):
        daemon.wait_log(f"battery {name}:", "exception 2", seconds=15)
    there.wait(lambda: there.simulator.battery("touchy")["connections"] >= 4, 25, "its refusals become known")
    assert not daemon.lines("timed out") and not daemon.lines("garbled")
    patient, touchy = (there.simulator.battery(name) for name in ("patient", "touchy"))
    assert patient["connections"] == 2 and patient["overlapping"] == 0
    assert touchy["min_connect_ms"] >= 999 and touchy["refused"] == 0
    assert len(daemon.lines("battery patient:")) <= 4 and len(daemon.lines("battery touchy:")) <= 12


# One does not hold up the others ----------------------------------------------------------------------------------------

class BlackHole:
    """A port where connections are neither made nor refused: its queue is full, and nobody takes from it."""

    def __enter__(self):
        self.sockets = [socket.socket()]
        self.sockets[0].bind(("127.0.0.1", 0))
        self.sockets[0].listen(0)
        self.address = "127.0.0.1:%d" % self.sockets[0].getsockname()[1]
        for _ in range(4):
            self.sockets.append(socket.socket())
            self.sockets[-1].setblocking(False)
            self.sockets[-1].connect_ex(self.sockets[0].getsockname())
        return self

    def __exit__(self, *_):
        for each in self.sockets:
            each.close()


def marstek(address, **keys):
    return {"type": "marstek-modbus", "address": address, **keys}


def test_the_end_does_not_wait_for_a_stall(house):
    there = house(Device("stall", "e3", 900, 41), Device("silent", "e3", -1900, 77), Device("bus", "e", -700, 62, framing="rtuovertcp"))
    with BlackHole() as hole:
        there.start(there.config(hole=marstek(hole.address)), known=there.devices)
        for name, fault in (("stall", "stall"), ("silent", "silence"), ("bus", "stall")):
            there.simulator.fault(name, fault, 30)
        there.watch(2.5)  # longer than the period of the power: each waits for an answer now
        begin = time.monotonic()
        there.daemon.stop(seconds=3)
        assert time.monotonic() - begin < 3
    assert not there.bank.on_bus()


def test_an_absent_unit_costs_its_neighbours_little(house):
    there = house(Device("one", "e", 900, 41, gateway="bus", unit=1), Device("two", "e", -700, 62, gateway="bus", unit=2),
                  Device("three", "e", 1700, 57, gateway="bus", unit=3))
    absent = marstek(f"127.0.0.1:{there.simulator.ports['bus']}", unit_id=9)
    there.start(there.config(absent=absent))
    begin = time.monotonic()
    there.watch(15)
    for name in there.devices:
        assert_goes_on(there, name, begin, time.monotonic())
    assert there.bank.value("/Members/3/State") == "waiting"
    there.judge()
    assert there.simulator.battery("one")["connections"] == 2


def test_a_dead_house_and_a_black_hole(world, house):
    """kill -9 and a connection that hangs: neither the other batteries nor the one on MQTT wait for them."""
    there = house(Device("lan", "e3", 900, 41), Device("bus", "e", -700, 62))
    told = [0.0, 0]

    def tell():
        if time.monotonic() > told[0] + 0.5:
            told[:] = [time.monotonic(), told[1] + 1]
            world.publish({**MQTT_BATTERY, "Dc": {"Power": 100 + told[1], "Voltage": 50}}, "mqtt")
        return True

    with BlackHole() as hole:
        config = there.config(mqtt="mqtt", hole=marstek(hole.address))
        before = world.broker.count_subscribed("mqtt", INSTANCE)
        there.start(config)
        world.broker.wait_subscribed("mqtt", INSTANCE, times=before + 1)
        there.simulator.kill()
        killed = time.monotonic()  # the black hole holds up its own connection for 8 s of what follows
        for name in there.devices:
            there.wait(lambda name=name: tell() and there.member(name, "State") == "stale", MAX_AGE + PATIENCE, f"{name} is stale")
        end = time.monotonic()
        assert end - killed >= MAX_AGE - POLL[True] - PATIENCE
        mqtt = there.record.times("/Members/2/Power", killed, end)
        assert len(mqtt) >= (end - killed) / 0.5 * 0.8, f"{len(mqtt)} of {told[1]} messages were seen"
        assert max(later - earlier for earlier, later in zip(mqtt, mqtt[1:])) < PATIENCE
        there.judge()
        there.revive()
        there.wait(lambda: tell() and all(there.member(name, "State") == "online" for name in there.devices), 2 * 16 + PATIENCE, "both are back")
        for name in there.devices:
            assert there.simulator.battery(name)["connections"] == 1
            assert len(there.daemon.lines(f"battery {name}:", "is back")) == 1
        assert_few_lines(there, there.devices)
        assert len(there.daemon.lines(hole.address)) <= 2


# Another one at the same address ----------------------------------------------------------------------------------------

def test_a_device_that_was_replaced(world):
    """First another model, then another battery of the same model: known anew by its own number, and nothing of the old one stays."""
    simulator = Simulator(world.folder, "name=first,model=d,soc=35,port=0")
    port = simulator.ports["first"]
    daemon = world.start(mixed_config({"garage": marstek(f"127.0.0.1:{port}")}))
    battery = world.battery(INSTANCE).wait_on_bus()
    wait_until(lambda: battery.values().get("/Device/Pack1/Soc") is not None and battery.value("/Device/Serial") == "020000000001", 15,
               "the first is known")
    record = Record(world.client, battery)
    for number, (model, soc) in enumerate([("e3", 62), ("e3", 81)], start=2):
        simulator.kill()
        others = [f"name=other{i},model=e,soc=50" for i in range(1, number)]  # so that its number, which becomes its MAC, is another
        simulator = Simulator(world.folder, *others, f"name=next,model={model},soc={soc},port={port}")
        wait_until(lambda soc=soc: battery.value("/Soc") == soc and battery.value("/Dc/0/Voltage") is not None, 8 + 10 + PATIENCE, f"SoC {soc}")
        battery.wait_value("/Device/Serial", f"02000000000{number}", 5)
        assert battery.value("/Device/Model") == "Marstek Venus E 3.0"
    daemon.wait_log("battery garage is a Marstek Venus E 3.0 (VNSE3-0)")
    assert battery.value("/Device/NrOfPacks") is None
    assert not [path for path, value in battery.values().items() if path.startswith("/Device/Pack2") and value is not None]
    judge_succession(record, {"020000000001": 35, "020000000002": 62, "020000000003": 81})
    assert len(daemon.lines("connected again")) == 1 and len(daemon.log().splitlines()) <= 14, daemon.log()
    daemon.stop()
    simulator.stop()


def judge_succession(record, soc_of):
    """What was never true together: the number of one device and the state of charge of another."""
    seen = []
    for _, values, changes in record.states():
        serial, soc = values.get("/Device/Serial"), values["/Soc"]
        if serial and soc is not None:
            assert soc == pytest.approx(soc_of[serial], abs=0.2), f"{serial} with the SoC {soc}"
        if serial and serial not in seen:
            seen.append(serial)
        assert values["/Dc/0/Power"] is None or abs(values["/Dc/0/Power"]) <= 20, "all of them are idle"
    assert seen == list(soc_of)


# Nonsense ---------------------------------------------------------------------------------------------------------------

class Babbler(threading.Thread):
    """A TCP server that answers requests, and now and then nobody, with bytes that mean nothing; often the header is right."""

    def __init__(self, seed):
        super().__init__(daemon=True)
        self.random, self.said, self.ended = random.Random(seed), 0, threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(0.05)
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]

    def run(self):
        while not self.ended.is_set():
            with contextlib.suppress(OSError):
                client, _ = self.listener.accept()
                with client:
                    self.talk(client)
        self.listener.close()

    def talk(self, client):
        client.settimeout(0.3)
        while not self.ended.is_set():
            asked = b""
            with contextlib.suppress(socket.timeout):
                asked = client.recv(300)
                if not asked:
                    return
            client.sendall(self.nonsense(asked))
            self.said += 1
            if self.random.random() < 0.1:
                return

    def nonsense(self, asked):
        body = self.random.randbytes(self.random.choice([1, 2, 5, 21, 40, 300]))
        kind = self.random.random()
        if kind < 0.3:
            return body
        if kind < 0.6:  # the transaction, the unit and the function are those of the question
            return asked[:4] + len(body).to_bytes(2, "big") + asked[6:8] + body
        if kind < 0.8:
            return asked[:4] + bytes([0, 3]) + asked[6:7] + bytes([0x83]) + body[:1]
        return asked + body

    def stop(self):
        self.ended.set()
        self.join(5)


def test_peers_that_talk_nonsense(house):
    there = house(Device("well", "e", 900, 41))
    babblers = [Babbler(seed) for seed in (1, 2, 3, 4)]
    for babbler in babblers:
        babbler.start()
    more = {f"mad{i}": marstek(babbler.address, **({"framing": "rtuovertcp"} if i % 2 else {})) for i, babbler in enumerate(babblers)}
    there.start(there.config(**more))
    begin = time.monotonic()
    there.watch(8)
    for babbler in babblers:
        babbler.stop()
    assert all(babbler.said >= 5 for babbler in babblers), [babbler.said for babbler in babblers]
    for index in range(1, 5):
        assert there.bank.value(f"/Members/{index}/State") == "waiting"
    assert not [path for path, value in there.bank.values().items()
                if path.startswith(tuple(f"/Members/{index}/" for index in range(1, 5))) and value is not None
                and not path.endswith(("/Name", "/State"))]
    assert_goes_on(there, "well", begin, time.monotonic())
    for index, babbler in enumerate(babblers):
        said = [line for line in there.daemon.log().splitlines() if babbler.address in line or f"mad{index}" in line]
        assert len(said) <= 8, "\n".join(said)
    there.judge()
