"""The command line and the configuration: what is accepted, and how every mistake is told."""
import signal
import stat

import pytest

from configs import broker_keys, config_for, ini, modbus_config
from harness import REPO, command_line, holds_for

# The sample of dbus-mqtt-battery v1.0.12 as a user leaves it after the first edit: its keys, its comments behind semicolons.
PEER = """; CONFIG FILE
; remove semicolon ; to enable desired setting

[DEFAULT]
; ERROR = shows errors only
logging = WARNING

; default: MQTT Battery
device_name = MQTT Battery
device_instance = 100
timeout = 60


[TIME_TO_GO]
; 0 = Disabled
enabled = 1
soc = 10
recalculate_every = 300


[MQTT]
; IP addess or FQDN from MQTT server
broker_address = {host}
broker_port = {port}
;tls_enabled = 1
;tls_path_to_ca = /data/keys/mosquitto.crt
;tls_insecure = 1
;username = myuser
;password = mypassword
topic = enphase/battery
"""
GOOD = {"DEFAULT": {"device_instance": 100}, "MQTT": {"broker_address": "192.0.2.1", "broker_port": 1883, "topic": "battery"}}


@pytest.fixture
def check(tmp_path):
    """check(text) -> (exit code, what it said)"""
    def run(text):
        file = tmp_path / "config.ini"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return command_line("check", "--config", file, env={"PATH": "/usr/bin:/bin"})
    return run


def changed(**sections):
    """GOOD with sections merged into it; a value of None removes the key, 'battery_x' stands for [battery x]."""
    merged = {name: dict(keys) for name, keys in GOOD.items()}
    for name, keys in sections.items():
        merged.setdefault(name.replace("_", " ", 1) if name.startswith("battery_") else name, {}).update(keys)
    return ini({name: {k: v for k, v in keys.items() if v is not None} for name, keys in merged.items()})


def line_of(text, needle):
    return next(number for number, line in enumerate(text.splitlines(), 1) if needle in line)


def test_version_and_help():
    code, said = command_line("version")
    assert code == 0 and any(c.isdigit() for c in said) and len(said.splitlines()) == 1
    code, said = command_line("--help")
    assert code == 0 and all(word in said for word in ("run", "check", "version"))
    assert command_line("run", "--help")[0] == 0


@pytest.mark.parametrize("command,words", [("scan", ["ADDRESS", "--framing", "--first", "--last"]), ("read", ["NAME"]),
                                           ("set-id", ["ADDRESS", "OLD", "NEW", "--framing", "--yes"])])
def test_every_command_explains_itself(command, words):
    code, said = command_line(command, "--help")
    assert code == 0 and all(word in said for word in words)
    assert command in command_line("--help")[1]


@pytest.mark.parametrize("words,hint", [
    (["scan"], "ADDRESS"), (["scan", "10.0.0.5:0"], "1 to 65535"), (["scan", "tcp://10.0.0.5"], "host[:port]"),
    (["scan", "/dev/ttyUSB0", "--framing", "tcp"], "rtu"), (["scan", "10.0.0.5", "--framing", "rtu"], "rtuovertcp"),
    (["scan", "10.0.0.5", "--first", "9", "--last", "8"], "--last"), (["set-id", "10.0.0.5", "1", "11"], "1 to 10"),
    (["set-id", "10.0.0.5", "2", "2"], "OLD"), (["read"], "NAME"),
])
def test_a_wrong_command_names_what_is_wrong(words, hint):
    code, said = command_line(*words)
    assert code == 2 and hint in said


@pytest.mark.parametrize("words", [["frobnicate"], ["check", "--nonsense"], ["run", "--config"]])
def test_a_wrong_command_line_is_an_error_with_a_hint(words):
    code, said = command_line(*words)
    assert code not in (0, 3) and said.strip()


def test_a_configuration_of_the_python_driver_is_accepted(check):
    code, said = check(PEER.format(host="192.0.2.1", port=1883))
    assert code == 0, said


