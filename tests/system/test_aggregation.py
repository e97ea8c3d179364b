"""Several MQTT batteries as one: the rules of aggregation, and the state of every member in sight."""
import math

from configs import members_config
from harness import holds_for, wait_until
from payloads import cells


def message(power=0, voltage=50, soc=50, **more):
    dc = {"Power": power, "Voltage": voltage, **more.pop("Dc", {})}
    return {"Dc": dc, "Soc": soc, **more}


def start(world, members, **options):
    daemon = world.start(members_config(world.broker, members, **options))
    for name in members:
        world.broker.wait_subscribed(name)
    return daemon


def bank(world, messages, members=None, **options):
    """A daemon with one member per message, every message taken."""
    start(world, members or {name: {} for name in messages}, **options)
    for name, payload in messages.items():
        world.publish(payload, name)
    battery = world.battery().wait_on_bus()
    wait_until(lambda: [m["State"] for m in listed(battery).values()] == ["online"] * len(messages), 5, "all members are online")
    return battery


def listed(battery):
    """Name -> everything below /Members/<i> of that member."""
    found = {}
    for path, value in battery.values().items():
        if path.startswith("/Members/"):
            _, _, index, key = path.split("/")
            found.setdefault(index, {})[key] = value
    return {member["Name"]: member for _, member in sorted(found.items())}


def close(value, expected, tolerance=1e-6):
    return isinstance(value, float) and math.isclose(value, expected, rel_tol=tolerance, abs_tol=1e-9)


def test_power_is_summed_and_current_fits_to_it(world):
    battery = bank(world, {"left": message(500, 50, Dc={"Current": 10}), "right": message(-200, 54)})
    values = battery.values()
    assert values["/Dc/0/Power"] == 300.0
    assert close(values["/Dc/0/Voltage"], 52)
    assert close(values["/Dc/0/Current"], 300 / 52)


def test_voltage_and_soc_are_weighted_by_capacity(world):
    battery = bank(world, {"big": message(0, 50, 80, InstalledCapacity=300), "small": message(0, 54, 20, InstalledCapacity=100)})
    values = battery.values()
    assert close(values["/Dc/0/Voltage"], 51) and close(values["/Soc"], 65)
    assert close(values["/InstalledCapacity"], 400) and close(values["/Capacity"], 260) and close(values["/ConsumedAmphours"], -140)


def test_capacity_from_the_configuration_in_watt_hours(world):
    members = {"big": {"capacity_wh": 15000, "nominal_voltage_v": 50}, "small": {"capacity_wh": 5120}}
    values = bank(world, {"big": message(soc=80), "small": message(soc=20)}, members).values()
    assert close(values["/InstalledCapacity"], 300 + 100, 1e-3)
    assert 64.7 <= values["/Soc"] <= 65  # weighted by Wh or by Ah


def test_equal_weights_while_one_capacity_is_unknown(world):
    battery = bank(world, {"big": message(0, 50, 80, InstalledCapacity=300), "small": message(0, 54, 20)})
    assert close(battery.value("/Soc"), 50) and close(battery.value("/Dc/0/Voltage"), 52)
    world.daemons[0].wait_log("capacity_wh")
    for _ in range(20):
        world.publish(message(0, 54, 20), "small")
    world.publish(message(0, 54, 30), "small")
    battery.wait_value("/Soc", lambda soc: close(soc, 55))
    assert len(world.daemons[0].lines("capacity_wh")) == 1


def test_members_are_listed_with_what_they_said(world):
    battery = bank(world, {"left": message(500, 50, 60), "right": message(-200, 54, 40, Dc={"Current": -3.5})})
    members = listed(battery)
    assert list(members) == ["left", "right"]
    left, right = members["left"], members["right"]
    assert (left["Power"], left["Voltage"], left["Soc"], left["State"]) == (500.0, 50.0, 60.0, "online")
    assert (right["Power"], right["Voltage"], right["Soc"], right["Current"]) == (-200.0, 54.0, 40.0, -3.5)
    assert battery.value("/System/NrOfModulesOnline") == 2 and battery.value("/System/NrOfModulesOffline") == 0


