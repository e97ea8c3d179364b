"""Marstek batteries over Modbus, served by pymodbus: every value on D-Bus, and how the batteries are asked."""
import time

import pytest

from configs import broker_keys, mixed_config
from harness import command_line, holds_for, wait_until
from marstek import wait_measured
from marstek_devices import (A_WITH_SUN, A_WITH_SUN_ON_DBUS, D_CHARGING, D_CHARGING_ON_DBUS, E3_CHARGING, E3_CHARGING_ON_DBUS, E3_FULL,
                             E3_FULL_ON_DBUS, V12_CHARGING, V12_CHARGING_ON_DBUS, V12_DISCHARGING, V12_DISCHARGING_ON_DBUS, letters, pair,
                             signed, table)

AC_INSTANCE = 600
PATIENCE = 2  # of a busy machine, beside the time that a thing may take


def members_of(battery):
    """Name -> everything below /Members/<i> of that member."""
    found = {}
    for path, value in battery.values().items():
        if path.startswith("/Members/"):
            _, _, index, key = path.split("/")
            found.setdefault(index, {})[key] = value
    return {member["Name"]: member for _, member in sorted(found.items())}


def show(world, server, **keys):
    """A daemon with the one battery of the server, on the bus."""
    world.start(mixed_config({"garage": server.keys(**keys)}))
    return world.battery(AC_INSTANCE).wait_on_bus()


def assert_ac_coupled(values):
    assert not [path for path in values if path.startswith("/Info/")], "it would steer chargers it is not connected to"
    assert "/Dc/0/Temperature" not in values
    assert values["/Mgmt/InsecureConnection"] == 1 and values["/DeviceInstance"] == AC_INSTANCE


ALONE = {
    "e-discharging": ("v12", V12_DISCHARGING, V12_DISCHARGING_ON_DBUS),
    "e-charging-old-firmware": ("v12", V12_CHARGING, V12_CHARGING_ON_DBUS),
    "e3-charging": ("v3", E3_CHARGING, E3_CHARGING_ON_DBUS),
    "e3-full": ("v3", E3_FULL, E3_FULL_ON_DBUS),
    "d-four-packs": ("v3", D_CHARGING, D_CHARGING_ON_DBUS),
    "a-with-sun": ("v3", A_WITH_SUN, A_WITH_SUN_ON_DBUS),
}


@pytest.mark.parametrize("family,registers,expected", ALONE.values(), ids=ALONE)
def test_every_value_of_one_battery(world, family, registers, expected):
    server = world.add_marstek({1: registers}, one_client=family == "v3", answers_every_unit=family == "v3")
    battery = show(world, server)
    wait_measured(battery, expected)
    values = battery.values()
    assert_ac_coupled(values)
    assert values["/Mgmt/Connection"] == f"Modbus {server.address}" and values["/ProductName"] == "Test Battery"
    assert not server.events("answer") or all(answer["exception"] == 0 for answer in server.events("answer"))
    assert server.connections() == 1
    server.judge(family)
    absent = [r for r in server.requests() if 34400 <= r.address < 34700]
    assert not absent, f"asks for packs that are not there: {absent}"


@pytest.mark.parametrize("broken", [False, True])
def test_registers_that_a_firmware_does_not_have(world, broken):
    """They are refused, by some V3 with a frame that announces a byte too many; everything else is there, and as soon."""
    lacks = {36000, 36001, 35110, 35111, 35112, *range(34018, 34034)}
    registers = {address: word for address, word in E3_CHARGING.items() if address not in lacks}
    expected = {path: value for path, value in E3_CHARGING_ON_DBUS.items() if not path.startswith(("/Voltages/", "/System/NrOfModulesBlocking"))}
    for path in ("/System/MinVoltageCellId", "/System/MaxVoltageCellId"):
        del expected[path]
    server = world.add_marstek({1: registers}, one_client=True, broken_exceptions=broken)
    battery = show(world, server)
    wait_measured(battery, expected, 8)  # less than the patience with one answer that does not come
    refused = server.events("answer", exception=2)
    assert len(refused) >= 3 and server.connections() == 1
    server.judge("v3")


