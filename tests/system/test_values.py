"""From JSON to values: what is taken, merged, derived and refused. Broken messages: test_bad_messages.py."""
import json
import math

import dbus
import pytest

from busclient import plain
from payloads import CAPTURES, MINIMAL, capture, cells, expected_items, kind_of, with_keys

PAYLOADS = sorted(path.stem for path in (CAPTURES / "mqtt-battery").glob("*.json") if "reply" in json.loads(path.read_text()))
# A wrapped one also carries what describes its sender; that none of its keys is a complaint is a unit test.
UNWRAPPED = [name for name in PAYLOADS if "value" not in capture(f"mqtt-battery/{name}")["reply"]]
EXPECT_PATH = {"power_w": "/Dc/0/Power", "voltage": "/Dc/0/Voltage", "current": "/Dc/0/Current", "soc": "/Soc"}


def close(value, expected, tolerance=1e-6):
    return isinstance(value, (int, float)) and math.isclose(value, expected, rel_tol=tolerance, abs_tol=tolerance)


@pytest.mark.parametrize("name", PAYLOADS)
def test_captured_payload_gives_what_it_expects(world, name):
    sample = capture(f"mqtt-battery/{name}")
    values = world.show(sample.get("reply_text") or sample["reply"]).values()
    assert {key: values[path] for key, path in EXPECT_PATH.items() if key in sample["expect"]} == sample["expect"]


@pytest.mark.parametrize("name", UNWRAPPED)
def test_every_key_of_a_captured_payload_reaches_its_path(world, name):
    payload = capture(f"mqtt-battery/{name}")["reply"]
    values = world.show(payload).values()
    wrong = [(path, value, values.get(path)) for path, value in expected_items(payload).items()
             if not (values.get(path) == value or path == "/History/TotalAhDrawn" and abs(values[path]) == abs(value))]
    assert wrong == []


def test_five_modules_stay_five(world):
    """One battery: counts come through as reported, its ids are not renamed."""
    values = world.show(capture("mqtt-battery/issue9-five-modules-charging")["reply"]).values()
    assert (values["/System/NrOfModulesOnline"], values["/System/NrOfModulesOffline"]) == (5, 0)
    assert values["/System/MinVoltageCellId"] == "P4_Z1"
    assert values["/TimeToGo"] == 0


def test_one_battery_that_reports_no_modules_is_one_module(world):
    values = world.show().values()
    assert (values["/System/NrOfModulesOnline"], values["/System/NrOfModulesOffline"]) == (1, 0)


@pytest.mark.parametrize("spell", [
    lambda payload: {"value": json.dumps(payload)},
    lambda payload: {"value": payload},
    lambda payload: {**payload, "Dc": {"0": payload["Dc"]}},
    lambda payload: {"value": json.dumps({**payload, "Dc": {"0": payload["Dc"]}})},
], ids=["value-text", "value-object", "Dc-0", "value-text-Dc-0"])
def test_spellings_of_the_same_message(world, spell):
    payload = with_keys(Dc={"Temperature": 21.5, "MidVoltage": 26.1}, Alarms={"LowSoc": 2})
    values = world.show(spell(payload)).values()
    for path, value in expected_items(payload).items():
        assert values[path] == value, path


def test_json_data_of_serialbattery(world):
    """Derived from dbus-serialbattery's source (GetItems cascaded into one object, invalid values as null); no capture exists.
    Its own identity must not overwrite ours."""
    data = with_keys(
        Dc={"0": {"Power": -512.5, "Voltage": 52.1, "Current": -9.8, "Temperature": 23.0, "MidVoltage": None}},
        Mgmt={"ProcessName": "/data/apps/dbus-serialbattery/dbus-serialbattery.py", "ProcessVersion": "Python 3", "Connection": "Serial"},
        DeviceInstance=1, ProductId=0xBA77, ProductName="SerialBattery(JK)", CustomName="SerialBattery", FirmwareVersion="2.0",
        HardwareVersion="JK-B2A24S", Connected=1, Serial="123", DeviceName="JK", Soc=64.0, InstalledCapacity=280.0, Capacity=179.2,
        ConsumedAmphours=-100.8, TimeToGo=None, State=9, ErrorCode=0, Manufacturer="JK", Family="JK",
        System={"MinVoltageCellId": "C1", "MinCellVoltage": 3.25, "NrOfCellsPerBattery": 16, "MOSTemperature": None},
        Voltages={**cells(16), "Sum": 52.9, "Diff": 0.015}, Balances={"Cell1": 1}, TimeToSoC={"50": "2h 10m", "100": None},
        Info={"ChargeMode": "Bulk", "MaxChargeVoltage": 55.2, "MaxChargeCurrent": 50.0, "ChargeModeDebug": "x"}, History={"CanBeCleared": 0},
        Io={"AllowToCharge": 1, "ForceChargingOff": 0}, Alarms={"LowVoltage": 0}, Heating=0, CurrentAvg=-9.5, SocBms=63.5)
    del data["Dc"]["Power"], data["Dc"]["Voltage"]
    values = world.show({"value": json.dumps(data)}).values()
    assert (values["/ProductName"], values["/CustomName"], values["/DeviceInstance"], values["/ProductId"]) == (
        "Test Battery", "Test Battery", 100, 0xFFFF)
    assert "serialbattery" not in values["/Mgmt/ProcessName"]
    for path in ("/Dc/0/Power", "/Soc", "/Capacity", "/System/MinVoltageCellId", "/Voltages/Sum", "/Voltages/Diff", "/Balances/Cell1",
                 "/TimeToSoC/50", "/Info/ChargeMode", "/Info/MaxChargeCurrent", "/SocBms", "/CurrentAvg", "/State", "/Io/AllowToCharge"):
        assert values[path] == expected_items(data)[path], path
    assert values["/TimeToGo"] is None and values.get("/System/MOSTemperature") is None


