"""Messages that are wrong as a whole or in one key: said in the log with topic and key, never shown, never fatal."""
import json

import pytest

from harness import wait_until
from payloads import MINIMAL, with_keys

TOPIC = "house/cellar/bms"
GOOD = with_keys(Dc={"Temperature": 20}, InstalledCapacity=200, Alarms={"LowSoc": 0}, History={"ChargeCycles": 5},
                 System={"MinVoltageCellId": "C1"}, Io={"AllowToCharge": 1}, TimeToGo=600)


def body(dc='"Power": 100, "Voltage": 50', soc="50", more=""):
    """A message as text: Python's json would not write what is tested here."""
    return f'{{"Dc": {{{dc}}}, "Soc": {soc}{more}}}'


@pytest.fixture
def shown(world):
    """(battery, daemon) with one good message taken; what the daemon said until then is forgotten."""
    battery = world.show(GOOD, topic=TOPIC)
    world.daemons[0].forget_log()
    return battery, world.daemons[0]


@pytest.mark.parametrize("message", [
    "", "   ", "not json", "{", '{"Dc": ', "[]", "[1, 2]", "null", "42", '"text"', "true", '{"value": 3}', '{"value": "not json"}', '{"value": null}',
    "{}", '{"Dc": {}, "Soc": 5}', '{"Dc": 5, "Soc": 5}', b"\xff\xfe\x00\x01",
    body(dc='"Voltage": 50'), body(dc='"Power": 100'), '{"Dc": {"Power": 100, "Voltage": 50}}', body(soc="null"), body(soc="-0.1"), body(soc="100.1"),
    body(soc='"50"'), body(soc="NaN"), body(soc="true"), body(dc='"Power": null, "Voltage": 50'), body(dc='"Power": "100", "Voltage": 50'),
    body(dc='"Power": 1e999, "Voltage": 50'), body(dc='"Power": NaN, "Voltage": 50'), body(dc='"Power": 100, "Voltage": Infinity'),
    body(dc='"Power": [1], "Voltage": 50'), body() + "x", "[" * 100000, '{"Dc":' * 5000 + "1" + "}" * 5000,
], ids=lambda message: repr(message[:44]))
def test_a_message_that_is_refused_changes_nothing(world, shown, message):
    battery, daemon = shown
    before = battery.values()
    battery.clear_signals()
    world.publish(message, topic=TOPIC)
    daemon.wait_log(TOPIC)
    world.publish({**GOOD, "Soc": 51}, topic=TOPIC)  # a later message shows that the refused one has been through
    battery.wait_value("/Soc", 51.0)
    moved = {"/Soc", "/Capacity", "/ConsumedAmphours"}
    assert {path for items in battery.signals() for path in items} <= moved
    after = battery.values()
    assert {path for path in after if after[path] != before[path]} <= moved


@pytest.mark.parametrize("bad,path", [
    ('"Dc": {"Power": 100, "Voltage": 50, "Temperature": NaN}', "/Dc/0/Temperature"),
    ('"Dc": {"Power": 100, "Voltage": 50, "Temperature": -Infinity}', "/Dc/0/Temperature"),
    ('"Dc": {"Power": 100, "Voltage": 50, "Temperature": 1e999}', "/Dc/0/Temperature"),
    ('"Dc": {"Power": 100, "Voltage": 50, "Temperature": "20"}', "/Dc/0/Temperature"),
    ('"Dc": {"Power": 100, "Voltage": 50, "Temperature": [20]}', "/Dc/0/Temperature"),
    ('"Dc": {"Power": 100, "Voltage": 50, "Temperature": true}', "/Dc/0/Temperature"),
    ('"InstalledCapacity": "200"', "/InstalledCapacity"),
    ('"Alarms": {"LowSoc": 3}', "/Alarms/LowSoc"),
    ('"Alarms": {"LowSoc": -1}', "/Alarms/LowSoc"),
    ('"Alarms": {"LowSoc": "1"}', "/Alarms/LowSoc"),
    ('"History": {"ChargeCycles": 99999999999}', "/History/ChargeCycles"),
    ('"History": {"ChargeCycles": 99999999999999999999999999}', "/History/ChargeCycles"),
    ('"Io": {"AllowToCharge": {"a": 1}}', "/Io/AllowToCharge"),
    ('"System": {"MinVoltageCellId": ["C1"]}', "/System/MinVoltageCellId"),
    ('"TimeToGo": "soon"', "/TimeToGo"),
])
def test_one_bad_key_is_refused_and_the_rest_taken(world, shown, bad, path):
    battery, daemon = shown
    before = battery.value(path)
    good = "" if bad.startswith('"Dc"') else '"Dc": {"Power": 100, "Voltage": 50}, '
    world.publish(f'{{{good}{bad}, "Soc": 51}}', topic=TOPIC)
    battery.wait_value("/Soc", 51.0)
    assert battery.value("/Dc/0/Power") == 100.0
    if path == "/TimeToGo":  # a message without a usable TimeToGo leaves it to us
        assert isinstance(battery.value(path), (int, float, type(None)))
    else:
        assert battery.value(path) == before
    daemon.wait_log(TOPIC, path.rsplit("/", 1)[1])