def test_a_configuration_of_the_python_driver_runs(world):
    world.start(PEER.format(**{"host": world.broker.host, "port": world.broker.port}))
    world.broker.wait_subscribed("enphase/battery")
    world.publish({"Dc": {"Power": 1, "Voltage": 50}, "Soc": 5}, "enphase/battery")
    assert world.battery().wait_on_bus().value("/ProductName") == "MQTT Battery"


def test_our_own_sample_is_complete_but_for_the_broker(check):
    sample = (REPO / "config.sample.ini").read_text()
    code, said = check(sample)
    assert code == 2 and "IP_ADDR_OR_FQDN" in said and "broker_address" in said
    assert f"line {line_of(sample, 'IP_ADDR_OR_FQDN')}" in said
    code, said = check(sample.replace("IP_ADDR_OR_FQDN", "192.0.2.1"))
    assert code == 0, said


@pytest.mark.parametrize("text", [
    changed(DEFAULT={"logging": "DEBUG", "timeout": 0, "device_name": "Keller Süd"}),
    changed(MQTT={"topic": None}, battery_left={"type": "mqtt", "topic": "a/b"}, battery_right={"topic": "c", "type": "mqtt", "coupling": "dc"}),
    changed(MQTT={"coupling": "ac", "capacity_wh": 5120, "nominal_voltage_v": 51.2}),
    changed(MQTT={"tls_enabled": 0, "tls_insecure": 0, "username": "", "password": "", "tls_path_to_ca": ""}),
    ini(GOOD).replace("\n", "\r\n"),
    b"\xef\xbb\xbf" + ini(GOOD).encode(),
    ini(GOOD).replace("broker_address = ", "Broker_Address: "),
    "# comment\n; comment\n\n" + ini(GOOD),
    changed(MQTT={"coupling": "ac"}, battery_garage={"type": "marstek-modbus", "address": "192.0.2.2"}),
], ids=["default-keys", "two-batteries", "ac", "empty-options", "dos-lines", "byte-order-mark", "colon-and-case", "comments", "mqtt-and-modbus"])
def test_accepted(check, text):
    code, said = check(text)
    assert code == 0, said


@pytest.mark.parametrize("sections,words", [
    ({"MQTT": {"broker_address": "IP_ADDR_OR_FQDN"}}, ["IP_ADDR_OR_FQDN"]),
    ({"MQTT": {"broker_port": 0}}, ["broker_port", "0"]),
    ({"MQTT": {"broker_port": 70000}}, ["broker_port", "70000"]),
    ({"MQTT": {"broker_port": "18b3"}}, ["broker_port", "18b3"]),
    ({"MQTT": {"topic": "house/+/battery"}}, ["topic", "house/+/battery"]),
    ({"MQTT": {"topic": "house/#"}}, ["topic", "house/#"]),
    ({"MQTT": {"brokr_port": 1883}}, ["brokr_port"]),
    ({"MQTT": {"coupling": "dcc"}}, ["coupling", "dcc"]),
    ({"MQTT": {"capacity_wh": -5}}, ["capacity_wh", "-5"]),
    ({"MQTT": {"nominal_voltage_v": 0}}, ["nominal_voltage_v", "0"]),
    ({"MQTT": {"tls_enabled": "maybe"}}, ["tls_enabled", "maybe"]),
    ({"DEFAULT": {"logging": "LOUD"}}, ["logging", "LOUD"]),
    ({"DEFAULT": {"timeout": -1}}, ["timeout", "-1"]),
    ({"DEFAULT": {"timeout": "1m"}}, ["timeout", "1m"]),
    ({"DEFAULT": {"device_instance": "one"}}, ["device_instance", "one"]),
    ({"DEFAULT": {"device_instance": -1}}, ["device_instance", "-1"]),
    ({"DEFAULT": {"divice_name": "x"}}, ["divice_name"]),
    ({"TIME_TO_GO": {"soc": 101}}, ["soc", "101"]),
    ({"TIME_TO_GO": {"enabled": 2}}, ["enabled", "2"]),
    ({"TIME_TO_GO": {"recalculate_every": "often"}}, ["recalculate_every", "often"]),
    ({"MQTTT": {"broker_port": 1883}}, ["MQTTT"]),
    ({"battery_x": {"type": "nuclear", "topic": "x"}}, ["type", "nuclear"]),
    ({"battery_x": {"type": "mqtt", "topic": "x", "colour": "red"}}, ["colour"]),
    ({"battery_x": {"type": "mqtt", "topic": "x", "unit_id": 2}}, ["unit_id", "marstek-modbus"]),
    ({"DEFAULT": {"publish_members": "some"}}, ["publish_members", "some"]),
])
def test_a_mistake_is_told_with_its_line(check, sections, words):
    text = changed(**sections)
    code, said = check(text)
    assert code == 2
    told = [line for line in said.splitlines() if all(word in line for word in words)]
    assert told, said
    assert any(f"line {line_of(text, words[0])}" in line for line in told), said


