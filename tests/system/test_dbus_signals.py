"""ItemsChanged: one per update, only what changed, new paths announced; and how our items look beside Victron's own."""
import re

import dbus
import pytest

from busclient import BUS_ITEM, plain
from harness import wait_until
from payloads import MINIMAL, capture, cells, with_keys

STEADY = {"Dc": {"Power": 500, "Voltage": 50, "Current": 10}, "Soc": 50}


def with_power(power, payload=None):
    payload = payload or STEADY
    return {**payload, "Dc": {**payload["Dc"], "Power": power}}


def test_only_what_changed_is_signalled(world):
    battery = world.show(STEADY)
    battery.clear_signals()
    world.publish(with_power(600))
    signals = battery.wait_signalled("/Dc/0/Power", 600.0)
    assert [list(items) for items in signals] == [["/Dc/0/Power"]]
    value, text = signals[0]["/Dc/0/Power"]
    assert isinstance(value, dbus.Double) and value.variant_level == 1 and text == "600W"


def test_signal_has_the_form_of_the_contract(world):
    battery = world.show(STEADY)
    battery.clear_signals()
    world.publish(with_power(600))
    battery.wait_signalled("/Dc/0/Power", 600.0)
    signal, = [s for s in world.client.signals if s.sender == battery.owner()]
    assert (signal.path, signal.member, signal.signature) == ("/", "ItemsChanged", "a{sa{sv}}")
    item = signal.body[0]["/Dc/0/Power"]
    assert set(item) == {"Value", "Text"} and isinstance(item["Text"], dbus.String)


def test_a_message_that_changes_nothing_is_silent(world):
    battery = world.show(STEADY)
    battery.clear_signals()
    for _ in range(5):
        world.publish(STEADY)
    world.publish(with_power(600))
    assert [list(items) for items in battery.wait_signalled("/Dc/0/Power", 600.0)] == [["/Dc/0/Power"]]


def test_one_message_is_one_signal(world):
    full = capture("mqtt-battery/readme-full-comments-removed")["reply"]
    battery = world.show(full)
    battery.clear_signals()
    changed = {**full, "Dc": {"Power": -100, "Voltage": 51, "Current": -2, "Temperature": 20}, "Soc": 60, "Soh": 97,
               "Voltages": cells(24, first=3.1), "Balances": {f"Cell{i}": 1 for i in range(1, 25)}}
    world.publish(changed)
    battery.wait_signalled("/Soc", 60.0)
    world.publish({**changed, "Soc": 59})
    signals = battery.wait_signalled("/Soc", 59.0)
    assert len(signals) == 2, [list(items) for items in signals]
    assert {"/Dc/0/Power", "/Voltages/Cell24", "/Balances/Cell24", "/Soh"} <= set(signals[0])
    assert list(signals[1]) == ["/Soc"]


def test_a_value_that_becomes_invalid_is_signalled_as_invalid(world):
    battery = world.show(with_keys(Dc={"Temperature": 20}))
    battery.clear_signals()
    world.publish(with_keys(Dc={"Temperature": None}))
    signals = battery.wait_signalled("/Dc/0/Temperature", None)
    assert [list(items) for items in signals] == [["/Dc/0/Temperature"]]
    assert signals[0]["/Dc/0/Temperature"][1] == "---"


def test_new_paths_are_announced_and_then_answer(world):
    battery = world.show(MINIMAL)
    battery.clear_signals()
    world.publish({**MINIMAL, "Voltages": cells(32), "Info": {"MaxChargeVoltage": 55.2}, "TimeToSoC": {"100": 60}})
    announced, = battery.wait_signalled("/Voltages/Cell32", cells(32)["Cell32"])
    assert {f"/Voltages/Cell{i}" for i in range(1, 33)} | {"/Info/MaxChargeVoltage", "/TimeToSoC/100"} <= set(announced)
    assert battery.value("/Voltages/Cell32") == cells(32)["Cell32"]
    assert battery.value("/Voltages")["Cell32"] == cells(32)["Cell32"]
    assert battery.value("/Info") == {"MaxChargeVoltage": 55.2}
    assert set(announced) <= set(battery.items())


