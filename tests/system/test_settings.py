"""localsettings: claiming an instance, following it, keeping CustomName; late, restarted, silent or killed."""
import pytest

from busclient import BUS_ITEM, SETTINGS
from harness import holds_for, wait_until
from payloads import MINIMAL

OURS = "/Settings/Devices/virtual_battery_100"
CLAIM, CUSTOM = f"{OURS}/ClassAndVrmInstance", f"{OURS}/CustomName"
TAKEN = {"somebody/ClassAndVrmInstance": "battery:100"}
STORED_CLAIM, STORED_NAME = "virtual_battery_100/ClassAndVrmInstance", "virtual_battery_100/CustomName"
OTHER = {"Dc": {"Power": -50, "Voltage": 50}, "Soc": 20}


def moved(battery, instance):
    """The name was given up and taken again, so that every client reads /DeviceInstance anew."""
    def seen():
        changes = battery.owner_changes()
        return len(changes) >= 2 and changes[-2].new == "" and changes[-1].old == "" and battery.on_bus()
    wait_until(seen, 10, f"the name is released and requested again: {battery.owner_changes()}")
    battery.wait_instance(instance)


def test_both_settings_are_added_with_their_defaults(world):
    settings = world.settings().start()
    battery = world.show()
    assert f"AddSettings {CLAIM} battery:100" in settings.calls()
    assert f"AddSettings {CUSTOM}" in [call.rstrip() for call in settings.calls()]
    assert battery.value("/DeviceInstance") == 100 and battery.value("/CustomName") == "Test Battery"


def test_without_localsettings_the_configured_instance_counts(world):
    assert world.show(instance=117).value("/DeviceInstance") == 117


def test_an_instance_taken_by_another_moves_us_on(world):
    """Only /DeviceInstance carries the claimed number; the name on the bus keeps the configured one."""
    world.settings(**TAKEN).start()
    battery = world.show()
    battery.wait_instance(101)
    assert world.client.setting(CLAIM) == "battery:101"
    assert not world.battery(101).on_bus()


def test_an_instance_chosen_earlier_is_kept(world):
    world.settings(**{STORED_CLAIM: "battery:288"}).start()
    battery = world.show()
    battery.wait_instance(288)


def test_the_claim_is_made_before_the_name_appears(world):
    """systemcalc reads /DeviceInstance once: a name that appears with the wrong one leaves traces in settings.xml."""
    settings = world.settings(**TAKEN).start()
    world.start_listening()
    settings.process.wait_log("AddSettings", CLAIM)
    world.publish(MINIMAL)
    battery = world.battery().wait_on_bus()
    assert battery.value("/DeviceInstance") == 101
    assert len(battery.owner_changes()) == 1


def test_localsettings_that_comes_late(world):
    battery = world.show()
    assert battery.value("/DeviceInstance") == 100
    world.settings(**TAKEN).start()
    moved(battery, 101)
    assert battery.value("/Dc/0/Power") == 321.6


def test_localsettings_that_comes_late_with_our_instance_changes_nothing(world):
    battery = world.show()
    settings = world.settings().start()
    settings.process.wait_log("AddSettings", CLAIM)
    holds_for(lambda: len(battery.owner_changes()) == 1, 0.5, "the name was given up for nothing")


def test_an_instance_changed_by_the_user_is_followed(world):
    world.settings().start()
    battery = world.show()
    assert world.client.set_setting(CLAIM, "battery:105") == 0
    moved(battery, 105)
    assert world.client.set_setting(CLAIM, "battery:7") == 0
    battery.wait_instance(7)


def test_localsettings_killed_and_back_with_another_instance(world):
    settings = world.settings().start()
    battery = world.show()
    settings.kill()
    assert battery.value("/DeviceInstance") == 100
    world.publish(OTHER)
    battery.wait_value("/Dc/0/Power", -50.0)
    settings.file.write_text(settings.file.read_text().replace("battery:100", "battery:140"))
    settings.start()
    moved(battery, 140)


