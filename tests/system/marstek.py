"""The test's side of marstek_server.py: starts it, changes its registers, and judges how it was asked."""
import collections
import json
import pathlib
import subprocess
import sys

from harness import Process, free_port, wait_until

Request = collections.namedtuple("Request", "at connection unit function address operand")  # operand: count, or value

READ, WRITE = 3, 6
FORBIDDEN = [(38000, 39014), (40000, 40000), (41001, 41001), (41500, 41515), (41600, 41631), (44100, 44100),
             (45000, 45031), (46000, 46000)]
GAP = {"v12": 0.050, "v3": 0.150}
CLOCK = 0.001  # what two clocks may disagree
SEEN_LATE = 0.1  # the kernel connects before a busy server sees it
ABSENT_ON_V3 = [31100, 31101, 31102, 31200, 32303, 41010, 44000, 44001]
ENERGIES = [(address, 2) for address in range(33000, 33012, 2)]
# Not the name in 31000: a part of it is asked for to come in step again after a unit was silent.
TOGETHER = {"v12": [(32102, 2), (32202, 2), (32302, 2), (30402, 6), *ENERGIES],
            "v3": [(32202, 2), (30304, 6), (30350, 6), *ENERGIES]}


class MarstekServer:
    """`units`: unit id -> {address: word}, the id goes into register 41100. On one port, or at the end of a serial line."""

    def __init__(self, folder, name, units, framing="tcp", one_client=False, answers_every_unit=False, refuses_absent_units=False,
                 broken_exceptions=False):
        self.folder, self.name, self.framing, self.port = folder, name, framing, free_port()
        units = {unit: {**registers, 41100: unit} for unit, registers in units.items()}
        self.spec = {"framing": framing, "port": self.port, "units": units, "one_client": one_client,
                     "answers_every_unit": answers_every_unit, "refuses_absent_units": refuses_absent_units,
                     "broken_exceptions": broken_exceptions}
        self.processes, self.changes, self.serial = [], 0, None

    @property
    def process(self):
        return self.processes[-1]

    @property
    def address(self):
        return self.serial or f"127.0.0.1:{self.port}"

    def keys(self, **more):
        """Of its section in config.ini."""
        place = {"serial": self.serial} if self.serial else {"address": self.address}
        framing = {"framing": self.framing} if self.framing == "rtuovertcp" else {}
        return {"type": "marstek-modbus", **place, **framing, **more}

    def start(self):
        script = pathlib.Path(__file__).with_name("marstek_server.py")
        self.processes.append(Process(f"{self.name}-{len(self.processes) + 1}", [sys.executable, script, json.dumps(self.spec)],
                                      self.folder, stdin=subprocess.PIPE))
        self.serial = self.wait_event("ready", seconds=20)["place"]
        return self

    def kill(self):
        self.process.kill()

    def stop(self):
        for process in self.processes:
            process.kill()
            process.child.stdin.close()

    def tell(self, unit, **wish):
        """Returns when the server has done it."""
        self.changes += 1
        self.process.child.stdin.write(json.dumps({"number": self.changes, "unit": unit, **wish}).encode() + b"\n")
        self.process.child.stdin.flush()
        self.wait_event("changed", number=self.changes)

    def set(self, registers, unit=1):
        self.tell(unit, registers=registers)

    def silence(self, unit=1):
        self.tell(unit, silent=True)

    def events(self, kind=None, **details):
        all_lines = [line for process in self.processes for line in process.log().splitlines(keepends=True)]
        events = [json.loads(line) for line in all_lines if line.startswith("{") and line.endswith("}\n")]
        return [event for event in events if kind in (None, event["event"]) and details.items() <= event.items()]

    def wait_event(self, kind, seconds=5, **details):
        wait_until(lambda: self.events(kind, **details), seconds, f"{self.name}: {kind} {details}; it said:\n{self.process.log()[-3000:]}")
        return self.events(kind, **details)[-1]

    def requests(self, **details):
        return [Request(**{key: event[key] for key in Request._fields}) for event in self.events("request", **details)]

    def writes(self):
        """(function, unit, address, value) of everything that was not a read."""
        return [(r.function, r.unit, r.address, r.operand) for r in self.requests() if r.function != READ]

    def connections(self):
        return len(self.events("connected")) + len(self.events("turned away"))

    def judge(self, family, writes=False):
        """What section 0 to 4 of the reference demand of everybody who asks such a battery."""
        requests = self.requests()
        assert requests, f"{self.name} was asked nothing"
        assert not self.events("odd"), self.events("odd")
        if not writes:
            assert {r.function for r in requests} == {READ}
        for request in requests:
            if request.function == READ:
                judge_read(request, family)
        self.judge_connections(family)

    def judge_connections(self, family):
        """One at a time, a rest after connecting, 31000 first, and the pauses between an answer and the next request."""
        assert not self.events("turned away"), "a second connection beside the first"
        current, ready_at, first = None, None, False
        for event in sorted(self.events(), key=lambda each: each["at"]):
            kind = event["event"]
            if kind == "connected":
                assert current is None or self.framing == "rtu", "two connections at once"
                current, first, ready_at = event["connection"], True, event["at"] + (0 if self.framing == "rtu" else 0.2 - SEEN_LATE)
            elif kind in ("disconnected", "ready"):
                current = None if self.framing != "rtu" else current
            elif kind == "answer":
                ready_at = event["at"] + GAP[family]
            elif kind == "request":
                assert event["at"] >= ready_at - CLOCK, f"asked {ready_at - event['at']:.4f} s too early: {event}"
                assert not first or (event["address"], event["operand"]) == (31000, 10), f"first of all: {event}"
                first = False


def judge_read(request, family):
    first, count = request.address, request.operand
    last = first + count - 1
    assert 1 <= count <= 32, request
    assert not [area for area in FORBIDDEN if first <= area[1] and last >= area[0]], f"forbidden: {request}"
    torn = [start for start, length in TOGETHER[family] if first <= start + length - 1 and last >= start
            and not first <= start <= start + length - 1 <= last]
    assert not torn, f"tears the value at {torn}: {request}"
    if family == "v3":
        assert not [address for address in ABSENT_ON_V3 if first <= address <= last], f"not there on v3: {request}"
        assert not (first <= 33011 < last), f"runs past 33011: {request}"


IDENTITY = ("/Mgmt/", "/ProductId", "/ProductName", "/FirmwareVersion", "/Connected", "/DeviceInstance", "/CustomName", "/Serial")


def measured(battery):
    """Everything D-Bus says of the battery itself and that has a value; /TimeToGo is judged elsewhere."""
    return {path: value for path, value in battery.values().items()
            if value is not None and not path.startswith(IDENTITY) and path != "/TimeToGo"}


def differences(values, expected):
    """What is not as expected to the last digit that doubles can tell; a value nobody expects is one, too."""
    def same(value, wanted):
        if isinstance(wanted, str):
            return value == wanted
        return isinstance(value, (int, float)) and abs(value - wanted) <= 1e-9 * max(1, abs(wanted))
    return {path: (values.get(path), expected.get(path)) for path in {**values, **expected}
            if path not in expected or not same(values.get(path), expected[path])}


def wait_measured(battery, expected, seconds=15):
    """Slow polls come in one after the other: waits until all is there, and fails with {path: (is, expected)}."""
    left = [None]

    def all_there():
        left[0] = differences(measured(battery), expected)
        return not left[0]
    try:
        wait_until(all_there, seconds, "")
    except AssertionError:
        raise AssertionError(f"{battery.name}: {{path: (is, expected)}}: {left[0]}") from None