def test_absent_keys_keep_their_value_and_null_ends_it(world):
    battery = world.show(with_keys(Dc={"Temperature": 20}, Info={"MaxChargeVoltage": 55.2, "MaxChargeCurrent": 80}))
    world.publish({"Dc": {"Power": 10, "Voltage": 50}, "Soc": 40, "Info": {"MaxChargeCurrent": None}})
    battery.wait_value("/Soc", 40.0)
    values = battery.values()
    assert (values["/Dc/0/Temperature"], values["/Info/MaxChargeVoltage"], values["/Info/MaxChargeCurrent"]) == (20.0, 55.2, None)


def test_current_is_derived_unless_this_message_carries_it(world):
    battery = world.show({"Dc": {"Power": 500, "Voltage": 50}, "Soc": 50})
    assert close(battery.value("/Dc/0/Current"), 10)
    for message, current in (({"Power": -1000, "Voltage": 50}, -20), ({"Power": -1000, "Voltage": 50, "Current": -19.5}, -19.5),
                             ({"Power": 100, "Voltage": 50}, 2)):
        world.publish({"Dc": message, "Soc": 50})
        battery.wait_value("/Dc/0/Current", lambda value, wanted=current: close(value, wanted))
    world.publish({"Dc": {"Power": 100, "Voltage": 50, "Current": None}, "Soc": 50})
    battery.wait_value("/Dc/0/Current", None)


@pytest.mark.parametrize("keys,capacity,consumed", [
    ({"InstalledCapacity": 200}, 126, -74),
    ({"InstalledCapacity": 200, "ConsumedAmphours": 74.5}, 125.5, -74.5),
    ({"InstalledCapacity": 200, "ConsumedAmphours": -74.5}, 125.5, -74.5),
    ({"InstalledCapacity": 200, "Capacity": 120}, 120, -80),
    ({"InstalledCapacity": 200, "Capacity": 120, "ConsumedAmphours": 79}, 120, -79),
    ({"Capacity": 120}, 120, None),
    ({}, None, None),
])
def test_capacity_and_consumed_amphours_are_derived(world, keys, capacity, consumed):
    values = world.show(with_keys(**keys)).values()
    assert values["/Capacity"] is None if capacity is None else close(values["/Capacity"], capacity)
    assert values["/ConsumedAmphours"] is None if consumed is None else close(values["/ConsumedAmphours"], consumed)


def test_capacity_from_the_configuration(world):
    """For a battery whose messages do not say it: Wh at the nominal voltage."""
    values = world.show(MINIMAL, mqtt={"capacity_wh": 9600, "nominal_voltage_v": 48}).values()
    assert close(values["/InstalledCapacity"], 200) and close(values["/Capacity"], 126) and close(values["/ConsumedAmphours"], -74)


def test_capacity_follows_soc(world):
    battery = world.show(with_keys(InstalledCapacity=200))
    world.publish({**MINIMAL, "Soc": 50})
    battery.wait_value("/Capacity", lambda value: close(value, 100))
    assert close(battery.value("/ConsumedAmphours"), -100)


def test_a_full_battery_consumed_plain_zero(world):
    """-0.0 would show as -0.0Ah."""
    battery = world.show({"Dc": {"Power": -0.0, "Voltage": 50}, "Soc": 100, "InstalledCapacity": 200})
    for path in ("/ConsumedAmphours", "/Dc/0/Power", "/Dc/0/Current"):
        assert math.copysign(1, battery.value(path)) == 1, path
    assert (battery.text("/ConsumedAmphours"), battery.text("/Dc/0/Power"), battery.text("/Dc/0/Current")) == ("0.0Ah", "0W", "0.0A")


def test_nothing_is_divided_by_zero(world):
    battery = world.show({"Dc": {"Power": 100, "Voltage": 0}, "Soc": 50, "InstalledCapacity": 0})
    for path, value in battery.values().items():
        assert not isinstance(value, float) or math.isfinite(value), path
    assert battery.value("/Dc/0/Current") in (None, 0.0)


def test_cells_give_extremes_ids_sum_and_difference(world):
    voltages = {**cells(16), "Cell3": 3.1, "Cell16": 3.5}
    values = world.show(with_keys(Voltages=voltages)).values()
    assert (values["/System/MinVoltageCellId"], values["/System/MaxVoltageCellId"]) == ("Cell3", "Cell16")
    assert (values["/System/MinCellVoltage"], values["/System/MaxCellVoltage"]) == (3.1, 3.5)
    assert close(values["/Voltages/Sum"], sum(voltages.values())) and close(values["/Voltages/Diff"], 0.4)