def test_localsettings_killed_and_back_unchanged(world):
    settings = world.settings().start()
    battery = world.show()
    settings.kill()
    settings.start()
    settings.process.wait_log("AddSettings", CLAIM)
    holds_for(lambda: len(battery.owner_changes()) == 1, 0.5, "the name was given up for nothing")
    assert world.client.set_setting(CUSTOM, "Still followed") == 0
    battery.wait_value("/CustomName", "Still followed")


def test_custom_name_is_stored_and_survives_a_restart(world):
    world.settings().start()
    battery = world.show()
    assert battery.set("/CustomName", "Garage") == 0
    wait_until(lambda: world.client.setting(CUSTOM) == "Garage", 5, "the name is stored")
    assert battery.value("/CustomName") == "Garage" and battery.value("/ProductName") == "Test Battery"
    world.daemons[0].crash()
    battery.wait_gone(2)
    world.start_listening()
    world.publish(MINIMAL)
    battery.wait_on_bus().wait_value("/CustomName", "Garage")


def test_a_stored_custom_name_wins_at_start(world):
    world.settings(**{STORED_NAME: "Kept"}).start()
    world.show().wait_value("/CustomName", "Kept")


def test_an_empty_custom_name_shows_the_device_name(world):
    world.settings(**{STORED_NAME: "Kept"}).start()
    battery = world.show()
    battery.wait_value("/CustomName", "Kept")
    assert battery.set("/CustomName", "") == 0
    battery.wait_value("/CustomName", "Test Battery")
    wait_until(lambda: world.client.setting(CUSTOM) == "", 5, "the empty name is stored")


def test_custom_name_follows_the_setting(world):
    world.settings().start()
    battery = world.show()
    battery.clear_signals()
    assert world.client.set_setting(CUSTOM, "Elsewhere") == 0
    signals = battery.wait_signalled("/CustomName", "Elsewhere")
    assert [list(items) for items in signals] == [["/CustomName"]]


def test_custom_name_without_localsettings(world):
    """Nobody keeps it then; what the answer says is what is shown."""
    battery = world.show()
    answer = battery.set("/CustomName", "Garage")
    assert battery.value("/CustomName") == ("Garage" if answer == 0 else "Test Battery")


def test_a_custom_name_that_localsettings_refuses_is_told(world):
    """The user must learn that the name will not survive; what the answer said is what is shown."""
    settings = world.settings().start("--refuse-writes")
    battery = world.show()
    answer = battery.set("/CustomName", "Garage")
    settings.process.wait_log("SetValue", CUSTOM)
    world.daemons[0].wait_log("CustomName")
    assert battery.value("/CustomName") == ("Garage" if answer == 0 else "Test Battery")
    assert world.client.setting(CUSTOM) == ""


@pytest.mark.parametrize("junk", ["", "nonsense", "battery:", "battery:x", "battery:-5", "battery:99999999999", "grid:7"])
def test_a_broken_claim_is_not_published(world, junk):
    world.settings(**{STORED_CLAIM: junk}).start()
    battery = world.show()
    value = battery.value("/DeviceInstance")
    assert value in (100, 7) and (value == 100 or junk == "grid:7")


def test_a_silent_localsettings_blocks_nobody(world):
    """It hangs with our calls unanswered; the battery must go on answering and following its messages."""
    settings = world.settings().start()
    battery = world.show()
    settings.process.signal(19)  # SIGSTOP
    try:
        answers = []
        world.client.connection.call_async(battery.name, "/CustomName", BUS_ITEM, "SetValue", "v", ("Garage",), answers.append, answers.append)
        world.publish(OTHER)
        battery.wait_value("/Dc/0/Power", -50.0, seconds=2)
    finally:
        settings.process.signal(18)  # SIGCONT
    wait_until(lambda: answers, 5, "SetValue is answered in the end")
    wait_until(lambda: world.client.setting(CUSTOM) == "Garage", 5, "the name is stored after all")


def test_localsettings_killed_for_good_leaves_the_battery_alone(world):
    settings = world.settings(**TAKEN).start()
    battery = world.show()
    battery.wait_instance(101)
    settings.kill()
    wait_until(lambda: world.client.owner(SETTINGS) is None, 2, "localsettings is gone")
    world.publish(OTHER)
    battery.wait_value("/Dc/0/Power", -50.0)
    assert battery.value("/DeviceInstance") == 101