@pytest.mark.parametrize("framing", ["tcp", "rtuovertcp"])
def test_two_batteries_behind_one_gateway(world, framing):
    """Both values of each, one connection, and never two requests at once."""
    server = world.add_marstek({1: V12_DISCHARGING, 2: V12_CHARGING}, framing=framing)
    world.start(mixed_config({"left": server.keys(unit_id=1), "right": server.keys(unit_id=2)}))
    bank = world.battery(AC_INSTANCE).wait_on_bus()
    wait_measured(bank, {
        "/Dc/0/Power": -1224, "/Dc/0/Voltage": 52.76, "/Dc/0/Current": -1224 / 52.76, "/Soc": 56.5,
        "/InstalledCapacity": 200, "/Capacity": 113, "/ConsumedAmphours": -87, "/State": 9,
        "/System/MinCellVoltage": 3.287, "/System/MaxCellVoltage": 3.345,
        "/System/MinCellTemperature": 22.9, "/System/MaxCellTemperature": 26, "/System/MOSTemperature": 31.2,
        "/System/NrOfCellsPerBattery": 16, "/System/NrOfModulesOnline": 2, "/System/NrOfModulesOffline": 0,
        "/System/NrOfModulesBlockingCharge": 0, "/System/NrOfModulesBlockingDischarge": 0, "/Voltages/Diff": 0.058,
        "/History/ChargedEnergy": 1934.57, "/History/DischargedEnergy": 1700.13,
        "/Ac/Power": -792, "/Ac/Voltage": 233.6, "/Ac/Frequency": 49.97, "/Ac/OffGrid/Power": 37, "/Ac/OffGrid/Voltage": 233, "/Alarms/BmsCable": 0,
        "/Members/0/Name": "left", "/Members/0/State": "online", "/Members/0/Power": -2724, "/Members/0/AcPower": -2412,
        "/Members/0/Voltage": 52.12, "/Members/0/Current": -52.26, "/Members/0/Soc": 63, "/Members/0/Model": "Marstek Venus E",
        "/Members/0/DeviceState": "discharge", "/Members/0/AlarmWords": "36001=0x0004 36100=0x0010",
        "/Members/0/PossibleAlarms": "possible: network, grid peak voltage / low SoC",
        "/Members/1/Name": "right", "/Members/1/State": "online", "/Members/1/Power": 1500, "/Members/1/AcPower": 1620,
        "/Members/1/Voltage": 53.4, "/Members/1/Current": 28.09, "/Members/1/Soc": 50, "/Members/1/Model": "Marstek Venus E",
        "/Members/1/DeviceState": "charge", "/Members/1/AlarmWords": "", "/Members/1/PossibleAlarms": "",
    })
    assert_ac_coupled(bank.values())
    assert bank.value("/Mgmt/Connection") == f"Modbus {server.address}"
    assert server.connections() == 1 and {r.unit for r in server.requests()} == {1, 2}
    server.judge("v12")


def test_a_battery_on_a_serial_line(world):
    server = world.add_marstek({3: V12_DISCHARGING}, framing="rtu")
    battery = show(world, server, unit_id=3)
    wait_measured(battery, V12_DISCHARGING_ON_DBUS)
    assert battery.value("/Mgmt/Connection") == f"Modbus {server.serial}" and server.serial.startswith("/dev/pts/")
    server.judge("v12")


def test_v12_follows_its_registers(world):
    """Power every second, state of charge with it; through zero and back, with 32-bit words of either sign."""
    server = world.add_marstek({1: V12_DISCHARGING})
    battery = show(world, server)
    wait_measured(battery, V12_DISCHARGING_ON_DBUS)
    for power, ac_power, soc in [(2310, -2480, 64), (0, 0, 64), (-15, 15, 62), (-70, 57, 61)]:
        server.set(table({32102: pair(power), 32202: pair(ac_power), 32104: soc}))
        battery.wait_value("/Dc/0/Power", float(power), 1 + PATIENCE)
        battery.wait_value("/Soc", float(soc), 1)
        battery.wait_value("/Ac/Power", float(-ac_power), 2 + PATIENCE)
        assert battery.value("/Capacity") == pytest.approx(float(soc))
    server.judge("v12")


def test_v3_follows_its_registers(world):
    server = world.add_marstek({1: E3_CHARGING}, one_client=True)
    battery = show(world, server)
    wait_measured(battery, E3_CHARGING_ON_DBUS)
    for power, ac_power in [(-2500, 2310), (0, 0), (-21, 3)]:
        server.set(table({30001: signed(power), 30006: signed(ac_power)}))
        battery.wait_value("/Dc/0/Power", float(power), 2 + PATIENCE)
        battery.wait_value("/Ac/Power", float(-ac_power), 1)
    server.set({34002: 487, 35100: 3, 42000: 0x55AA})
    battery.wait_value("/Soc", pytest.approx(48.7), 10 + PATIENCE)
    battery.wait_value("/Device/State", "discharge", 10 + PATIENCE)
    battery.wait_value("/Device/Controlled", 1, 10 + PATIENCE)
    server.judge("v3")


