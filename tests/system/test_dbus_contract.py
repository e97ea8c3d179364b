"""com.victronenergy.BusItem as Victron's programs use it: names, paths, types, texts, calls. Signals: test_dbus_signals.py."""
import dbus
import pytest
from dbus.exceptions import DBusException

from busclient import BUS_ITEM, invalid, plain
from harness import wait_until
from payloads import MINIMAL, capture, expected_items, kind_of, with_keys

MANDATORY = """/Mgmt/ProcessName /Mgmt/ProcessVersion /Mgmt/Connection /DeviceInstance /ProductId /ProductName /Connected
/Dc/0/Voltage /Dc/0/Current /Dc/0/Power /Soc""".split()
ALARMS = """LowVoltage HighVoltage LowCellVoltage HighCellVoltage LowSoc HighCurrent HighChargeCurrent HighDischargeCurrent
CellImbalance InternalFailure HighTemperature LowTemperature HighChargeTemperature LowChargeTemperature
HighInternalTemperature FuseBlown BmsCable""".split()
RECOMMENDED = """/CustomName /FirmwareVersion /HardwareVersion /Dc/0/Temperature /TimeToGo /Capacity /InstalledCapacity
/ConsumedAmphours /Io/AllowToCharge /Io/AllowToDischarge /System/MinCellVoltage /System/MaxCellVoltage
/System/MinCellTemperature /System/MaxCellTemperature /System/NrOfModulesOnline /System/NrOfModulesOffline
/System/NrOfModulesBlockingCharge /System/NrOfModulesBlockingDischarge /History/ChargedEnergy
/History/DischargedEnergy""".split() + [f"/Alarms/{name}" for name in ALARMS]

RICH = with_keys(Dc={"Temperature": 23}, InstalledCapacity=200, TimeToGo=3600, Alarms={"LowSoc": 1},
                 Voltages={"Cell1": 3.3, "Cell2": 3.31, "Cell3": 3.32}, Io={"AllowToCharge": 1}, Info={"MaxChargeVoltage": 55.2})


def test_the_name_waits_for_the_first_message(world):
    world.start_listening()
    assert not world.battery().on_bus()
    world.publish(MINIMAL)
    world.battery().wait_on_bus(2)


def test_a_client_that_reacts_to_the_name_finds_everything(world):
    """systemcalc reads /DeviceInstance once, in its very first GetItems; an invalid one stops it for good."""
    answers = []

    def name_appeared(name, old, new):
        if name == world.battery().name and new:
            world.client.connection.call_async(new, "/", BUS_ITEM, "GetItems", "", (), answers.append, answers.append)
    world.client.connection.add_signal_receiver(name_appeared, "NameOwnerChanged", dbus.BUS_DAEMON_IFACE)
    world.start_listening()
    world.publish(MINIMAL)
    wait_until(lambda: answers, 5, "the first GetItems is answered")
    first = {path: plain(item["Value"]) for path, item in answers[0].items()}
    assert first["/DeviceInstance"] == 100
    assert (first["/Dc/0/Power"], first["/Dc/0/Voltage"], first["/Soc"]) == (321.6, 52.7, 63.0)


def test_mandatory_and_recommended_paths_exist_from_the_start(world):
    items = world.show().items()
    assert [path for path in MANDATORY + RECOMMENDED if path not in items] == []
    assert [path for path in MANDATORY if plain(items[path][0]) is None] == []


def test_paths_nobody_measured_are_absent(world):
    """An invalid /Info/MaxChargeVoltage alone would make this battery win the selection as battery monitor."""
    battery = world.show()
    assert [path for path in battery.items() if path.startswith(("/Info/", "/Voltages/", "/TimeToSoC/", "/Members/"))] == []
    for path in ("/Info/MaxChargeVoltage", "/Info", "/Voltages/Cell1", "/TimeToSoC/0"):
        with pytest.raises(DBusException) as refused:
            battery.raw(path)
        assert refused.value.get_dbus_name() == "org.freedesktop.DBus.Error.UnknownObject"


