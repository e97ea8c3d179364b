#!/usr/bin/env python3
"""Fails when a file includes what its layer may not use, or reads a clock where time must be an argument (design in
docs/adr/0001-layers.md)."""
import pathlib
import re
import sys

MAY_USE = {
    "core": set(),
    "runtime": {"core"},
    "device": {"core"},
    "config": {"core", "device", "runtime"},
    "publish": {"core", "runtime"},
    "link": {"core", "device", "runtime"},
    "app": {"core", "runtime", "device", "config", "publish", "link"},
}
# Foreign header (beginning of its name) -> the layers that may know it.
LIBRARIES = {
    "sdbus-c++": {"runtime", "publish", "link"},
    "systemd/sd-bus": {"publish"},
    "systemd/": {"runtime"},
    "mosquitto": {"link"},
    "modbus": {"link"},
    "ini.h": {"config"},
    "nlohmann": {"device", "app"},
    "spdlog": {"runtime"},
    "CLI": {"app"},
}
# All of sdbus-c++ in these files: the move to its next version is a morning's work.
SDBUS_FILES = {"runtime/bus.cpp", "publish/dbus_service.cpp", "publish/tool_service.cpp", "link/settings_client.cpp",
               "link/battery_neighbours.cpp", "link/tool_client.cpp"}
CLOCK_READERS = {"runtime", "link", "app"}
CLOCK = re.compile(r"_clock::now\(\)|\btime\(nullptr\)|\bgettimeofday\(|\bclock_gettime\(")


def problems_of(line, layer, name):
    if local := re.match(r'#include "(\w+)/', line):
        if local[1] != layer and local[1] not in MAY_USE[layer]:
            yield f"{layer} may not use {local[1]}"
    if foreign := re.match(r"#include <([^>]+)>", line):
        library = next((known for known in LIBRARIES if foreign[1].startswith(known)), None)
        if library and layer not in LIBRARIES[library]:
            yield f"<{foreign[1]}> belongs to {', '.join(sorted(LIBRARIES[library]))}"
        if library == "sdbus-c++" and name not in SDBUS_FILES:
            yield "sdbus-c++ stays inside " + ", ".join(sorted(SDBUS_FILES))
    if CLOCK.search(line) and layer not in CLOCK_READERS:
        yield f"{layer} is told the time, it does not ask"


def main(root):
    source = root / "src"
    found = [f"src: folder {folder.name} is no layer" for folder in source.iterdir()
             if folder.is_dir() and folder.name not in MAY_USE]
    for layer in MAY_USE:
        files = sorted((source / layer).rglob("*.[ch]pp"))
        if not files:
            found.append(f"src/{layer}: no files, the check would say nothing")
        for path in files:
            name = str(path.relative_to(source))
            for number, line in enumerate(path.read_text().splitlines(), 1):
                found += [f"src/{name}:{number}: {what}" for what in problems_of(line, layer, name)]
    print("\n".join(found) or "layers are clean")
    return bool(found)


sys.exit(main(pathlib.Path(sys.argv[1])))