def test_wrong_messages_before_the_first_good_one_show_nothing(world):
    daemon = world.start_listening(topic=TOPIC)
    daemon.forget_log()
    for message in ("", "nonsense", json.dumps({"Dc": {"Power": 1}, "Soc": 5}), json.dumps({**MINIMAL, "Soc": 101})):
        world.publish(message, topic=TOPIC)
    daemon.wait_log(TOPIC)
    assert not world.battery().on_bus()
    world.publish(MINIMAL, topic=TOPIC)
    world.battery().wait_on_bus()


def test_a_stream_of_bad_messages_does_not_flood_the_log(world, shown):
    battery, daemon = shown
    world.broker.publish_all([(TOPIC, body(more=', "Alarms": {"LowSoc": 7}')), (TOPIC, "nonsense"), (TOPIC, body(soc="200"))] * 300
                             + [(TOPIC, body(soc="52"))])
    battery.wait_value("/Soc", 52.0)
    daemon.wait_log(TOPIC, "LowSoc")
    added = daemon.log().splitlines()
    assert 1 <= len(added) <= 30, f"{len(added)} lines for 900 bad messages"
    assert all(len(line) < 500 for line in added), "a log line repeats the payload"


def test_a_payload_cannot_write_its_own_log_lines(world, shown):
    battery, daemon = shown
    world.publish(body(soc='"x\\nforged line\\r\\u001b[31m"'), topic=TOPIC)
    world.publish('{"for\\nged": "x\\nforged line", "Dc": {"Power": 1, "Voltage": 50}, "Soc": 52}', topic=TOPIC)
    battery.wait_value("/Soc", 52.0)
    daemon.wait_log(TOPIC)
    assert not [line for line in daemon.log().splitlines() if line.startswith(("forged", "ged"))]
    assert "\x1b" not in daemon.log()


def test_a_key_named_twice_is_neither_fatal_nor_silent(world, shown):
    battery, daemon = shown
    world.publish('{"Dc": {"Power": 100, "Voltage": 50}, "Soc": 50, "Balancing": 0, "Balancing": 1}', topic=TOPIC)
    world.publish(body(soc="53"), topic=TOPIC)
    battery.wait_value("/Soc", 53.0)
    daemon.wait_log(TOPIC, "Balancing")


@pytest.mark.parametrize("size,taken", [(65536, True), (65537, False), (1000000, False)])
def test_payloads_up_to_64_kb(world, shown, size, taken):
    battery, daemon = shown
    text = body(soc="61")
    world.publish(text + " " * (size - len(text)), topic=TOPIC)
    if taken:
        battery.wait_value("/Soc", 61.0)
        return
    daemon.wait_log(TOPIC, str(size))
    world.publish(body(soc="62"), topic=TOPIC)
    battery.wait_value("/Soc", 62.0)
    assert 61.0 not in [float(items["/Soc"][0]) for items in battery.signals() if "/Soc" in items]


def test_unknown_keys_do_no_harm(world, shown):
    battery, _ = shown
    world.publish({**GOOD, "Soc": 54, "Nonsense": 1, "Dc": {**GOOD["Dc"], "Colour": "blue"}, "Bad Path!/x": {"../y": 1}, "": 3,
                   "Mgmt": {"Connection": "forged"}, "Connected": 0, "Members": {"0": {"State": "forged"}}}, topic=TOPIC)
    battery.wait_value("/Soc", 54.0)
    values = battery.values()
    assert values["/Connected"] == 1 and values["/Mgmt/Connection"] != "forged"
    assert not [path for path in values if "Nonsense" in path or "Colour" in path or "Members" in path or "Bad" in path]


def test_a_flood_of_different_bad_keys_stays_small(world, shown):
    """Rate limiting per key must not become a list that grows with what strangers send."""
    battery, daemon = shown
    for start in range(0, 3000, 500):
        world.publish({**GOOD, "Dc": {**GOOD["Dc"], **{f"Key{i}": [i] for i in range(start, start + 500)}}}, topic=TOPIC)
    world.publish(body(soc="55"), topic=TOPIC)
    battery.wait_value("/Soc", 55.0)
    assert len(daemon.log()) < 30000
    wait_until(daemon.alive, 1, "still running")


def test_a_text_that_dbus_cannot_carry_costs_only_itself(world):
    """sd-bus refuses Unicode's noncharacters with an error: one text must not cost the whole service."""
    battery = world.show(with_keys(Info={"ChargeMode": "Float"}))
    world.publish('{"Dc":{"Power":5,"Voltage":52},"Soc":50,"Info":{"ChargeMode":"a\\ufffeb"}}')
    battery.wait_value("/Dc/0/Power", 5.0)
    assert battery.values()["/Info/ChargeMode"] == "Float"
    world.daemons[0].wait_log("topic battery", "Info.ChargeMode")


def test_a_voltage_next_to_nothing_gives_no_infinite_current(world):
    battery = world.show({"Dc": {"Power": 1000, "Voltage": 1e-320}, "Soc": 50})
    assert battery.value("/Dc/0/Current") is None
