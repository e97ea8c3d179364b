"""A simulated house at constant powers beside a daemon: what it published, all of it, compared with the truth of the physics."""
import collections
import contextlib
import dataclasses
import time

from pymodbus.client import ModbusTcpClient
from pymodbus.framer.rtu_framer import ModbusRtuFramer
from pymodbus.framer.socket_framer import ModbusSocketFramer

from busclient import BUS_ITEM, plain
from configs import broker_keys, mixed_config
from harness import pump, wait_until
from simulator import Simulator

INSTANCE = 600
SLOT = 43100  # days, start, end, power, enabled
MEMORY = 20  # s: a sample may be 15 s old before its battery is lost, and was on its way before
EARLY = 1  # s: a signal is stamped when it was read, the truth when it was answered
NEAR = {"Power": 12, "AcPower": 12, "Voltage": 0.2, "Soc": 0.7, "Current": 0.4}  # noise, lag, rounding
ENERGY_NEAR = 0.06  # kWh: what may flow between two looks at a total
TOTALS = {"/History/ChargedEnergy": "charged_kwh", "/History/DischargedEnergy": "discharged_kwh"}
TOTALS_AT_START = {"charged_kwh": 700, "discharged_kwh": 630}

Moment = collections.namedtuple("Moment", "at changes")


@dataclasses.dataclass
class Device:
    """A battery of the simulator. `keys` go to its section of config.ini; + charges."""

    name: str
    model: str
    watts: int
    soc: int
    gateway: str = ""
    unit: int = 1
    framing: str = "tcp"
    more: str = ""
    keys: dict = dataclasses.field(default_factory=dict)

    @property
    def is_v3(self):
        return not self.model.endswith("-e") and self.model != "e"

    @property
    def is_native(self):
        return self.is_v3 and not self.gateway and self.framing == "tcp"

    @property
    def place(self):
        return self.gateway or self.name

    @property
    def voltage_register(self):
        return 30100 if self.is_v3 else 32100

    def words(self):
        gateway = f",gateway={self.gateway}" if self.gateway else ""
        more = f",{self.more}" if self.more else ""
        return f"name={self.name},model={self.model},soc={self.soc},unit={self.unit},framing={self.framing}{gateway}{more}"


def send_schedule(port, devices):
    """Powers that need no RS485 control: that is lost when the daemon connects."""
    framer = ModbusRtuFramer if devices[0].framing == "rtuovertcp" else ModbusSocketFramer
    with contextlib.closing(ModbusTcpClient("127.0.0.1", port=port, framer=framer, timeout=2, retries=0)) as client:
        assert client.connect()
        for number, device in enumerate(devices):
            time.sleep(0.2 if number else 0)  # the pause between two requests, which the simulator judges
            answer = client.write_registers(SLOT, [127, 0, 2359, -device.watts & 0xFFFF, 1], slave=device.unit)
            assert not answer.isError(), answer
    return time.monotonic()


class Record:
    """Every ItemsChanged since it was made, with its time, beginning with what the battery said then."""

    def __init__(self, client, battery):
        self.moments = []
        client.connection.add_signal_receiver(self._take, "ItemsChanged", BUS_ITEM)
        wait_until(lambda: self._begin(battery), 5, "a moment without news")

    def _begin(self, battery):
        """A signal that came while we asked may be older than the answer."""
        pump()
        self.moments.clear()
        first = Moment(time.monotonic(), battery.values())
        pump()
        began = not self.moments
        self.moments.insert(0, first)
        return began

    def _take(self, items):
        self.moments.append(Moment(time.monotonic(), {str(path): plain(item["Value"]) for path, item in items.items()}))

    def states(self):
        """(time, all values then, what changed then), one after the other."""
        values = {}
        for moment in self.moments:
            values.update(moment.changes)
            yield moment.at, values, moment.changes

    def times(self, path, begin, end):
        return [moment.at for moment in self.moments if path in moment.changes and begin <= moment.at <= end]