def test_what_a_message_says_of_its_cells_wins(world):
    values = world.show(with_keys(Voltages={**cells(4), "Sum": 13.9, "Diff": 0.5},
                                  System={"MinVoltageCellId": "C2", "MinCellVoltage": 3.2, "MaxVoltageCellId": "C4", "MaxCellVoltage": 3.6})).values()
    assert (values["/System/MinVoltageCellId"], values["/System/MaxVoltageCellId"]) == ("C2", "C4")
    assert (values["/System/MinCellVoltage"], values["/System/MaxCellVoltage"]) == (3.2, 3.6)
    assert (values["/Voltages/Sum"], values["/Voltages/Diff"]) == (13.9, 0.5)


def test_sum_and_diff_are_not_cells(world):
    """The Python driver names 'Diff' as the lowest cell of dbus-serialbattery's data."""
    values = world.show(with_keys(Voltages={**cells(4), "Sum": 13.2, "Diff": 0.003})).values()
    assert (values["/System/MinVoltageCellId"], values["/System/MaxVoltageCellId"]) == ("Cell1", "Cell4")
    assert (values["/System/MinCellVoltage"], values["/System/MaxCellVoltage"]) == (3.3, 3.303)


def test_extremes_follow_a_message_with_some_of_the_cells(world):
    battery = world.show(with_keys(Voltages={"Cell1": 3.30, "Cell2": 3.31, "Cell3": 3.32}))
    world.publish(with_keys(Voltages={"Cell2": 3.40}))
    battery.wait_value("/System/MaxCellVoltage", 3.40)
    values = battery.values()
    assert (values["/System/MaxVoltageCellId"], values["/System/MinVoltageCellId"], values["/System/MinCellVoltage"]) == ("Cell2", "Cell1", 3.30)
    assert close(values["/Voltages/Sum"], 3.30 + 3.40 + 3.32) and close(values["/Voltages/Diff"], 0.10)


def test_32_cells_and_no_more(world):
    items = world.show(with_keys(Voltages=cells(33), Balances={"Cell32": 1})).items()
    assert plain(items["/Voltages/Cell32"][0]) == cells(32)["Cell32"] and "/Voltages/Cell33" not in items
    assert plain(items["/Balances/Cell32"][0]) == 1


@pytest.mark.parametrize("keys,path,value", [
    ({"Balancing": True}, "/Balancing", 1),
    ({"Io": {"AllowToCharge": False}}, "/Io/AllowToCharge", 0),
    ({"System": {"MinVoltageCellId": 3}}, "/System/MinVoltageCellId", "3"),
    ({"System": {"Temperature1Name": "Tür"}}, "/System/Temperature1Name", "Tür"),
    ({"TimeToSoC": {"0": 3600}}, "/TimeToSoC/0", "3600"),
    ({"TimeToSoC": {"95": "1h 30m"}}, "/TimeToSoC/95", "1h 30m"),
    ({"Info": {"ChargeMode": "Float"}}, "/Info/ChargeMode", "Float"),
    ({"State": 9}, "/State", 9),
])
def test_types_that_json_and_dbus_name_differently(world, keys, path, value):
    item = world.show(with_keys(**keys)).items()[path]
    assert plain(item[0]) == value
    assert isinstance(item[0], {int: dbus.Int32, str: dbus.String}[kind_of(path)])


@pytest.mark.parametrize("soc", [0, 100, 0.5])
def test_the_ends_of_the_soc_range_are_taken(world, soc):
    assert world.show({**MINIMAL, "Soc": soc}).value("/Soc") == float(soc)


FLOW = {"InstalledCapacity": 200, "Soc": 50}


@pytest.mark.parametrize("power,more,options,expected", [
    (-1024, {}, {}, 80 / 20 * 3600),                        # 100 Ah are there, 20 Ah stay at 10 %, 20 A flow
    (-1024, {}, {"soc": 30}, 40 / 20 * 3600),
    (1024, {}, {}, 100 / 20 * 3600),                        # charging: to 100 %
    (0, {}, {}, None),
    (-1, {"InstalledCapacity": 1000}, {}, None),            # more than ten days says nothing
    (-1024, {"TimeToGo": 1234}, {}, 1234),
    (-1024, {}, {"enabled": 0}, None),
], ids=["discharging", "to-30-percent", "charging", "idle", "ten-days", "message-wins", "disabled"])
def test_time_to_go(world, power, more, options, expected):
    battery = world.show({"Dc": {"Power": power, "Voltage": 51.2}, **FLOW, **more}, time_to_go=options)
    value = battery.value("/TimeToGo")
    assert value is None if expected is None else close(value, expected, 1e-3)


def test_a_discharge_below_the_soc_of_time_to_go_is_never_negative(world):
    value = world.show({"Dc": {"Power": -1024, "Voltage": 51.2}, "InstalledCapacity": 200, "Soc": 5}).value("/TimeToGo")
    assert value is None or value == 0
