"""Start, end and everything that can break in between: exit codes, signals, timeouts, a taken name, a lost bus."""
import contextlib
import os
import signal
import socket
import threading
import time

import dbus.bus
import pytest

from configs import config_for, modbus_config
from harness import BINARY, accepts, holds_for, wait_until
from payloads import MINIMAL, with_keys

OTHER = {"Dc": {"Power": -50, "Voltage": 50}, "Soc": 20}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_end_it_leaves_the_bus_and_says_0(world, number):
    battery = world.show()
    assert world.daemons[0].stop(number, seconds=2) == 0
    assert not battery.on_bus()
    assert "error" not in world.daemons[0].log().lower()


def test_it_ends_at_once_while_it_waits_for_the_first_message(world):
    assert world.start_listening().stop(seconds=2) == 0


def test_it_ends_at_once_without_a_broker(world):
    broker = world.add_broker()
    daemon = world.start(config_for(broker))
    daemon.wait_log(str(broker.port))
    assert daemon.stop(seconds=2) == 0


def test_it_runs_with_many_modbus_connections(world):
    """Each has a thread, and all their stacks count for the limit on memory."""
    with contextlib.ExitStack() as ports:
        taken = [ports.enter_context(socket.socket()) for _ in range(30)]
        for each in taken:
            each.bind(("127.0.0.1", 0))  # and does not listen: refused, by nobody else either
        addresses = [f"127.0.0.1:{each.getsockname()[1]}" for each in taken]
        daemon = world.start(modbus_config({f"b{i}": {"address": address} for i, address in enumerate(addresses)}))
        for address in addresses:
            daemon.wait_log(address, "trying again", seconds=20)
        assert daemon.alive() and daemon.stop() == 0


def test_it_ends_at_once_in_a_storm_of_messages(world):
    world.show()
    for power in range(2000):
        world.broker.publisher.publish("battery", f'{{"Dc":{{"Power":{power},"Voltage":50}},"Soc":50}}')
    assert world.daemons[0].stop(seconds=3) == 0


def test_the_battery_leaves_when_its_data_is_too_old_and_comes_back(world):
    world.start_listening(default={"timeout": 2})
    battery, daemon = world.battery(), world.daemons[0]
    sent = time.monotonic()
    world.publish(MINIMAL)
    battery.wait_on_bus()
    battery.wait_gone(4)
    assert 1.9 <= time.monotonic() - sent <= 3
    assert daemon.alive()
    world.publish(OTHER)
    battery.wait_on_bus(1)
    assert battery.value("/Dc/0/Power") == -50.0 and battery.value("/DeviceInstance") == 100
    battery.wait_gone(4)
    assert [bool(change.new) for change in battery.owner_changes()] == [True, False, True, False]


def test_what_was_too_old_is_forgotten(world):
    """A key keeps its value until the timeout: the battery that comes back knows only what it says now."""
    battery = world.show(with_keys(Dc={"Temperature": 20}, InstalledCapacity=200, Info={"MaxChargeVoltage": 55.2}), default={"timeout": 1})
    battery.wait_gone(3)
    world.publish(OTHER)
    values = battery.wait_on_bus().values()
    assert values["/Dc/0/Temperature"] is None and values["/InstalledCapacity"] is None and values["/Capacity"] is None
    assert values.get("/Info/MaxChargeVoltage") is None


def test_timeout_0_keeps_the_battery_for_ever(world):
    for instance, timeout in ((100, 1), (101, 0)):
        world.start_listening(f"battery{instance}", instance, default={"timeout": timeout})
    for instance in (100, 101):
        world.publish(MINIMAL, f"battery{instance}")
        world.battery(instance).wait_on_bus()
    world.battery(100).wait_gone(3)
    holds_for(world.battery(101).on_bus, 1.5, "gone although it has no timeout")
    assert world.battery(101).value("/Dc/0/Power") == 321.6


def test_the_same_instance_twice_ends_the_second(world):
    battery = world.show()
    owner = battery.owner()
    second = world.start(config_for(world.broker), expect_exit=3)

    def ended():
        world.publish(MINIMAL)
        return not second.alive()
    wait_until(ended, 15, f"the second daemon ends: {second.log()}")
    assert second.finish(1) == 3
    assert len(second.lines(battery.name)) == 1, second.log()
    assert battery.owner() == owner
    world.broker.wait_subscribed("battery")
    world.publish(OTHER)
    battery.wait_value("/Dc/0/Power", -50.0)
    assert world.daemons[0].alive()


def test_a_name_somebody_else_owns_is_exit_3(world):
    stranger = dbus.bus.BusConnection(world.bus.address)
    assert stranger.request_name(world.battery().name) == 1
    daemon = world.start(config_for(world.broker), expect_exit=3)

    def ended():
        world.publish(MINIMAL)
        return not daemon.alive()
    wait_until(ended, 10, "the daemon ends")
    assert daemon.finish(1) == 3
    assert len(daemon.lines(world.battery().name)) == 1, daemon.log()
    assert stranger.name_has_owner(world.battery().name)
    stranger.close()


def test_a_lost_bus_ends_the_daemon_and_a_new_start_works(world):
    """kill -9 of dbus-daemon: the supervisor starts us again when the bus is back."""
    world.show()
    daemon = world.daemons[0]
    daemon.expect_exit = 1
    world.bus.kill()
    assert daemon.finish(5) == 1
    assert daemon.lines("d-bus") or daemon.lines("dbus"), daemon.log()

    world.bus.socket.unlink()
    world.bus.start()
    world.reconnect()
    world.start_listening()
    world.publish(OTHER)
    assert world.battery().wait_on_bus().value("/Dc/0/Power") == -50.0


