"""config.ini texts for the tests."""


def ini(sections):
    return "".join(f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items()) + "\n"
                   for name, keys in sections.items())


def broker_keys(broker):
    return {"broker_address": broker.host, "broker_port": broker.port}


def config_for(broker, topic="battery", instance=100, default=None, time_to_go=None, mqtt=None):
    """A configuration as dbus-mqtt-battery has it; the dicts add to a section or replace keys of it, None removes one."""
    sections = {
        "DEFAULT": {"logging": "INFO", "device_name": "Test Battery", "device_instance": instance, "timeout": 60, **(default or {})},
        "TIME_TO_GO": {"enabled": 1, "soc": 10, "recalculate_every": 300, **(time_to_go or {})},
        "MQTT": {**broker_keys(broker), "topic": topic, **(mqtt or {})},
    }
    return ini({name: {k: v for k, v in keys.items() if v is not None} for name, keys in sections.items()})


def members_config(broker, members, instance=100, default=None, mqtt=None):
    """Several batteries: `members` maps the name of a [battery NAME] to its keys; the topic is its name unless given."""
    sections = {
        "DEFAULT": {"logging": "INFO", "device_name": "Test Battery", "device_instance": instance, "timeout": 60, **(default or {})},
        "MQTT": {**broker_keys(broker), **(mqtt or {})},
    }
    for name, keys in members.items():
        sections[f"battery {name}"] = {"type": "mqtt", "topic": name, **keys}
    return ini(sections)


def modbus_config(batteries, instance=600, default=None):
    """Marstek batteries on Modbus: `batteries` maps the name of a [battery NAME] to its keys, among them address or serial."""
    sections = {"DEFAULT": {"logging": "INFO", "device_name": "Test Battery", "device_instance": instance, "timeout": 60, **(default or {})}}
    for name, keys in batteries.items():
        sections[f"battery {name}"] = {"type": "marstek-modbus", **keys}
    return ini(sections)


def mixed_config(members, default=None, mqtt=None):
    """Batteries of any type: `members` maps the name of a [battery NAME] to its keys; device_instance is the daemon's default."""
    sections = {"DEFAULT": {"logging": "INFO", "device_name": "Test Battery", "timeout": 60, **(default or {})},
                **({"MQTT": mqtt} if mqtt else {})}
    return ini({**sections, **{f"battery {name}": keys for name, keys in members.items()}})
