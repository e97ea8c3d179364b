"""The broker side: connecting, losing and finding it again, retained messages, passwords, several daemons and brokers. TLS: test_mqtt_tls.py."""
import json
import re
import subprocess
import time

import pytest

from configs import broker_keys, config_for, ini, members_config
from harness import holds_for, wait_until
from payloads import MINIMAL, with_keys

OTHER = {"Dc": {"Power": -50, "Voltage": 50}, "Soc": 20}


def test_client_id_is_ours_and_names_the_instance(world):
    world.start_listening(instance=117)
    subscription, = world.broker.wait_subscribed("battery", 117)
    assert re.fullmatch(r"\S+_vb_117", subscription.client)
    assert not subscription.client.startswith("MqttBattery_")  # dbus-mqtt-battery's: two equal ids throw each other out


def test_two_daemons_on_one_broker_live_side_by_side(world):
    for instance in (100, 101):
        world.start_listening(f"battery{instance}", instance)
    for power in range(5):
        for instance in (100, 101):
            world.publish({"Dc": {"Power": instance + power, "Voltage": 50}, "Soc": 50}, f"battery{instance}")
    for instance in (100, 101):
        world.battery(instance).wait_on_bus().wait_value("/Dc/0/Power", instance + 4.0)
    said = world.broker.process.log()
    assert not re.search(r"_vb_\d+ (already connected|closed|disconnected)", said)
    assert len({s.client for s in world.broker.subscriptions()}) == 2


def test_a_retained_message_shows_the_battery_at_once(world):
    world.publish(MINIMAL, retain=True)
    world.start_listening()
    assert world.battery().wait_on_bus(2).value("/Dc/0/Power") == 321.6


def test_a_redelivered_retained_message_is_no_news(world):
    """The broker restarts and still has the old message; the battery behind it may be dead for days."""
    broker = world.add_broker(options=f"allow_anonymous true\npersistence true\npersistence_location {world.folder}/").start()
    world.publish(MINIMAL, retain=True)
    world.start_listening(default={"timeout": 4})
    battery = world.battery().wait_on_bus()
    shown = time.monotonic()
    broker.stop(gently=True)
    delivered = broker.delivered("battery")
    wait_until(lambda: time.monotonic() > shown + 2, 3, "the sample is half as old as it may be")
    broker.start()
    battery.wait_gone(4)
    assert time.monotonic() < shown + 5, "the second delivery made the sample young again"
    broker.wait_subscribed("battery", times=2)
    wait_until(lambda: broker.delivered("battery") > delivered, 5, "the retained message is delivered again")
    holds_for(lambda: not battery.on_bus(), 1, "an old retained message brought the battery back")
    world.publish(OTHER, retain=True)
    battery.wait_on_bus(2).wait_value("/Dc/0/Power", -50.0)


def test_equal_live_messages_do_refresh(world):
    """A battery at rest repeats itself; that is a sign of life."""
    battery = world.show(default={"timeout": 2})
    end = time.monotonic() + 4.5
    while time.monotonic() < end:
        world.publish(MINIMAL)
        holds_for(battery.on_bus, 0.4, "gone although messages keep coming")


def test_broker_that_comes_after_us(world):
    broker = world.add_broker()
    daemon = world.start(config_for(broker))
    daemon.wait_log(str(broker.port))
    assert daemon.alive()
    broker.start()
    broker.wait_subscribed("battery")
    world.publish(MINIMAL)
    world.battery().wait_on_bus(2)


def test_broker_killed_and_back(world):
    """The name stays until the data is too old; after the return messages flow again without a restart."""
    battery = world.show()
    daemon, owner = world.daemons[0], battery.owner()
    daemon.forget_log()
    world.broker.kill()
    daemon.wait_log("127.0.0.1")
    assert battery.value("/Dc/0/Power") == 321.6
    world.broker.start()
    world.broker.wait_subscribed("battery", times=2)
    world.publish(OTHER)
    battery.wait_value("/Dc/0/Power", -50.0)
    assert battery.owner() == owner


def test_a_broker_that_is_away_is_not_a_flood_of_lines(world):
    world.show()
    daemon = world.daemons[0]
    daemon.forget_log()
    world.broker.kill()
    daemon.wait_log("127.0.0.1")
    holds_for(daemon.alive, 3, "ended because the broker did")
    assert len(daemon.log().splitlines()) <= 6, daemon.log()