def test_the_sun_of_an_a_comes_and_goes(world):
    """What the panels give and the inverter does not take charges the pack; at night 30001 is the better measurement."""
    server = world.add_marstek({1: A_WITH_SUN})
    battery = show(world, server)
    wait_measured(battery, A_WITH_SUN_ON_DBUS)
    server.set(table({30006: 700}))
    battery.wait_value("/Dc/0/Power", 450.5 - 700, 2 + PATIENCE)
    server.set(table({30001: signed(-735), 30037: [0, 0]}))
    battery.wait_value("/Pv/Power", 0.0, 5 + PATIENCE)
    battery.wait_value("/Dc/0/Power", -735.0, 2 + PATIENCE)


def test_a_backup_load_is_not_the_battery_s(world):
    """The grid feeds the backup output while it is there: capture v3-d-fw147-bypass-backup-124w, state 6."""
    server = world.add_marstek({1: {**D_CHARGING, **table({30001: signed(-34), 30006: [0, 124], 35100: 6})}})
    battery = show(world, server)
    battery.wait_value("/Device/State", "bypass", 10)
    values = battery.values()
    assert (values["/Dc/0/Power"], values["/Ac/Power"], values["/Ac/OffGrid/Power"], values["/State"]) == (-34.0, 0.0, 124.0, 9)


def test_soc_of_a_disconnected_battery_is_held(world):
    """99, then 0 for 15 s before the fault bit comes, and 99 again: capture v3-d-fw147-battery-disconnect-series."""
    server = world.add_marstek({1: {**D_CHARGING, 32104: 99}})
    battery = show(world, server)
    battery.wait_value("/Soc", 99.0, 10)
    server.set({32104: 0})
    battery.clear_signals()
    before = len(server.requests(address=32104))
    wait_until(lambda: len(server.requests(address=32104)) > before + 1, 25 + PATIENCE, "the SoC of 0 is read")
    assert battery.value("/Soc") == 99.0 and not [s for s in battery.signals() if "/Soc" in s]
    server.set({36100: 0x0010})
    battery.wait_value("/Device/PossibleAlarms", "possible: battery disconnected", 15 + PATIENCE)
    assert battery.value("/Soc") == 99.0 and battery.value("/Device/AlarmWords") == "36100=0x0010"


# --- which one it is -----------------------------------------------------------------------------------------------

def test_the_wrong_family_is_told_and_not_shown(world):
    server = world.add_marstek({1: E3_CHARGING})
    daemon = world.start(mixed_config({"garage": server.keys(family="v12")}))
    line = daemon.wait_log("garage", "VNSE3-0")[0]
    assert "Marstek Venus E 3.0" in line and "family = v12" in line and "family = v3" in line
    assert "set both to auto" in line
    holds_for(lambda: not world.battery(AC_INSTANCE).on_bus(), 2, "values of a wrong table are on the bus")
    assert {(r.address, r.operand) for r in server.requests()} == {(31000, 10)}, "asks by the table of the other family"
    server.judge("v3")


UNKNOWN = {31000: letters("SOMETHING-9", 10)}


def test_an_unknown_name_is_asked_back(world):
    """Its version register reads 0, so it is not v3, and v12 would be a guess."""
    server = world.add_marstek({1: {**V12_DISCHARGING, **table(UNKNOWN), 30200: 0}})
    daemon = world.start(mixed_config({"garage": server.keys()}))
    line = daemon.wait_log("garage", "SOMETHING-9")[0]
    assert "family = v12" in line and "family = v3" in line
    holds_for(lambda: not world.battery(AC_INSTANCE).on_bus(), 1, "a guess is on the bus")
    assert {(r.address, r.operand) for r in server.requests()} == {(31000, 10), (30200, 1)}


def test_an_unknown_name_is_what_the_configuration_says(world):
    server = world.add_marstek({1: {**V12_DISCHARGING, **table(UNKNOWN)}})
    battery = show(world, server, family="v12", model="e")
    wait_measured(battery, V12_DISCHARGING_ON_DBUS)
    server.judge("v12")


def test_an_unknown_name_with_a_v3_version_is_read_with_a_warning(world):
    server = world.add_marstek({1: {**E3_CHARGING, **table(UNKNOWN)}})
    battery = show(world, server)
    wait_measured(battery, E3_CHARGING_ON_DBUS)
    assert world.daemons[0].wait_log("warning", "SOMETHING-9", "v3", "model")
    server.judge("v3")


# --- banks -----------------------------------------------------------------------------------------------------------

MQTT_BATTERY = {"Dc": {"Power": 300, "Voltage": 50}, "Soc": 20, "InstalledCapacity": 100}