def test_a_member_that_never_spoke_waits(world):
    start(world, {"left": {}, "right": {}})
    world.publish(message(500), "left")
    battery = world.battery().wait_on_bus()
    members = listed(battery)
    assert (members["left"]["State"], members["right"]["State"]) == ("online", "waiting")
    assert members["right"]["Power"] is None and members["right"]["Soc"] is None
    assert battery.value("/System/NrOfModulesOnline") == 1 and battery.value("/System/NrOfModulesOffline") == 1
    assert battery.value("/Dc/0/Power") == 500.0


def test_a_single_battery_has_no_member_list(world):
    world.start(members_config(world.broker, {"only": {}}))
    world.broker.wait_subscribed("only")
    world.publish(message(100, System={"NrOfModulesOnline": 5, "MinVoltageCellId": "C3"}, Voltages=cells(4)), "only")
    values = world.battery().wait_on_bus().values()
    assert not [path for path in values if path.startswith("/Members")]
    assert values["/System/NrOfModulesOnline"] == 5 and values["/System/MinVoltageCellId"] == "C3"


def test_a_stale_member_leaves_the_power_but_not_the_soc(world):
    """One lost battery must not make the state of charge jump; it is reported at once."""
    messages = {"left": message(500, 50, 80, InstalledCapacity=100), "right": message(300, 50, 20, InstalledCapacity=100)}
    battery = bank(world, messages, default={"timeout": 2})

    def right_is_stale():
        world.publish(messages["left"], "left")
        return listed(battery)["right"]["State"] == "stale"
    assert battery.value("/Alarms/BmsCable") in (0, None)
    wait_until(right_is_stale, 5, "right becomes stale")
    values = battery.values()
    assert values["/Dc/0/Power"] == 500.0 and close(values["/Dc/0/Current"], 10)
    assert close(values["/Soc"], 50) and close(values["/InstalledCapacity"], 200) and close(values["/Capacity"], 100)
    assert values["/System/NrOfModulesOnline"] == 1 and values["/System/NrOfModulesOffline"] == 1
    right = listed(battery)["right"]
    assert right["Power"] is None, "an old power is shown as if it flowed"

    def warned():
        world.publish(messages["left"], "left")
        return battery.value("/Alarms/BmsCable") == 1
    wait_until(warned, 5, "the bank warns of its lost member")  # at once, or after the timeout when the whole bank had gone

    world.publish(messages["right"], "right")
    battery.wait_value("/Dc/0/Power", 800.0)
    assert listed(battery)["right"]["State"] == "online"
    assert battery.value("/System/NrOfModulesOffline") == 0


def test_the_name_goes_with_the_youngest_sample(world):
    battery = bank(world, {"left": message(500), "right": message(300)}, default={"timeout": 2})
    for _ in range(6):
        world.publish(message(500), "left")
        holds_for(battery.on_bus, 0.5, "left although one member lives")
    battery.wait_gone(4)
    world.publish(message(300), "right")
    battery.wait_on_bus(2).wait_value("/Dc/0/Power", 300.0)


def test_alarms_are_the_worst_of_all_and_do_not_flutter(world):
    battery = bank(world, {"left": message(Alarms={"LowSoc": 1, "HighTemperature": 0}), "right": message(Alarms={"LowSoc": 0})})
    assert battery.value("/Alarms/LowSoc") == 1 and battery.value("/Alarms/HighTemperature") == 0
    world.publish(message(11, Alarms={"LowSoc": 2}), "right")
    battery.wait_value("/Dc/0/Power", 11.0)
    assert battery.value("/Alarms/LowSoc") == 2
    world.publish(message(12, Alarms={"LowSoc": 0}), "right")
    battery.wait_value("/Dc/0/Power", 12.0)
    assert battery.value("/Alarms/LowSoc") == 2