def test_following_the_signals_gives_the_state(world):
    """What a client that never polls ends up with after a storm is what GetItems says."""
    battery = world.show(STEADY)
    known = battery.values()
    battery.clear_signals()
    world.broker.publish_all([("battery", f'{{"Dc":{{"Power":{i % 7 * 10 + i},"Voltage":50}},"Soc":{i % 100}}}') for i in range(500)])
    signals = battery.wait_signalled("/Dc/0/Power", float(499 % 7 * 10 + 499))
    for items in signals:
        assert items and all(known[path] != plain(value) for path, (value, text) in items.items()), "a value that did not change"
        known.update({path: plain(value) for path, (value, text) in items.items()})
    assert len(signals) <= 500
    assert known == battery.values()


def test_a_slow_client_does_not_hold_up_the_others(world):
    """A program that owns a match and never reads: the daemon must go on for everybody else."""
    battery = world.show(STEADY)
    deaf = dbus.bus.BusConnection(world.bus.address)
    deaf.add_match_string(f"type='signal',interface='{BUS_ITEM}'")
    world.broker.publish_all([("battery", f'{{"Dc":{{"Power":{i},"Voltage":50}},"Soc":50}}') for i in range(2000)])
    battery.wait_value("/Dc/0/Power", 1999.0)
    deaf.close()


def test_an_accepted_write_is_signalled_once(world):
    battery = world.show(STEADY)
    battery.clear_signals()
    assert battery.set("/CustomName", "Garage") == 0
    assert [list(items) for items in battery.wait_signalled("/CustomName", "Garage")] == [["/CustomName"]]
    assert battery.set("/CustomName", "Garage") == 0
    world.publish(with_power(600))
    assert [list(items) for items in battery.wait_signalled("/Dc/0/Power", 600.0)] == [["/CustomName"], ["/Dc/0/Power"]]


def neighbours(name):
    """Paths of a recorded service that had a value there: path -> (value, text or None). Three recorders, three forms."""
    for path, item in capture(f"venus/{name}")["reply"].items():
        item = {key.lower(): part for key, part in item.items()} if isinstance(item, dict) else {"value": item}
        if item["value"] not in ([], "[]", None):
            yield "/" + path.lstrip("/"), (item["value"], item.get("text"))


def form(text):
    """'52.70V' -> 'V': what stands behind the number."""
    return re.sub(r"^-?[\d.]+", "", text)


@pytest.mark.parametrize("name", ["battery-smartshunt-charge-180w", "battery-smartshunt-house", "battery-lynx-bms-500-discharge",
                                  "battery-lynx-lp-sum", "battery-bmv702-discharge", "battery-serialbattery-daly-getvalue"])
def test_items_look_like_those_of_the_neighbours(world, name):
    full = capture("mqtt-battery/readme-full-comments-removed")["reply"]
    battery = world.show({**full, "History": {**full["History"], "ChargedEnergy": 1, "DischargedEnergy": 2, "DeepestDischarge": -3,
                                              "FullDischarges": 1, "TimeSinceLastFullCharge": 5}, "State": 9})
    ours, wrong, compared = battery.items(), [], 0
    for path, (value, text) in neighbours(name):
        # versions and the product are ours; the contract gives /TimeToGo no unit and /FirmwareVersion as text
        if path not in ours or path in ("/TimeToGo", "/FirmwareVersion", "/HardwareVersion") or plain(ours[path][0]) is None:
            continue
        compared += 1
        our_value, our_text = plain(ours[path][0]), ours[path][1]
        if isinstance(value, str) != isinstance(our_value, str):
            wrong.append((path, value, our_value))
        # a recording whose text is the bare number (a BMV's capacity) does not know its unit
        elif text and not isinstance(value, str) and path != "/ProductId" and form(text) and form(text) != form(our_text):
            wrong.append((path, text, our_text))
    assert wrong == [] and compared >= 8


def test_the_signal_of_the_last_message_before_a_pause_is_not_kept_back(world):
    """No batching by time: the value is out although nothing follows it."""
    battery = world.show(STEADY)
    battery.clear_signals()
    world.publish(with_power(700))
    wait_until(battery.signals, 1, "the signal comes by itself")
