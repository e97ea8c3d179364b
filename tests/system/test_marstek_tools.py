"""scan, set-id and read on the command line, alone and beside a daemon that holds the only connection."""
import json
import re
import subprocess

import pytest

from configs import broker_keys, mixed_config
from harness import BINARY, SANITIZER, wait_until
from marstek import WRITE, wait_measured
from marstek_devices import (D_CHARGING, E3_CHARGING, E3_CHARGING_ON_DBUS, RS485_OFF, V12_CHARGING, V12_CHARGING_ON_DBUS, V12_DISCHARGING,
                             V12_DISCHARGING_ON_DBUS, letters, table)

NO_BUS = {"PATH": "/usr/bin:/bin", "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent"}
LEFT, RIGHT = "Marstek Venus E (HMG-50), serial 0200000000a1", "Marstek Venus E (BI_2.5_2.5), serial 0200000000a2"


class Told:
    """A command that has ended."""

    def __init__(self, process, answer=""):
        out, error = process.communicate(answer.encode(), timeout=90)
        self.code, self.out, self.error = process.returncode, out.decode(), error.decode()
        assert not SANITIZER.search(self.error), self.error


def begin(*arguments, env=None):
    return subprocess.Popen([str(BINARY), *map(str, arguments)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            env=env or NO_BUS)


def tool(*arguments, env=None, answer=""):
    return Told(begin(*arguments, env=env), answer)


@pytest.fixture
def alone(tmp_path):
    """read NAME by a configuration that no daemon runs, without any bus."""
    def begin_read(config, name="garage"):
        file = tmp_path / f"{name}.ini"
        file.write_text(config)
        return begin("read", name, "--config", file)
    return begin_read


def start_beside(world, server, expected, **keys):
    """A daemon that holds the connection to the server."""
    daemon = world.start(mixed_config({"garage": server.keys(**keys)}))
    wait_measured(world.battery(600).wait_on_bus(), expected)
    return daemon


# --- scan ------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("framing,refuses", [("tcp", False), ("tcp", True), ("rtuovertcp", False)])
def test_scan_finds_the_batteries_behind_a_gateway(world, framing, refuses):
    """Absent units are silent, or the gateway says so."""
    server = world.add_marstek({1: V12_DISCHARGING, 4: V12_CHARGING}, framing=framing, refuses_absent_units=refuses)
    told = tool("scan", server.address, "--framing", framing)
    assert told.code == 0, told.error
    assert told.out.splitlines() == [f"{server.address} unit 1: {LEFT}", f"{server.address} unit 4: {RIGHT}"]
    assert {r.unit for r in server.requests()} == set(range(1, 11)) and server.connections() == 1
    server.judge("v12")


def test_scan_of_a_battery_that_answers_to_every_id(world):
    """At its own LAN port the unit id of a V3 has no meaning: it is one battery, not ten."""
    server = world.add_marstek({1: E3_CHARGING}, one_client=True, answers_every_unit=True)
    told = tool("scan", server.address, "--last", 3)
    first, *others = told.out.splitlines()
    assert told.code == 0 and first.endswith("unit 1: Marstek Venus E 3.0 (VNSE3-0), serial 020000000001")
    assert len(others) == 2 and all("the same battery as unit 1" in line for line in others)
    server.judge("v3")


def test_scan_says_what_it_does_not_know(world):
    server = world.add_marstek({2: {**V12_DISCHARGING, **table({31000: letters("SOMETHING-9", 10)})}})
    told = tool("scan", server.address, "--last", 3)
    assert told.code == 0
    assert told.out == f"{server.address} unit 2: a device of a kind unknown here (SOMETHING-9)\n"


def test_scan_of_an_address_where_nobody_is(world):
    server = world.add_marstek({1: V12_DISCHARGING})
    server.kill()
    told = tool("scan", server.address)
    assert told.code == 1 and server.address in told.error and not told.out
    assert tool("scan", "host:port:port").code == 2


def test_scan_beside_the_daemon_takes_its_connection(world):
    server = world.add_marstek({1: V12_DISCHARGING, 4: V12_CHARGING}, one_client=True, refuses_absent_units=True)
    start_beside(world, server, V12_DISCHARGING_ON_DBUS)
    told = tool("scan", server.address, env=world.bus.environment())
    assert (told.code, told.error) == (0, "")
    assert told.out.splitlines() == [f"{server.address} unit 1: {LEFT}", f"{server.address} unit 4: {RIGHT}"]
    assert server.connections() == 1
    before = len(server.requests(address=32100))
    wait_until(lambda: len(server.requests(address=32100)) > before, 5, "the daemon goes on polling")
    server.judge("v12")


def test_the_daemon_reads_its_battery_during_a_long_scan_and_ends_in_the_middle_of_it(world):
    """Absent units are silent for a second each; one scan at a time; the end of the daemon is the end of the scan."""
    server = world.add_marstek({1: V12_DISCHARGING})
    daemon = start_beside(world, server, V12_DISCHARGING_ON_DBUS)
    scan = begin("scan", server.address, "--last", "60", env=world.bus.environment())
    wait_until(lambda: server.requests(unit=4), 15, "the scan is on its way")
    second = tool("scan", server.address, env=world.bus.environment())
    assert second.code == 1 and "busy" in second.error
    before = len(server.requests(address=32100))
    wait_until(lambda: server.requests(unit=8), 15, "it goes on")
    assert len(server.requests(address=32100)) >= before + 2, "the battery is read between two units"
    daemon.stop()  # with exit code 0, and nothing for the sanitizers
    scan.communicate(timeout=10)
    assert scan.returncode == 1


def test_without_the_daemon_s_help_a_one_client_battery_refuses(world):
    """So the connection count above can tell: this is what a second connection looks like."""
    server = world.add_marstek({1: V12_DISCHARGING}, one_client=True)
    start_beside(world, server, V12_DISCHARGING_ON_DBUS)
    told = tool("scan", server.address)
    assert told.code == 1 and told.error and not told.out
    assert server.events("turned away")


# --- set-id ----------------------------------------------------------------------------------------------------------

def test_set_id_writes_one_register_and_reads_it_back(world):
    server = world.add_marstek({1: V12_DISCHARGING})
    told = tool("set-id", server.address, 1, 3, "--yes")
    assert told.code == 0, told.error
    assert "Marstek Venus E (HMG-50) has unit id 3 now" in told.out and "unit_id = 3" in told.out
    assert server.writes() == [(WRITE, 1, 41100, 3)]
    last = server.requests()[-1]
    assert (last.unit, last.address, last.operand) == (3, 41100, 1), "the change is read back at the new id"
    server.judge("v12", writes=True)
    told = tool("scan", server.address, "--last", 4)
    assert told.out == f"{server.address} unit 3: {LEFT}\n"


def test_set_id_stops_a_controlled_battery_first(world):
    server = world.add_marstek({2: V12_CHARGING})
    assert tool("set-id", server.address, 2, 5, "--yes").code == 0
    assert server.writes() == [(WRITE, 2, 42010, 0), (WRITE, 2, 41100, 5)]
    server.judge("v12", writes=True)


def test_set_id_over_rtu(world):
    server = world.add_marstek({1: {**D_CHARGING, 42000: RS485_OFF}}, framing="rtuovertcp")
    told = tool("set-id", server.address, 1, 2, "--framing", "rtuovertcp", "--yes")
    assert told.code == 0 and "Marstek Venus D (VNSD-0)" in told.out, told.error
    assert server.writes() == [(WRITE, 1, 41100, 2)]


def test_set_id_of_a_battery_that_answers_to_every_id(world):
    """The new id looks taken, by itself."""
    server = world.add_marstek({1: E3_CHARGING}, answers_every_unit=True)
    told = tool("set-id", server.address, 1, 2, "--yes")
    assert told.code == 0, told.error
    assert server.writes() == [(WRITE, 1, 41100, 2)]


@pytest.mark.parametrize("old,new,why", [(1, 2, "unit id 2 is in use by BI_2.5_2.5"), (3, 4, "nobody answers on unit id 3")])
def test_set_id_refuses(world, old, new, why):
    server = world.add_marstek({1: V12_DISCHARGING, 2: V12_CHARGING})
    told = tool("set-id", server.address, old, new, "--yes")
    assert told.code == 1 and why in told.error and "nothing was changed" in told.error
    assert not server.writes()


@pytest.mark.parametrize("arguments", [(1, 1), (0, 2), (1, 11), (256, 2), (1,)])
def test_set_id_with_numbers_that_cannot_be(arguments):
    assert tool("set-id", "192.0.2.1", *arguments, "--yes").code == 2


@pytest.mark.parametrize("answer,written", [("n\n", []), ("", []), ("\n", []), ("yesterday\n", []), ("y\n", [(WRITE, 1, 41100, 3)])])
def test_set_id_asks_before_it_writes(world, answer, written):
    server = world.add_marstek({1: V12_DISCHARGING})
    told = tool("set-id", server.address, 1, 3, answer=answer)
    assert "id 1" in told.out and "id 3" in told.out and "[y/N]" in told.out
    assert server.writes() == written
    assert told.code == (0 if written else 1)
    assert written or "nothing was changed" in told.error


def test_set_id_beside_the_daemon_takes_its_connection(world):
    server = world.add_marstek({2: V12_CHARGING}, one_client=True, refuses_absent_units=True)
    start_beside(world, server, V12_CHARGING_ON_DBUS, unit_id=2)
    told = tool("set-id", server.address, 2, 6, "--yes", env=world.bus.environment())
    assert told.code == 0 and "unit id 6 now" in told.out, told.error
    assert server.writes() == [(WRITE, 2, 42010, 0), (WRITE, 2, 41100, 6)]
    assert server.connections() == 1
    server.judge("v12", writes=True)


# --- read ------------------------------------------------------------------------------------------------------------

IN_THE_DESIGN = """name type model family firmware taken_at power_w ac_power_w voltage_v current_a soc_percent capacity_wh temperature_c
cell_voltage_min_v cell_voltage_max_v cell_temperature_min_c cell_temperature_max_c energy_charged_kwh energy_discharged_kwh offgrid_power_w
ac_voltage_v ac_frequency_hz state controlled alarms""".split()

V12_JSON = {
    "name": "garage", "type": "marstek-modbus", "model": "Marstek Venus E", "family": "v12", "firmware": "153, BMS 213",
    "serial": "0200000000a1", "power_w": -2724, "ac_power_w": -2412, "voltage_v": 52.12, "current_a": -52.26, "soc_percent": 63,
    "temperature_c": 27.5, "mos_temperature_c": 31.2, "cell_voltage_min_v": 3.287, "cell_voltage_max_v": 3.301,
    "cell_temperature_min_c": 24, "cell_temperature_max_c": 26, "energy_charged_kwh": 1234.56, "energy_discharged_kwh": 1100.11,
    "offgrid_power_w": 37, "offgrid_voltage_v": 233, "ac_voltage_v": 233.6, "ac_frequency_hz": 49.97,
    "charge_voltage_limit_v": 57.1, "charge_current_limit_a": 50, "discharge_current_limit_a": 50, "capacity_wh": 5120,
    "state": "discharge", "controlled": False,
    "alarms": {"words": "36001=0x0004 36100=0x0010", "text": "possible: network, grid peak voltage / low SoC"},
}
E3_JSON = {
    "name": "garage", "type": "marstek-modbus", "model": "Marstek Venus E 3.0", "family": "v3", "firmware": "147",
    "serial": "020000000001", "power_w": 2208, "ac_power_w": 2323, "voltage_v": 54.84, "current_a": 38, "soc_percent": 62.1,
    "temperature_c": 35.7, "mos_temperature_c": 35.1, "cell_voltage_min_v": 3.421, "cell_voltage_max_v": 3.438,
    "cell_temperature_min_c": 20, "cell_temperature_max_c": 21.8, "energy_charged_kwh": 456.78, "energy_discharged_kwh": 401.23,
    "offgrid_power_w": 0, "offgrid_voltage_v": 1.4, "ac_voltage_v": 236.6, "ac_frequency_hz": 50,
    "charge_voltage_limit_v": 57.6, "charge_current_limit_a": 50, "discharge_current_limit_a": 100, "capacity_wh": 5120,
    "state": "charge", "controlled": False,
    "packs": [{"pack": 1, "voltage_v": 54.84, "current_a": 38, "soc_percent": 62.1, "cycles": 87}], "alarms": {"words": ""},
}
READ = {"v12": (V12_DISCHARGING, V12_DISCHARGING_ON_DBUS, V12_JSON), "v3": (E3_CHARGING, E3_CHARGING_ON_DBUS, E3_JSON)}


def without_time(text):
    """One JSON object; when it was taken is no number to compare."""
    said = json.loads(text)
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", said.pop("taken_at"))
    return said


@pytest.mark.parametrize("family", READ)
def test_read_without_a_daemon_or_any_bus(world, alone, family):
    registers, _, expected = READ[family]
    server = world.add_marstek({1: registers}, one_client=True)
    told = Told(alone(mixed_config({"garage": server.keys()})))
    assert (told.code, told.error) == (0, "")
    assert without_time(told.out) == expected
    assert set(IN_THE_DESIGN) <= {*json.loads(told.out)}
    assert server.connections() == 1
    server.judge(family)


@pytest.mark.parametrize("family", READ)
def test_read_beside_the_daemon_takes_its_last_sample(world, family):
    registers, on_dbus, expected = READ[family]
    server = world.add_marstek({1: registers}, one_client=True)
    daemon = start_beside(world, server, on_dbus)
    told = tool("read", "garage", "--config", daemon.config_path, env=world.bus.environment())
    assert (told.code, told.error) == (0, "")
    assert without_time(told.out) == expected
    assert server.connections() == 1
    server.judge(family)


def test_read_of_silent_batteries_says_why(world, alone):
    """One behind a gateway that does not answer, one where nobody listens, one of another kind: together, they take long."""
    gone = world.add_marstek({1: V12_DISCHARGING})
    gone.kill()
    silent, wrong = world.add_marstek({1: V12_DISCHARGING}), world.add_marstek({1: E3_CHARGING})
    config = {"silent": silent.keys(unit_id=7), "gone": gone.keys(), "wrong": wrong.keys(family="v12")}
    running = {name: alone(mixed_config({name: keys}), name) for name, keys in config.items()}
    told = {name: Told(process) for name, process in running.items()}
    assert all(each.code == 1 and not each.out and each.error for each in told.values())
    assert "timed out" in told["silent"].error and "unit 7" in told["silent"].error
    assert gone.address in told["gone"].error and "refused" in told["gone"].error.lower()
    assert "VNSE3-0" in told["wrong"].error and "set both to auto" in told["wrong"].error


def test_read_beside_the_daemon_of_a_lost_battery(world):
    server = world.add_marstek({1: V12_DISCHARGING})
    daemon = start_beside(world, server, V12_DISCHARGING_ON_DBUS)
    server.kill()
    daemon.wait_log("not heard of for 15 s", seconds=20)
    told = tool("read", "garage", "--config", daemon.config_path, env=world.bus.environment())
    assert told.code == 1 and not told.out and "not heard of it for 15 s" in told.error


def test_read_of_a_name_that_is_not_there(alone):
    told = Told(alone(mixed_config({"left": {"type": "marstek-modbus", "address": "192.0.2.1"}}), "garage"))
    assert told.code == 1 and "left" in told.error and not told.out


def test_read_of_an_mqtt_battery(world, alone):
    world.publish({"Dc": {"Power": -321.5, "Voltage": 52.7}, "Soc": 63, "InstalledCapacity": 100, "System": {"MinCellVoltage": 3.271}},
                  "shed", retain=True)
    told = Told(alone(mixed_config({"shed": {"type": "mqtt", "topic": "shed"}}, mqtt=broker_keys(world.broker)), "shed"))
    assert (told.code, told.error) == (0, "")
    assert without_time(told.out) == {"name": "shed", "type": "mqtt", "power_w": -321.5, "voltage_v": 52.7, "current_a": -6.1006,
                                      "soc_percent": 63, "cell_voltage_min_v": 3.271, "capacity_wh": 5120}
