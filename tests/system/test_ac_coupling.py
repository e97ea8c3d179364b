"""AC-coupled batteries must not disturb a real DC system: what they leave out, and which instance they take."""
import dbus.bus
import dbus.service
import pytest
from dbus.mainloop.glib import DBusGMainLoop

from busclient import BUS_ITEM
from configs import broker_keys, ini, members_config

FULL = {"Dc": {"Power": 100, "Voltage": 50, "Temperature": 23}, "Soc": 50, "System": {"MaxCellTemperature": 24},
        "Info": {"MaxChargeVoltage": 55.2, "MaxChargeCurrent": 80, "MaxDischargeCurrent": 100}}


@pytest.mark.parametrize("members", [["only"], ["left", "right"]])
def test_ac_coupled_batteries_publish_nothing_that_steers_chargers(world, members):
    world.start(members_config(world.broker, {name: {"coupling": "ac"} for name in members}))
    for name in members:
        world.broker.wait_subscribed(name)
        world.publish(FULL, name)
    battery = world.battery().wait_on_bus()
    battery.wait_value("/Dc/0/Power", 100.0 * len(members))
    values = battery.values()
    assert not [path for path in values if path.startswith("/Info/Max") or path == "/Dc/0/Temperature"]
    assert values["/Mgmt/InsecureConnection"] == 1
    assert values["/System/MaxCellTemperature"] == 24.0


class ShuntService(dbus.service.Object):
    """A BMV as far as somebody asks which instance it has."""

    @dbus.service.method(BUS_ITEM, out_signature="a{sa{sv}}")
    def GetItems(self):
        return {"/DeviceInstance": {"Value": 278, "Text": "278"}, "/Connected": {"Value": 1, "Text": "1"},
                "/ProductName": {"Value": "BMV", "Text": "BMV"}, "/Mgmt/Connection": {"Value": "USB", "Text": "USB"}}

    @dbus.service.method(BUS_ITEM, out_signature="v")
    def GetValue(self):
        return {"DeviceInstance": 278}


def test_an_ac_battery_beside_another_says_who_becomes_battery_monitor(world):
    """systemcalc takes the lowest instance: 100 beats the shunt's 278, and the Multi then follows the wrong battery."""
    shunt = dbus.bus.BusConnection(world.bus.address, mainloop=DBusGMainLoop())
    service = ShuntService(shunt, "/")
    shunt.request_name("com.victronenergy.battery.ttyUSB0")
    daemon = world.start(members_config(world.broker, {"only": {"coupling": "ac"}}))
    world.broker.wait_subscribed("only")
    world.publish(FULL, "only")
    daemon.wait_log("com.victronenergy.battery.ttyUSB0")
    service.remove_from_connection()
    shunt.close()


def test_a_dc_battery_is_not_marked_insecure(world):
    assert world.show().values().get("/Mgmt/InsecureConnection") in (None, 0)


@pytest.mark.parametrize("coupling,instance", [("dc", 100), ("ac", 600)])
def test_instance_when_none_is_configured(world, coupling, instance):
    world.start(ini({"MQTT": {**broker_keys(world.broker), "topic": "battery", "coupling": coupling}}))
    world.broker.wait_subscribed("battery", instance)
    world.publish(FULL)
    assert world.battery(instance).wait_on_bus().value("/DeviceInstance") == instance
