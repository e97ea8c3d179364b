"""The system bus of plain Debian, which denies what no policy file allows, with the policy file that we ship."""
import json
import os
import subprocess

import pytest

from busclient import PREFIX, BusClient
from configs import mixed_config
from harness import REPO, Daemon, command_line, wait_until
from marstek import MarstekServer
from marstek_devices import V12_DISCHARGING
from servers import Bus

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the policy is for root, and only root becomes another user")

TOOLS = "dbus_virtual_battery.tools_600"


class SystemBus(Bus):
    """The rules are those of Debian's system.conf. The second address is for a user who may not enter our folder."""
    config = f"""<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <auth>EXTERNAL</auth>
  <listen>unix:path={{socket}}</listen>
  <listen>unix:abstract={{socket}}</listen>
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus"/>
  </policy>
  <include>{REPO}/packaging/dbus-virtual-battery.conf</include>
</busconfig>
"""


@pytest.fixture
def bus(tmp_path_factory):
    running = SystemBus(tmp_path_factory.mktemp("b")).start()
    yield running
    running.kill()


@pytest.fixture
def server(bus):
    running = MarstekServer(bus.folder, "marstek", {1: V12_DISCHARGING}, one_client=True).start()
    yield running
    running.stop()


@pytest.fixture
def daemon(bus, server):
    running = Daemon("daemon", mixed_config({"garage": server.keys()}), bus.folder, bus.environment())
    yield running
    running.stop()


def ask(bus, name, user):
    """A method call to the daemon by another user."""
    return subprocess.run(["dbus-send", f"--bus=unix:abstract={bus.socket}", "--print-reply", f"--dest={name}", "/",
                           "org.freedesktop.DBus.Peer.Ping"], user=user, capture_output=True, text=True, timeout=20, check=False)


def test_the_policy_file_lets_root_run_the_daemon_and_ask_it(bus, server, daemon):
    client = BusClient(bus.address)
    try:
        for name in (PREFIX + "600", TOOLS):
            wait_until(lambda name=name: client.owner(name), 15, f"the daemon owns {name}; it said:\n{daemon.log()}")
    finally:
        client.close()
    code, said = command_line("read", "garage", "--config", daemon.config_path, env=bus.environment())
    assert code == 0 and json.loads(said)["model"] == "Marstek Venus E", said
    assert server.connections() == 1, "the daemon answered, not the battery"
    for name in (PREFIX + "600", TOOLS):
        assert ask(bus, name, "root").returncode == 0, name
        assert "Rejected send message" in ask(bus, name, "nobody").stderr, name
