#!/usr/bin/python3
"""Measures the daemon while it reads four simulated Marsteks over Modbus: two of the third generation on ports of their
own, two older ones behind one gateway. Reports only; nothing here passes or fails. See README.md.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time

from observing import REPO, Program, cpu_seconds, memory_kb

import dbus.bus

sys.path.insert(0, str(REPO / "tests" / "system"))
from harness import wait_until  # noqa: E402
from servers import Bus  # noqa: E402

HOUSE = ["--battery", "name=a,model=e3,soc=60,ct=1", "--battery", "name=b,model=d,soc=40,packs=4",
         "--battery", "name=c,model=v12-e,unit=1,gateway=g", "--battery", "name=d,model=v12-e,unit=2,gateway=g",
         "--load", "profile:day", "--pv", "profile:clouds", "--control-port", "0"]
NAME = "com.victronenergy.battery.virtual_battery_600"


def config(ports):
    batteries = "".join(f"[battery {name}]\ntype = marstek-modbus\naddress = 127.0.0.1:{ports[name]}\nunit_id = {unit}\n"
                        for name, unit in (("a", 1), ("b", 1), ("c", 1), ("d", 2)))
    return f"[DEFAULT]\nlogging = WARNING\n{batteries}"


def all_online(connection):
    texts = connection.get_object(NAME, "/", introspect=False).GetText(dbus_interface="com.victronenergy.BusItem")
    return all(texts.get(f"Members/{i}/State") == "online" for i in range(4))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--daemon", type=pathlib.Path, default=REPO / "build/release/dbus-virtual-battery", help="default: %(default)s")
    parser.add_argument("--simulator", type=pathlib.Path, default=REPO / "build/release/simulator", help="default: %(default)s")
    parser.add_argument("--seconds", type=int, default=120, help="how long (default: %(default)s)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        bus = Bus(folder).start()
        house = subprocess.Popen([options.simulator, *HOUSE], stdout=subprocess.PIPE, text=True)
        ready = json.loads(house.stdout.readline())
        (folder / "config.ini").write_text(config(ready["ports"]))
        program = Program("ours", NAME, [options.daemon, "run", "--config", folder / "config.ini", "--state-dir", folder], bus, folder)
        try:
            program.start()
            connection = dbus.bus.BusConnection(bus.address)
            wait_until(lambda: connection.name_has_owner(NAME) and all_online(connection), 60, "four batteries are online")
            pid, before = program.child.pid, cpu_seconds(program.child.pid)
            time.sleep(options.seconds)
            cpu, memory = cpu_seconds(pid) - before, memory_kb(pid)
        finally:
            program.stop()
            house.terminate()
            house.wait()
            bus.kill()
    print("| four Marsteks on Modbus | measured | goal |\n|---|---|---|")
    print(f"| CPU, share of one core | {cpu / options.seconds:.2%} | < 1 % |")
    for what, goal in (("rss", "< 12 MB"), ("pss", ""), ("anonymous", "")):
        print(f"| memory, {what}, MB | {memory[what] / 1024:.1f} | {goal} |")


main()