def test_identity(world):
    values = world.show().values()
    assert values["/ProductId"] == 0xFFFF
    assert values["/ProductName"] == values["/CustomName"] == "Test Battery"
    assert values["/Connected"] == 1 and values["/DeviceInstance"] == 100
    assert values["/Mgmt/ProcessName"] and values["/Mgmt/ProcessVersion"] and values["/Mgmt/Connection"]


def test_types_do_not_depend_on_how_json_writes_a_number(world):
    payload = capture("mqtt-battery/readme-full-comments-removed")["reply"]
    whole = {"Dc": {"Power": 322, "Voltage": 53, "Current": 6, "Temperature": 23}, "InstalledCapacity": 200, "Soc": 63}
    battery = world.show({**payload, **whole})
    wrong, kinds = [], {float: dbus.Double, int: dbus.Int32, str: dbus.String}
    items = battery.items()
    for path in expected_items({**payload, **whole}):
        kind = kinds.get(kind_of(path), (dbus.Double, dbus.Int32))
        if path not in items or not isinstance(items[path][0], kind):
            wrong.append((path, repr(items.get(path))))
    assert wrong == []
    for path in ("/DeviceInstance", "/ProductId", "/Connected"):
        assert isinstance(items[path][0], dbus.Int32), path


def test_no_value_is_an_empty_array_of_int32(world):
    battery = world.show()
    for path in ("/Dc/0/Temperature", "/HardwareVersion", "/InstalledCapacity", "/System/MinCellVoltage", "/Alarms/LowSoc"):
        raw = battery.raw(path)
        assert invalid(raw) and raw.variant_level == 1, (path, repr(raw))
        assert battery.text(path) == "---"
        assert invalid(battery.items()[path][0]) and battery.items()[path][1] == "---"


@pytest.mark.parametrize("more,path,text", [
    ({}, "/Dc/0/Voltage", "52.70V"),
    ({}, "/Dc/0/Current", "6.1A"),
    ({}, "/Dc/0/Power", "322W"),
    ({}, "/Soc", "63%"),
    ({}, "/ProductId", "0xFFFF"),
    ({"InstalledCapacity": 200}, "/InstalledCapacity", "200Ah"),
    ({"InstalledCapacity": 200}, "/Capacity", "126.0Ah"),
    ({"InstalledCapacity": 200}, "/ConsumedAmphours", "-74.0Ah"),
    ({"TimeToGo": 3600}, "/TimeToGo", "3600"),
    ({"System": {"MinCellVoltage": 3.3}}, "/System/MinCellVoltage", "3.300V"),
    ({"Voltages": {"Cell1": 3.3}}, "/Voltages/Cell1", "3.300V"),
    ({"Info": {"MaxChargeVoltage": 55.2}}, "/Info/MaxChargeVoltage", "55.20V"),
    ({"Info": {"MaxChargeCurrent": 80}}, "/Info/MaxChargeCurrent", "80.0A"),
    ({"History": {"ChargedEnergy": 11.5}}, "/History/ChargedEnergy", "11.50kWh"),
    ({"Alarms": {"LowSoc": 1}}, "/Alarms/LowSoc", "1"),
    ({"System": {"MinVoltageCellId": "C3"}}, "/System/MinVoltageCellId", "C3"),
])
def test_text_has_the_form_of_the_contract(world, more, path, text):
    battery = world.show(with_keys(**more))
    assert battery.text(path) == text
    assert battery.items()[path][1] == text


def test_temperature_text_starts_with_one_decimal(world):
    assert world.show(RICH).text("/Dc/0/Temperature") in ("23.0", "23.0°C")


def test_leaf_and_root_tell_the_same(world):
    battery = world.show(RICH)
    for path, (value, text) in battery.items().items():
        raw = battery.raw(path)
        assert plain(raw) == plain(value) and type(raw) is type(value) and raw.variant_level == 1, path
        assert battery.text(path) == text, path