@pytest.mark.parametrize("text,words", [
    (changed(MQTT={"broker_address": None}), ["broker_address"]),
    (changed(MQTT={"topic": None}), ["topic"]),
    (changed(battery_x={"type": "mqtt"}), ["topic", "x"]),
    (changed(MQTT={"username": "a", "password_file": "/nowhere/secret"}), ["password_file", "/nowhere/secret"]),
    (changed(MQTT={"tls_enabled": 1, "tls_path_to_ca": "/nowhere/ca.crt"}), ["tls_path_to_ca", "/nowhere/ca.crt"]),
    (changed(MQTT={"topic": None}, battery_left={"type": "mqtt", "topic": "x", "coupling": "ac"}, battery_right={"type": "mqtt", "topic": "y"}),
     ["left", "right", "coupling"]),
    (ini(GOOD) + "topic = again\n", ["topic"]),
    (ini(GOOD) + "[MQTT]\nusername = x\n", ["MQTT"]),
    ("broker_port = 5\n" + ini(GOOD), ["line 1"]),
    (ini(GOOD) + "just words\n", [f"line {len(ini(GOOD).splitlines()) + 1}"]),
    ("", ["topic", "[MQTT]"]),
])
def test_other_mistakes(check, text, words):
    code, said = check(text)
    assert code == 2
    assert all(word in said for word in words), said


def test_batteries_on_modbus_need_no_broker(check):
    code, said = check(modbus_config({
        "garage": {"address": "192.0.2.2"}, "cellar": {"address": "[2001:db8::5]:8899", "framing": "rtuovertcp", "unit_id": 2, "family": "v12"},
        "shed": {"serial": "/dev/ttyUSB0", "model": "e3"}}))
    assert code == 0, said
    for words in ("garage: marstek-modbus, 192.0.2.2:502 unit 1", "cellar: marstek-modbus, [2001:db8::5]:8899 unit 2",
                  "shed: marstek-modbus, /dev/ttyUSB0 unit 1"):
        assert words in said


def test_check_tells_where_a_battery_on_mqtt_is(check):
    assert "mqtt: mqtt, broker 192.0.2.1 port 1883" in check(ini(GOOD))[1]


@pytest.mark.parametrize("keys,wrong,beside", [
    ({"address": "192.0.2.2", "serial": "/dev/ttyUSB0"}, "serial", "address"),
    ({"address": "192.0.2.2:502", "port": 503}, "port", "address"),
    ({"address": "192.0.2.2", "framing": "rtu"}, "framing", "address"),
    ({"serial": "/dev/ttyUSB0", "framing": "tcp"}, "framing", "serial"),
    ({"address": "192.0.2.2", "family": "v12", "model": "e3"}, "model", "family"),
    ({"address": "192.0.2.2", "topic": "x"}, "topic", "type"),
])
def test_contradictions_name_both_keys_and_their_lines(check, keys, wrong, beside):
    text = modbus_config({"garage": keys})
    code, said = check(text)
    assert code == 2 and len(said.splitlines()) == 1
    assert f"line {line_of(text, wrong + ' =')}: [battery garage] {wrong}: " in said
    assert f"{beside} in line {line_of(text, beside + ' =')}" in said


