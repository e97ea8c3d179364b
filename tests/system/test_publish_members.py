"""publish_members = yes: every battery of the bank is on the bus by itself, too."""
import pytest

from configs import mixed_config, members_config
from harness import holds_for, wait_until
from marstek import wait_measured
from marstek_devices import D_CHARGING, D_CHARGING_ON_DBUS, V12_DISCHARGING, V12_DISCHARGING_ON_DBUS

PATIENCE = 2


def start(world, **default):
    """A gateway with an old E as `left`, a D as `right-1`, and a daemon that shows both and the bank of them."""
    left, right = world.add_marstek({1: V12_DISCHARGING}), world.add_marstek({1: D_CHARGING}, one_client=True)
    world.start(mixed_config({"left": left.keys(), "right-1": right.keys()}, default={"publish_members": "yes", **default}))
    bank = world.battery(default.get("device_instance", 600)).wait_on_bus()
    return left, right, bank


def member(world, name, bank=600):
    return world.battery(f"{bank}_{name}")


def test_every_member_is_a_battery_of_its_own(world):
    left, right, bank = start(world)
    one, other = member(world, "left").wait_on_bus(), member(world, "right__1").wait_on_bus()
    wait_measured(one, V12_DISCHARGING_ON_DBUS)
    wait_measured(other, D_CHARGING_ON_DBUS)
    assert len({bank.owner(), one.owner(), other.owner()}) == 3, "Victron's programs tell services apart by their sender"
    for battery, instance, server, model, firmware, serial in [(one, 601, left, "Marstek Venus E", "153, BMS 213", "0200000000a1"),
                                                               (other, 602, right, "Marstek Venus D", "147", "020000000001")]:
        values = battery.values()
        assert (values["/DeviceInstance"], values["/ProductName"]) == (instance, model)
        assert (values["/FirmwareVersion"], values["/Serial"]) == (firmware, serial)
        assert (values["/Mgmt/InsecureConnection"], values["/Mgmt/Connection"]) == (1, f"Modbus {server.address}")
        assert values["/Connected"] == 1 and not [path for path in values if path.startswith(("/Info/", "/Members/"))]
        assert "/Dc/0/Temperature" not in values
    assert bank.value("/Dc/0/Power") == -2724 + 2039 and bank.value("/DeviceInstance") == 600
    assert bank.value("/ProductName") == "Test Battery" and "/Serial" not in bank.values()
    left.judge("v12")
    right.judge("v3")


def test_without_the_key_there_is_the_bank_only(world):
    server = world.add_marstek({1: V12_DISCHARGING})
    world.start(mixed_config({"left": server.keys()}))
    world.battery(600).wait_on_bus()
    holds_for(lambda: not member(world, "left").on_bus(), 0.5, "the member is on the bus")


def test_a_member_leaves_and_returns_by_itself(world):
    left, right, bank = start(world, timeout=4)
    one, other = member(world, "left").wait_on_bus(), member(world, "right__1").wait_on_bus()
    left.kill()
    one.wait_gone(4 + PATIENCE)
    assert other.on_bus() and bank.on_bus()
    world.daemons[0].wait_log("virtual_battery_600_left leaves the bus: nothing was heard of it for the timeout")
    left.start()
    one.wait_on_bus(10)
    wait_measured(one, V12_DISCHARGING_ON_DBUS)
    for battery in (bank, other):
        assert len(battery.owner_changes()) == 1, f"{battery.name} was there all the time"
    right.judge("v3")


def test_values_of_a_member_follow_its_registers(world):
    left, _, bank = start(world)
    one = member(world, "left").wait_on_bus()
    wait_until(lambda: bank.value("/Dc/0/Power") == -2724 + 2039, 10, "both are read")
    one.clear_signals()
    left.set({32102: 0, 32103: 1875, 32104: 71})
    one.wait_signalled("/Dc/0/Power", 1875.0, 1 + PATIENCE)
    bank.wait_value("/Dc/0/Power", 1875.0 + 2039, 1)
    assert one.value("/Soc") == 71.0


def test_the_name_and_instance_of_a_member_are_kept(world):
    settings = world.settings().start()
    left, right, bank = start(world)
    one, other = member(world, "left").wait_on_bus(), member(world, "right__1").wait_on_bus()
    base = "/Settings/Devices/virtual_battery_600"
    assert world.client.setting(f"{base}_left/ClassAndVrmInstance") == "battery:601"
    assert world.client.setting(f"{base}_right__1/ClassAndVrmInstance") == "battery:602"
    assert one.set("/CustomName", "Cellar") == 0
    wait_until(lambda: world.client.setting(f"{base}_left/CustomName") == "Cellar", 5, "the name is stored")
    assert one.value("/CustomName") == "Cellar" and other.value("/CustomName") != "Cellar" and bank.value("/CustomName") == "Test Battery"
    world.daemons[0].stop()
    world.start(mixed_config({"left": left.keys(), "right-1": right.keys()}, default={"publish_members": "yes"}))
    one.wait_on_bus()
    one.wait_value("/CustomName", "Cellar")
    assert settings.calls()


def test_the_hint_about_the_monitor_does_not_mean_its_own_members(world):
    """Below instance 512 the bank would be chosen among others; its members have higher numbers and are no others."""
    start(world, device_instance=100)
    one = member(world, "left", 100).wait_on_bus()
    member(world, "right__1", 100).wait_on_bus()
    assert one.value("/DeviceInstance") == 101
    holds_for(lambda: not world.daemons[0].lines("battery monitor"), 1, "it warns of itself")


def test_members_on_mqtt_are_published_by_the_rules_of_ac_storage(world):
    """The bank speaks to a DC system, its parts do not."""
    daemon = world.start(members_config(world.broker, {"left": {}, "right": {}}, default={"publish_members": "yes"}))
    for name, power in [("left", 500), ("right", -200)]:
        world.broker.wait_subscribed(name)
        world.publish({"Dc": {"Power": power, "Voltage": 50, "Temperature": 21}, "Soc": 50, "Info": {"MaxChargeVoltage": 55.2}}, name)
    bank = world.battery().wait_on_bus()
    bank.wait_value("/Dc/0/Power", 300.0)
    assert bank.value("/Info/MaxChargeVoltage") == pytest.approx(55.2)
    left = member(world, "left", 100).wait_on_bus()
    values = left.values()
    assert values["/Dc/0/Power"] == 500.0 and values["/DeviceInstance"] == 101 and values["/ProductName"] == "left"
    assert values["/Mgmt/InsecureConnection"] == 1 and values["/Mgmt/Connection"] == f"MQTT {world.broker.host}"
    assert "/Info/MaxChargeVoltage" not in values and "/Dc/0/Temperature" not in values
    assert daemon.alive()