class House:
    """Simulator, daemon and judge. Members are in the order of `devices`; one on MQTT, if asked for, is the last."""

    def __init__(self, world, devices):
        self.world, self.devices = world, {device.name: device for device in devices}
        self.indices = {device.name: index for index, device in enumerate(devices)}
        self.simulator = Simulator(world.folder, *[device.words() for device in devices])
        self.places = {}
        for device in devices:
            self.places.setdefault(device.place, []).append(device)
        left = max(send_schedule(self.simulator.ports[place], there) for place, there in self.places.items())
        self.simulator.advance(600)  # powers have settled, totals have moved
        self.weights = {name: self.simulator.word(name, 32105) for name in self.devices}
        self.truths, self.record, self.daemon, self.bank, self.usual_alarms = [], None, None, None, {}
        wait_until(lambda: time.monotonic() > left + 1.2, 2, "native ports have noticed that their client left")

    def keys(self, device):
        place = {"address": f"127.0.0.1:{self.simulator.ports[device.place]}", "unit_id": device.unit}
        framing = {"framing": device.framing} if device.framing != "tcp" else {}
        return {"type": "marstek-modbus", **place, **framing, **device.keys}

    def config(self, mqtt=None, **more):
        members = {name: self.keys(device) for name, device in self.devices.items()}
        if mqtt:
            members[mqtt] = {"type": "mqtt", "topic": mqtt, "coupling": "ac"}
        return mixed_config({**members, **more}, mqtt=broker_keys(self.world.broker) if mqtt else None)

    def start(self, config=None, known=(), seconds=25):
        """A daemon; returns when all it has to say of the devices (or of those in `known`) is on the bus."""
        self.daemon = self.world.start(config or self.config())
        self.bank = self.world.battery(INSTANCE).wait_on_bus()
        self.wait(lambda: self._is_known(known or self.devices), seconds, "all batteries and their totals are known")
        self.record = Record(self.world.client, self.bank)
        self.usual_alarms = {name: {self.member(name, "AlarmWords")} for name in self.devices}
        self.daemon.forget_log()
        return self

    def _is_known(self, names):
        values = self.bank.values()
        told = all(values.get(f"/Members/{self.indices[name]}/{key}") is not None for name in names for key in (*NEAR, "AlarmWords"))
        return told and (values["/History/DischargedEnergy"] or 0) >= TOTALS_AT_START["discharged_kwh"] * len(names)

    def revive(self):
        """Another simulator with the same batteries at the same ports, without what they were told."""
        ports = self.simulator.ports
        self.simulator = Simulator(self.world.folder, *[f"{device.words()},port={ports[device.place]}" for device in self.devices.values()])

    def member(self, name, key):
        return self.bank.value(f"/Members/{self.indices[name]}/{key}")

    def note_truth(self):
        now = time.monotonic()
        if not self.simulator.alive() or (self.truths and now < self.truths[-1][0] + 0.2):
            return
        batteries = self.simulator.do(state=True)["batteries"]
        for name, battery in batteries.items():
            volts = self.simulator.word(name, self.devices[name].voltage_register) / 100
            battery["volts"] = volts if volts < 100 else None
        self.truths.append((now, batteries))

    def wait(self, predicate, seconds, what):
        """As wait_until; the truth is taken down meanwhile."""
        def step():
            self.note_truth()
            return predicate()
        return wait_until(step, seconds, what)

    def wait_state(self, name, state, seconds):
        self.wait(lambda: self.member(name, "State") == state, seconds, f"{name} is {state}; the daemon said:\n{self.daemon.log()}")
        return time.monotonic()

    def watch(self, seconds):
        """Lets things happen for so long; the judge speaks later."""
        end = time.monotonic() + seconds
        self.wait(lambda: time.monotonic() > end, seconds + 1, "time passes")

    # The judge -----------------------------------------------------------------------------------------------------

    def judge(self, may_overlap=()):
        """All that was ever published, and how the ports were treated. `may_overlap`: places whose answers took longer than the patience."""
        assert len(self.record.moments) > 3, "nothing was published"
        for at, values, changes in self.record.states():
            self._judge_members(at, values, changes)
            self._judge_bank(at, values)
        self._judge_totals()
        for place in self.places:
            if self.simulator.alive():
                self.judge_manners(place, place in may_overlap)

    def _truth(self, name, key, at):
        """Lowest and highest of the time a sample may be from."""
        seen = [battery[name][key] for when, battery in self.truths if at - MEMORY <= when <= at + EARLY]
        seen = [value for value in seen or [self.truths[-1][1][name][key]] if value is not None]
        return (min(seen), max(seen)) if seen else None

    def _truth_of(self, name, key, at):
        if key == "Current":
            low, high = self._truth(name, "dc_power_w", at)
            volts = self._truth(name, "volts", at)
            return volts and tuple(sorted((low / volts[0], high / volts[0])))
        return self._truth(name, {"Power": "dc_power_w", "AcPower": "register_power_w", "Voltage": "volts", "Soc": "soc_percent"}[key], at)

    def _judge_members(self, at, values, changes):
        for name, index in self.indices.items():
            folder = f"/Members/{index}/"
            state = values.get(folder + "State")
            for key in NEAR:
                value = values.get(folder + key)
                if value is None:
                    continue
                assert state == "online" or (state == "stale" and key == "Soc"), f"{name} is {state}, and its {key} is {value}"
                truth = self._truth_of(name, key, at) if folder + key in changes else None
                if truth:
                    assert truth[0] - NEAR[key] <= value <= truth[1] + NEAR[key], f"{name} {key} {value}, the truth is {truth}"

            self._judge_words(name, at, changes)

    def _judge_words(self, name, at, changes):
        """States and alarms come in answers as short as many others: the first that would be mistaken."""
        folder = f"/Members/{self.indices[name]}/"
        state, alarms = changes.get(folder + "DeviceState"), changes.get(folder + "AlarmWords")
        if state is not None:
            low, high = self._truth(name, "register_power_w", at)
            possible = {"charge"} if low > 20 else {"discharge"} if high < -20 else {"charge", "discharge", "standby", "bypass"}
            assert state in possible, f"{name} says {state} at {low} to {high} W"
        if alarms is not None:
            assert alarms in self.usual_alarms[name], f"{name} has the alarms {alarms}"

    def _judge_bank(self, at, values):
        folders = [path.removesuffix("Name") for path in values if path.startswith("/Members/") and path.endswith("/Name")]
        online = [folder for folder in folders if values[folder + "State"] == "online"]
        for key, path in (("Power", "/Dc/0/Power"), ("AcPower", "/Ac/Power")):
            parts = [values[folder + key] for folder in online]
            expected = sum(parts) if parts and None not in parts else None
            value = values.get(path)
            assert (value is None) == (expected is None), f"{path} is {value} of {parts}"
            assert value is None or abs(value - expected) < 0.01, f"{path} is {value} of {parts}"
        volts = [values[folder + "Voltage"] for folder in online if values[folder + "Voltage"] is not None]
        bank_volts = values["/Dc/0/Voltage"]
        assert (bank_volts is None) == (not volts), f"{bank_volts} V of {volts}"
        assert bank_volts is None or min(volts) - 0.01 <= bank_volts <= max(volts) + 0.01, f"{bank_volts} V of {volts}"
        assert values["/System/NrOfModulesOnline"] == len(online)
        assert values["/System/NrOfModulesOffline"] == len(folders) - len(online)
        self._judge_soc(at, values, folders)

    def _judge_soc(self, at, values, folders):
        """Of all that tell theirs, also of those that are silent for a while."""
        if any(values[folder + "State"] != "waiting" for folder in folders[len(self.devices):]):
            return  # a battery on MQTT has its part in it
        known = [name for name, index in self.indices.items() if values[f"/Members/{index}/Soc"] is not None]
        weight = sum(self.weights[name] for name in known)
        assert (values["/Soc"] is None) == (not known), f"SoC {values['/Soc']} of {known}"
        if not known:
            return
        low, high = (sum(self.weights[name] * self._truth(name, "soc_percent", at)[end] for name in known) / weight for end in (0, 1))
        value = values["/Soc"]
        assert low - NEAR["Soc"] <= value <= high + NEAR["Soc"], f"SoC of the bank {value}, the truth is {low} to {high}"

    def _judge_totals(self):
        """They never fall, and are never more or less than what has flowed."""
        last = dict.fromkeys(TOTALS, 0)
        for at, values, _ in self.record.states():
            for path, key in TOTALS.items():
                value = values[path]
                assert value is not None and value >= last[path], f"{path} falls from {last[path]} to {value}"
                last[path] = value
                heard = [name for name, index in self.indices.items() if values[f"/Members/{index}/State"] != "waiting"]
                parts = [self._truth(name, key, at) for name in heard]
                base = TOTALS_AT_START[key] * len(heard)
                low, high = (base + sum(part[end] for part in parts) for end in (0, 1))
                assert low - self.slack(len(heard)) <= value <= high + self.slack(len(heard)), f"{path} is {value}, the truth {low} to {high}"

    def slack(self, devices):
        return ENERGY_NEAR * devices

    def judge_manners(self, place, may_overlap):
        """As the port counted them: pause between requests, one connection a second, one request at a time, one client."""
        devices = self.places[place]
        port = self.simulator.battery(devices[0].name)
        gap = 150 if any(device.is_v3 for device in devices) else 50
        assert port["min_gap_ms"] >= gap - 1, f"{place}: {port}"
        assert port["min_connect_ms"] >= 999, f"{place}: {port}"
        assert port["connected"] <= 1, f"{place}: {port}"
        assert may_overlap or port["overlapping"] == 0, f"{place}: {port}"
        for device in devices:
            battery = self.simulator.battery(device.name)
            assert battery["forbidden"] == 0 and battery["written"].keys() <= {str(SLOT + i) for i in range(5)}, battery