def test_a_burst_ends_with_its_last_message(world):
    battery = world.show()
    world.broker.publish_all([("battery", f'{{"Dc":{{"Power":{i},"Voltage":50}},"Soc":50}}') for i in range(3000)])
    battery.wait_value("/Dc/0/Power", 2999.0)


def test_members_on_different_brokers(world):
    first, second = world.broker, world.add_broker().start()
    config = members_config(first, {"left": {}, "right": broker_keys(second)})
    world.start(config)
    first.wait_subscribed("left")
    second.wait_subscribed("right")
    first.publish("left", json.dumps(MINIMAL))
    second.publish("right", json.dumps(OTHER))
    world.battery().wait_on_bus().wait_value("/Dc/0/Power", 321.6 - 50)
    assert [s.topic for s in first.subscriptions() + second.subscriptions()] == ["left", "right"]


def test_only_the_configured_topic_counts(world):
    world.start_listening("house/battery")
    for topic in ("house/battery/x", "house", "house/Battery", "/house/battery"):
        world.publish(OTHER, topic)
    world.publish(MINIMAL, "house/battery")
    assert world.battery().wait_on_bus().value("/Dc/0/Power") == 321.6


@pytest.mark.parametrize("topic", ["N/abc123def456/battery/1/JsonData", "/leading/slash", "with space/Tür"])
def test_topics_as_users_have_them(world, topic):
    world.show(topic=topic)


# ---- user and password

SECRET = "p%ss;wörd #1 ;x"


def guarded_broker(world, password=SECRET):
    world.add_broker(connection=lambda client: client.username_pw_set("anna", password))
    file = world.folder / "passwords"
    subprocess.run(["mosquitto_passwd", "-b", "-c", file, "anna", password], check=True)
    world.broker.options = f"allow_anonymous false\npassword_file {file}"
    return world.broker.start()


def test_password(world):
    broker = guarded_broker(world)
    world.start(config_for(broker, mqtt={"username": "anna", "password": SECRET.replace("%", "%%")}))
    broker.wait_subscribed("battery")


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_password_file(world, ending):
    broker = guarded_broker(world)
    file = world.folder / "secret.txt"
    file.write_bytes((SECRET + ending).encode())
    world.start(config_for(broker, mqtt={"username": "anna", "password_file": file}))
    broker.wait_subscribed("battery")


def test_wrong_password_is_said_clearly_and_never_shown(world):
    broker = guarded_broker(world)
    daemon = world.start(config_for(broker, default={"logging": "DEBUG"}, mqtt={"username": "anna", "password": "wrong-secret"}))
    wait_until(lambda: re.search(r"(?i)password|not authori[sz]ed", daemon.log()), 10, "the log speaks of the password")
    assert daemon.lines(f"{broker.port}"), daemon.log()
    holds_for(daemon.alive, 2, "ended because of a wrong password")
    assert "wrong-secret" not in daemon.log()
    assert len(daemon.log().splitlines()) <= 15, daemon.log()
    assert not world.battery().on_bus()


def test_keys_of_a_battery_section_override_mqtt(world):
    """Everything about its broker may stand in the battery's own section."""
    broker = guarded_broker(world)
    world.start(ini({"DEFAULT": {"device_instance": 100}, "battery cellar": {
        "type": "mqtt", "topic": "cellar", **broker_keys(broker), "username": "anna", "password": SECRET.replace("%", "%%")}}))
    broker.wait_subscribed("cellar")


def test_a_new_key_set_after_reconnect_is_seen(world):
    """After the broker came back the merge goes on: old keys stay, new ones come."""
    battery = world.show(with_keys(Dc={"Temperature": 20}))
    world.broker.kill()
    world.broker.start()
    world.broker.wait_subscribed("battery", times=2)
    world.publish({**OTHER, "Soh": 98})
    battery.wait_value("/Soh", 98.0)
    assert battery.value("/Dc/0/Temperature") == 20.0


def test_what_the_broker_keeps_is_known_after_a_silence(world):
    """Limits are often sent once, retained, and then only the minimum: a silence must not lose them for good."""
    world.publish(with_keys(Info={"MaxChargeVoltage": 56}), retain=True)
    world.start_listening(default={"timeout": 1})
    battery = world.battery().wait_on_bus()
    battery.wait_gone(5)
    world.publish(MINIMAL)
    assert battery.wait_on_bus().value("/Info/MaxChargeVoltage") == 56.0
