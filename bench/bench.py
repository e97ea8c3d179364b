#!/usr/bin/python3
"""Measures dbus-virtual-battery, beside dbus-mqtt-battery when a checkout of it is given: one run, one broker, one bus.

The programs run one after the other and get the same messages. Reports only; nothing here passes or fails. See README.md.
"""
import argparse
import pathlib
import shutil
import statistics
import sys
import tempfile

from observing import REPO, TOPIC, Observer, Program, cpu_seconds, memory_kb, wait_until

sys.path.insert(0, str(REPO / "tests" / "system"))
from servers import Broker, Bus  # noqa: E402

CONFIG = """[DEFAULT]
logging = WARNING
device_name = Bench
device_instance = 100
timeout = 0

[TIME_TO_GO]
enabled = 1
soc = 10
recalculate_every = 300

[MQTT]
broker_address = 127.0.0.1
broker_port = {port}
topic = {topic}
"""


def percentile(sorted_values, share):
    return sorted_values[min(len(sorted_values) - 1, int(len(sorted_values) * share))] if sorted_values else None


def measure(observer, program, options, numbers):
    result, starts = {}, []
    for _ in range(options.starts):
        program.stop()
        wait_until(lambda: not observer.connection.name_has_owner(program.name), 10, "the old name is gone")
        starts.append(observer.start_time(program, numbers.take(1)))
    result["start_s"] = statistics.median(starts)

    observer.send(numbers.take(3), 3, 1)  # what happens only once is not counted
    pid = program.child.pid
    for label, rate, seconds in (("slow", 1, options.seconds), ("fast", 50, options.fast_seconds)):
        count = rate * seconds
        first, before = numbers.take(count), cpu_seconds(pid)
        observer.send(first, count, rate)
        result[f"{label}_cpu"] = (cpu_seconds(pid) - before) / count * 1000
        delays = observer.delays_ms(first, count)
        result[f"{label}_p50"], result[f"{label}_p99"] = percentile(delays, 0.5), percentile(delays, 0.99)
        result[f"{label}_share"] = len(delays) / count
        if label == "slow":
            result.update(memory_kb(pid))
    if options.soak and program.label == "ours":  # the peer shows one message a second: it would take days
        result["soak_kb"] = soak(observer, pid, options.soak, numbers)
    program.stop()
    return result


def soak(observer, pid, count, numbers):
    """Anonymous memory after every tenth of `count` messages, sent in batches so that the broker drops none."""
    first, batch, sizes = numbers.take(count), 100, []
    for start in range(first, first + count, batch):
        last = min(start + batch, first + count)
        for number in range(start, last):
            observer.publish(number)
        wait_until(lambda wanted=last - 1: observer.has_shown(wanted), 30, "the batch has gone through")
        observer.seen.clear()
        observer.sent.clear()
        if (last - first) * 10 // count > len(sizes):
            sizes.append(memory_kb(pid)["anonymous"])
    return sizes


class Numbers:
    """Every message of a run has its own number, so that no value is ever shown twice."""

    def __init__(self):
        self.next = 1

    def take(self, count):
        self.next += count
        return self.next - count


def table(ours, peer):
    def row(what, key, form, goal, scale=1.0):
        a, b = ours.get(key), peer.get(key) if peer else None
        ratio = f"{a / b:.3f}" if a is not None and b else ""
        cell = ["-" if value is None else form.format(value * scale) for value in (a, b)]
        print(f"| {what} | {cell[0]} | {cell[1]} | {ratio} | {goal} |")
    print("| | dbus-virtual-battery | dbus-mqtt-battery | ratio | goal |\n|---|---|---|---|---|")
    row("CPU s per 1000 messages, 1/s", "slow_cpu", "{:.3f}", "ratio <= 0.05")
    row("CPU s per 1000 messages, 50/s", "fast_cpu", "{:.3f}", "")
    row("resident memory, MB", "rss", "{:.1f}", "ratio <= 0.25", 1 / 1024)
    row("proportional memory (PSS), MB", "pss", "{:.1f}", "", 1 / 1024)
    row("anonymous memory, MB", "anonymous", "{:.1f}", "", 1 / 1024)
    for label, rate, goal in (("slow", 1, ""), ("fast", 50, "< 2 ms")):
        row(f"publish to signal, {rate}/s, p50 ms", f"{label}_p50", "{:.2f}", "")
        row(f"publish to signal, {rate}/s, p99 ms", f"{label}_p99", "{:.2f}", goal)
        row(f"values signalled, {rate}/s", f"{label}_share", "{:.1%}", "100 %" if label == "fast" else "")
    row("start to name on the bus, s", "start_s", "{:.3f}", "")
    if sizes := ours.get("soak_kb"):
        print(f"\nOur anonymous memory after each tenth of the soak, kB: {', '.join(map(str, sizes))}; "
              f"growth after the first tenth: {sizes[-1] - sizes[0]} kB (goal: none)")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--daemon", type=pathlib.Path, default=REPO / "build/release/dbus-virtual-battery", help="our binary (default: %(default)s)")
    parser.add_argument("--peer", type=pathlib.Path, help="the folder dbus-mqtt-battery of a checkout of venus-os_dbus-mqtt-battery")
    parser.add_argument("--seconds", type=int, default=60, help="how long at 1 message/s (default: %(default)s)")
    parser.add_argument("--fast-seconds", type=int, default=20, help="how long at 50 messages/s (default: %(default)s)")
    parser.add_argument("--starts", type=int, default=3, help="starts whose median is shown (default: %(default)s)")
    parser.add_argument("--soak", type=int, default=0, metavar="N",
                        help="also send N messages to our daemon as fast as it takes them and watch its memory")
    parser.add_argument("--peer-only", action="store_true", help="leave our daemon out")
    options = parser.parse_args()

    folder = pathlib.Path(tempfile.mkdtemp(prefix="vbat-bench-"))
    bus, broker, programs, results = Bus(folder).start(), Broker(folder, log="error").start(), [], {}
    try:
        observer, numbers = Observer(bus, broker), Numbers()
        config = folder / "config.ini"
        config.write_text(CONFIG.format(port=broker.port, topic=TOPIC))
        if not options.peer_only:
            programs.append(Program("ours", "com.victronenergy.battery.virtual_battery_100",
                                    [options.daemon, "run", "--config", config, "--state-dir", folder / "state"], bus, folder))
        if options.peer:
            copy = folder / "peer"
            shutil.copytree(options.peer, copy)
            shutil.copy(config, copy / "config.ini")
            programs.append(Program("peer", "com.victronenergy.battery.mqtt_battery_100",
                                    [sys.executable, copy / "dbus-mqtt-battery.py"], bus, folder))
        for program in programs:
            results[program.label] = measure(observer, program, options, numbers)
    finally:
        for program in programs:
            program.stop()
        broker.stop()
        bus.kill()
    table(results.get("ours", {}), results.get("peer"))
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