def test_inner_nodes_answer_with_their_subtree(world):
    battery = world.show(RICH)
    items = battery.items()
    nodes = {path.rsplit("/", depth)[0] or "/" for path in items for depth in range(1, path.count("/") + 1)}
    assert {"/", "/Dc", "/Dc/0", "/Alarms", "/Voltages", "/System", "/Info", "/Mgmt"} <= nodes
    for node in sorted(nodes):
        prefix = node.rstrip("/") + "/"
        below = {path[len(prefix):]: item for path, item in items.items() if path.startswith(prefix)}
        values, texts = battery.raw(node), battery.call(node, "GetText")
        assert plain(values) == {path: plain(value) for path, (value, text) in below.items()}, node
        assert plain(texts) == {path: text for path, (value, text) in below.items()}, node
        assert (values.signature, texts.signature) == ("sv", "ss"), node
        assert values.variant_level == texts.variant_level == 1, node


def test_calls_without_interface_work(world):
    """VeDbusItemImport and proxybattery.py send no interface header."""
    battery = world.show(RICH)

    def proxy(path):
        return world.client.connection.get_object(battery.name, path, introspect=False)
    assert proxy("/Dc/0/Power").GetValue() == 321.6
    assert proxy("/Dc/0/Power").GetText() == "322W"
    assert invalid(proxy("/HardwareVersion").GetValue())
    assert plain(proxy("/Dc/0").GetValue()) == plain(battery.raw("/Dc/0"))
    assert plain(proxy("/Dc/0").GetText()) == plain(battery.call("/Dc/0", "GetText"))
    assert plain(proxy("/").GetItems()) == plain(battery.call("/", "GetItems"))
    assert proxy("/Soc").SetValue(dbus.Double(5, variant_level=1)) == 1
    assert proxy("/CustomName").SetValue("Cellar") == 0
    assert battery.value("/CustomName") == "Cellar"
    for path, member, error in (("/Nothing/Here", "GetValue", "UnknownObject"), ("/Soc", "Explode", "UnknownMethod")):
        with pytest.raises(DBusException) as refused:
            battery.call(path, member, interface=None)
        assert refused.value.get_dbus_name() == f"org.freedesktop.DBus.Error.{error}"


def test_unknown_methods_and_objects_are_errors_not_silence(world):
    battery = world.show()
    for path, member, error in (("/Soc", "GetMin", "UnknownMethod"), ("/Nothing", "GetValue", "UnknownObject")):
        with pytest.raises(DBusException) as refused:
            battery.call(path, member)
        assert refused.value.get_dbus_name() == f"org.freedesktop.DBus.Error.{error}"


@pytest.mark.parametrize("path", ["/Soc", "/Dc/0/Power", "/DeviceInstance", "/ProductName", "/Connected", "/Dc/0/Temperature"])
def test_what_is_not_writable_answers_1_and_keeps_its_value(world, path):
    battery = world.show()
    before = battery.raw(path)
    battery.clear_signals()
    assert battery.set(path, dbus.Double(7.0)) == 1
    assert battery.set(path, dbus.String("seven")) == 1
    assert plain(battery.raw(path)) == plain(before)
    assert battery.signals() == []


@pytest.mark.parametrize("signature,argument", [("s", "x"), ("d", 1.5), ("i", 3), ("b", True), ("ai", dbus.Array([], signature="i"))])
def test_set_value_with_a_bare_argument_is_answered(world, signature, argument):
    """gui-v2 writes an undefined value as a bare `ai`; velib services answer it like any other."""
    battery = world.show()
    for interface in (BUS_ITEM, None):
        answer = battery.call("/Soc", "SetValue", argument, signature=signature, interface=interface)
        assert isinstance(answer, dbus.Int32) and answer == 1
    assert battery.value("/Soc") == 63.0


def test_custom_name_takes_a_bare_string(world):
    battery = world.show()
    assert battery.call("/CustomName", "SetValue", "Garage", signature="s") == 0
    assert battery.value("/CustomName") == "Garage"


def test_introspection_shows_items_and_children(world):
    battery = world.show()
    options = {"interface": "org.freedesktop.DBus.Introspectable"}
    leaf, root = battery.call("/Soc", "Introspect", **options), battery.call("/", "Introspect", **options)
    for word in (BUS_ITEM, "GetValue", "GetText", "SetValue"):
        assert word in leaf
    for word in ("GetItems", "ItemsChanged", '<node name="Dc"', '<node name="Soc"'):
        assert word in root
    assert '<node name="0"' in battery.call("/Dc", "Introspect", **options)