def test_a_bus_that_is_lost_before_the_first_message(world):
    daemon = world.start_listening()
    daemon.expect_exit = 1
    world.bus.kill()
    assert daemon.finish(5) == 1


def test_no_bus_at_all_is_exit_1_with_a_line(world):
    world.bus.kill()
    world.bus.socket.unlink()
    daemon = world.start(config_for(world.broker), expect_exit=1)
    assert daemon.finish(10) == 1
    assert daemon.lines("bus"), daemon.log()


def test_without_a_session_bus_it_goes_to_the_system_bus(world):
    """As all of Victron's programs do."""
    world.start(config_for(world.broker), without=["DBUS_SESSION_BUS_ADDRESS"])
    world.broker.wait_subscribed("battery")
    world.publish(MINIMAL)
    world.battery().wait_on_bus()


def test_the_daemon_killed_and_started_again(world):
    battery = world.show()
    world.daemons[0].crash()
    battery.wait_gone(1)
    world.start_listening()
    assert not battery.on_bus()
    world.publish(OTHER)
    assert battery.wait_on_bus().value("/Dc/0/Power") == -50.0


def test_it_stays_when_whoever_reads_its_log_goes(world):
    """multilog may die and be restarted: a broken pipe must not take the battery along."""
    read_end, write_end = os.pipe()
    daemon = world.start(config_for(world.broker, default={"logging": "DEBUG"}), stderr=write_end)
    os.close(write_end)
    os.close(read_end)
    world.broker.wait_subscribed("battery")
    battery = world.battery()
    for power in range(50):
        world.publish("nonsense")
        world.publish({"Dc": {"Power": power, "Voltage": 50}, "Soc": 50})
    battery.wait_on_bus().wait_value("/Dc/0/Power", 49.0)
    assert daemon.alive()


def test_it_goes_on_when_nobody_reads_its_log(world):
    """A pipe that is full: the loop must not wait for the reader."""
    read_end, write_end = os.pipe()
    world.start(config_for(world.broker, default={"logging": "DEBUG"}), stderr=write_end)
    os.close(write_end)
    world.broker.wait_subscribed("battery")
    full = [("battery", f'{{"Dc":{{"Power":{i},"Voltage":50}},"Soc":50,"Alarms":{{"LowSoc":{i % 3}}}}}') for i in range(5000)]
    world.broker.publish_all(full)
    battery = world.battery().wait_on_bus()
    battery.wait_value("/Dc/0/Power", 4999.0)
    drain = threading.Thread(target=lambda: [None for _ in iter(lambda: os.read(read_end, 65536), b"")])
    drain.start()  # what is queued may be written at the end, if somebody reads it
    world.daemons[0].stop()
    drain.join()
    os.close(read_end)


def test_many_clients_come_and_go(world):
    battery = world.show()
    for _ in range(30):
        client = dbus.bus.BusConnection(world.bus.address)
        assert client.call_blocking(battery.name, "/", "com.victronenergy.BusItem", "GetItems", "", ())
        client.close()
    assert battery.value("/Dc/0/Power") == 321.6


def test_log_levels(world):
    """WARNING, the default, is silent while all is well; INFO tells of the start; DEBUG of the values."""
    sizes = {}
    for instance, level in enumerate(("ERROR", "WARNING", "INFO", "DEBUG"), 100):
        world.start_listening("battery", instance, default={"logging": level})
        world.publish(MINIMAL)
        world.battery(instance).wait_on_bus()
        world.publish(OTHER)
        world.battery(instance).wait_value("/Dc/0/Power", -50.0)
        world.daemons[-1].stop()
        sizes[level] = len(world.daemons[-1].log())
    assert sizes["ERROR"] == sizes["WARNING"] == 0
    assert 0 < sizes["INFO"] < sizes["DEBUG"]


def test_descriptors_do_not_pile_up(world):
    """Ten brokers lost and found later as many files are open as before."""
    battery = world.show()
    folder = f"/proc/{world.daemons[0].child.pid}/fd"
    before = len(os.listdir(folder))
    for times in range(2, 5):
        world.broker.kill()
        world.broker.start()
        assert accepts(world.broker.port)
        world.broker.wait_subscribed("battery", times=times)
    world.publish(OTHER)
    battery.wait_value("/Dc/0/Power", -50.0)
    assert len(os.listdir(folder)) <= before + 1


@pytest.mark.skipif("tsan" in BINARY.parent.name, reason="the thread sanitizer itself writes to the log at the end")
def test_a_log_nobody_reads_does_not_keep_it_alive(world):
    """multilog stops reading when the disk is full: the loop goes on, and SIGTERM ends the daemon all the same."""
    read_end, write_end = os.pipe()
    daemon = world.start(config_for(world.broker, default={"logging": "DEBUG"}), stderr=write_end)
    os.close(write_end)
    world.broker.wait_subscribed("battery")
    battery = world.battery()
    for power in range(3000):  # far more lines than a pipe holds
        world.broker.publisher.publish("battery", f'{{"Dc":{{"Power":{power},"Voltage":50}},"Soc":50}}')
    battery.wait_on_bus()
    battery.wait_value("/Dc/0/Power", 2999.0)
    assert daemon.stop(seconds=10) == 0
    os.close(read_end)