class Feed:
    """The MQTT battery speaks now and then, whenever a test looks."""

    def __init__(self, world):
        self.world, self.last = world, 0

    def __call__(self, predicate):
        if time.monotonic() > self.last + 1:
            self.world.publish(MQTT_BATTERY, "shed")
            self.last = time.monotonic()
        return predicate()


def test_two_marsteks_and_an_mqtt_battery(world):
    """Sums and means of all; one falls silent, the others stay, and it comes back."""
    old, new = world.add_marstek({1: V12_DISCHARGING}), world.add_marstek({1: E3_CHARGING}, one_client=True)
    members = {"old": old.keys(), "new": new.keys(), "shed": {"type": "mqtt", "topic": "shed", "coupling": "ac"}}
    daemon = world.start(mixed_config(members, default={"timeout": 5}, mqtt=broker_keys(world.broker)))
    world.broker.wait_subscribed("shed", AC_INSTANCE)
    feed, bank = Feed(world), world.battery(AC_INSTANCE)
    wait_until(lambda: feed(bank.on_bus), 10, "on the bus")

    def is_whole():
        values = bank.values()
        return values["/Dc/0/Power"] == -2724 + 2208 + 300 and values["/Soc"] == pytest.approx((63 + 62.1 + 20) / 3)
    wait_until(lambda: feed(is_whole), 10, "sum of power and mean of charge of all three")
    values = bank.values()
    # E: 5.12 kWh, E 3.0: 5.12 kWh, MQTT: 100 Ah at 51.2 V: they weigh the same
    assert values["/Dc/0/Voltage"] == pytest.approx((52.12 + 54.84 + 50) / 3)
    assert values["/InstalledCapacity"] == pytest.approx(300) and values["/Capacity"] == pytest.approx(145.1)
    assert values.get("/Ac/Power") is None, "the MQTT battery tells none, so there is no sum"
    assert values["/System/NrOfModulesOnline"] == 3
    assert_ac_coupled(values)

    old.kill()
    silent_since = time.monotonic()
    wait_until(lambda: feed(lambda: members_of(bank)["old"]["State"] == "stale"), 15 + PATIENCE, "the battery is stale")
    assert time.monotonic() - silent_since > 12, "15 s of patience with a device that pauses"
    values = bank.values()
    assert values["/Dc/0/Power"] == 2508.0 and values["/System/NrOfModulesOffline"] == 1
    assert values["/Soc"] == pytest.approx((63 + 62.1 + 20) / 3) and values["/Members/0/Soc"] == 63.0, "its charge is remembered"
    assert values["/Members/0/Power"] is None
    wait_until(lambda: feed(lambda: bank.value("/Alarms/BmsCable") == 1), 5 + PATIENCE, "the bank warns")
    daemon.wait_log("old", "not heard of for 15 s")

    old.start()
    wait_until(lambda: feed(is_whole), 35, "the battery is back")
    daemon.wait_log("old", "is back")
    assert bank.value("/System/NrOfModulesOffline") == 0 and members_of(bank)["old"]["State"] == "online"
    wait_until(lambda: feed(lambda: bank.value("/Alarms/BmsCable") == 0), 60, "the warning ends")
    assert bank.on_bus() and len(bank.owner_changes()) == 1, "the bank was there all the time"
    old.judge("v12")
    new.judge("v3")


def test_a_dead_gateway_is_not_stormed(world):
    """Connections are tried again after 1, 2, 4 ... s, and the battery leaves the bus after the timeout."""
    server = world.add_marstek({1: V12_DISCHARGING})
    daemon = world.start(mixed_config({"garage": server.keys()}, default={"timeout": 3}))
    battery = world.battery(AC_INSTANCE).wait_on_bus()
    server.kill()
    battery.wait_gone(3 + PATIENCE)
    daemon.wait_log("leaves the bus: nothing was heard of it for the timeout")
    assert len(daemon.lines(server.address, "trying again")) == 1
    server.start()
    battery.wait_on_bus(15)
    daemon.wait_log(server.address, "connected again")
    assert server.connections() == 2
    server.judge("v12")


def test_ac_and_dc_batteries_are_not_one(world, tmp_path):
    members = {"garage": {"type": "marstek-modbus", "address": "192.0.2.1"}, "shed": {"type": "mqtt", "topic": "shed"}}
    config = mixed_config(members, mqtt=broker_keys(world.broker))
    file = tmp_path / "config.ini"
    file.write_text(config)
    code, said = command_line("check", "--config", file)
    assert code == 2 and "[battery garage]" in said and "[battery shed]" in said and "coupling = ac" in said
    daemon = world.start(config, expect_exit=2)
    daemon.wait_log("coupling = ac")
    assert not world.battery(AC_INSTANCE).on_bus() and not world.battery(100).on_bus()