def test_cells_and_temperatures_are_extremes_with_the_name_of_the_member(world):
    battery = bank(world, {
        "left": message(Voltages={**cells(4), "Cell2": 3.1}, System={"MinCellTemperature": 12, "MaxCellTemperature": 20}),
        "right-hand-side": message(Voltages={**cells(4), "Cell3": 3.6}, System={"MinCellTemperature": 15, "MaxCellTemperature": 31})})
    values = battery.values()
    assert (values["/System/MinCellVoltage"], values["/System/MaxCellVoltage"]) == (3.1, 3.6)
    assert (values["/System/MinCellTemperature"], values["/System/MaxCellTemperature"]) == (12.0, 31.0)
    lowest, highest = values["/System/MinVoltageCellId"], values["/System/MaxVoltageCellId"]
    assert lowest.startswith("left") and lowest.endswith("2"), lowest
    assert highest.startswith("right-ha"[:4]) and "right-hand" not in highest and highest.endswith("3"), highest


def limits(voltage=None, charge=None, discharge=None):
    found = {"MaxChargeVoltage": voltage, "MaxChargeCurrent": charge, "MaxDischargeCurrent": discharge}
    return {"Info": {key: value for key, value in found.items() if value is not None}}


def test_limits_are_the_lowest_voltage_and_the_sum_of_currents(world):
    battery = bank(world, {"left": message(**limits(55.2, 80, 100)), "right": message(**limits(54.6, 50, 60))})
    values = battery.values()
    assert values["/Info/MaxChargeVoltage"] == 54.6
    assert (values["/Info/MaxChargeCurrent"], values["/Info/MaxDischargeCurrent"]) == (130.0, 160.0)


def test_a_stale_member_keeps_its_voltage_limit_and_gives_no_current(world):
    """Its pack is still on the busbar."""
    left = message(500, **limits(55.2, 80, 100))
    battery = bank(world, {"left": left, "right": message(300, **limits(54.6, 50, 60))}, default={"timeout": 2})

    def right_is_stale():
        world.publish(left, "left")
        return listed(battery)["right"]["State"] == "stale"
    wait_until(right_is_stale, 5, "right becomes stale")
    values = battery.values()
    assert values["/Info/MaxChargeVoltage"] == 54.6
    assert (values["/Info/MaxChargeCurrent"], values["/Info/MaxDischargeCurrent"]) == (80.0, 100.0)


def test_the_topic_of_the_mqtt_section_is_one_more_member(world):
    world.start(members_config(world.broker, {"cellar": {}}, mqtt={"topic": "attic"}))
    for topic in ("attic", "cellar"):
        world.broker.wait_subscribed(topic)
        world.publish(message(100), topic)
    battery = world.battery().wait_on_bus()
    battery.wait_value("/Dc/0/Power", 200.0)
    assert set(listed(battery)) == {"mqtt", "cellar"}


def test_a_pack_that_comes_back_keeps_its_voltage_limit(world):
    """It never left the busbar, and its sender tells Info once: the chargers must not be driven to the others' limit."""
    full = {"left": message(100, 50, 80, InstalledCapacity=100, Info={"MaxChargeVoltage": 56}),
            "right": message(100, 50, 80, InstalledCapacity=100, Info={"MaxChargeVoltage": 54})}
    battery = bank(world, full, default={"timeout": 2})
    battery.wait_value("/Info/MaxChargeVoltage", 54.0)

    def right_is_stale():
        world.publish(full["left"], "left")
        return listed(battery)["right"]["State"] == "stale"
    wait_until(right_is_stale, 6, "right becomes stale")
    world.publish(message(200, 50, 80), "right")
    battery.wait_value("/Dc/0/Power", 300.0)
    assert battery.value("/Info/MaxChargeVoltage") == 54.0
    assert close(battery.value("/InstalledCapacity"), 200)