@pytest.mark.parametrize("first,second,words", [
    ({"address": "192.0.2.2"}, {"address": "192.0.2.2", "port": 502}, ["same address and unit_id"]),
    ({"address": "192.0.2.2"}, {"address": "192.0.2.2", "unit_id": 2, "framing": "rtuovertcp"}, ["framing"]),
])
def test_batteries_on_modbus_that_collide_are_both_named(check, first, second, words):
    text = modbus_config({"left": first, "right": second})
    code, said = check(text)
    assert code == 2 and all(word in said for word in [*words, "[battery left]", "[battery right]"]), said
    assert f"line {line_of(text, '[battery right]')}" in said and f"line {line_of(text, '[battery left]')}" in said


def test_beside_a_marstek_batteries_on_mqtt_must_say_that_they_are_ac_coupled(check):
    code, said = check(changed(battery_garage={"type": "marstek-modbus", "address": "192.0.2.2"}))
    assert code == 2 and "coupling = ac" in said and "[MQTT]" in said and "[battery garage]" in said
    code, said = check(modbus_config({"garage": {"address": "192.0.2.2", "coupling": "dc"}}))
    assert code == 2 and "inverter of its own" in said


def test_all_mistakes_at_once(check):
    text = changed(DEFAULT={"logging": "LOUD", "timeout": "soon"}, TIME_TO_GO={"soc": 101}, MQTT={"broker_port": 99999, "nonsense": 1}, Oops={"a": 1})
    code, said = check(text)
    assert code == 2
    for word in ("LOUD", "soon", "101", "99999", "nonsense", "Oops"):
        assert [line for line in said.splitlines() if word in line], (word, said)
    assert all(f"line {line_of(text, word)}" in said for word in ("LOUD", "soon", "101", "99999", "nonsense", "Oops")), said


def test_a_long_line_is_not_cut_in_silence(check):
    """inih cuts lines at 200 characters; either the whole value counts or the line is named."""
    code, said = check(changed(DEFAULT={"device_name": "x" * 5000}))
    assert code == 0 or (code == 2 and "line " in said)
    assert len(said) < 1000


@pytest.mark.parametrize("path", ["/nowhere/config.ini", "/"])
def test_a_file_that_cannot_be_read(path):
    code, said = command_line("check", "--config", path)
    assert code == 2 and path in said


def test_check_tells_no_secrets(check):
    text = changed(MQTT={"username": "anna", "password": "top-secret-1", "broker_port": "x"})
    code, said = check(text)
    assert code == 2 and "top-secret-1" not in said
    code, said = check(changed(MQTT={"username": "anna", "password": "bad%secret-2"}))
    assert "secret-2" not in said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_run_with_a_mistake_waits_and_shows_nothing(world, number):
    """It must not spin under its supervisor, and must end the moment it is asked to."""
    daemon = world.start(config_for(world.broker, mqtt={"broker_port": "x"}), expect_exit=2)
    daemon.wait_log("broker_port")
    holds_for(daemon.alive, 2, "ended at once: the supervisor would spin")
    assert not world.battery().on_bus()
    assert daemon.stop(number, seconds=1) == 2


def test_run_without_a_configuration_waits_too(world):
    daemon = world.start(None, expect_exit=2)
    daemon.wait_log("config.ini")
    holds_for(daemon.alive, 1, "ended at once")
    assert daemon.stop(seconds=1) == 2


def test_check_leaves_nothing_behind(tmp_path):
    file = tmp_path / "config.ini"
    file.write_text(ini(GOOD))
    file.chmod(stat.S_IRUSR)
    assert command_line("check", "--config", file)[0] == 0
    assert [path.name for path in tmp_path.iterdir()] == ["config.ini"]


@pytest.mark.parametrize("written,meant", [("100%% sure", "100% sure"), ("one ; two # three", "one ; two # three"),
                                           ('"quoted"', '"quoted"'), ("a = b : c", "a = b : c")])
def test_values_are_read_as_python_reads_them(world, written, meant):
    """The full comparison with configparser has a test of its own; this is what reaches D-Bus."""
    world.start(ini({"DEFAULT": {"device_name": written, "device_instance": 100}, "MQTT": {**broker_keys(world.broker), "topic": "battery"}}))
    world.broker.wait_subscribed("battery")
    world.publish({"Dc": {"Power": 1, "Voltage": 50}, "Soc": 5})
    assert world.battery().wait_on_bus().value("/ProductName") == meant
