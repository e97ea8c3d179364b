"""Our INI reader and Python's configparser must understand a config.ini in the same way: users bring theirs along.

Differences that are meant, and therefore not generated here: we accept a byte order mark; we refuse control characters,
lines of more than 199 bytes that are no comments, and references that blow up a value beyond 100000 bytes; capital letters
beyond A to Z stay capital in keys.
"""
import configparser
import io
import json
import os
import pathlib
import random
import subprocess

import pytest

REPO = pathlib.Path(__file__).resolve().parents[2]
INI_DUMP = pathlib.Path(os.environ.get("VBAT_BUILD_DIR", REPO / "build" / "dev")) / "ini_dump"
pytestmark = pytest.mark.skipif(not INI_DUMP.exists(), reason=f"{INI_DUMP} is not built")

CONFIG = """\
; A configuration with a little of everything
[DEFAULT]
logging = WARNING
device_name = Virtual Battery
root = home
timeout: 60

[TIME_TO_GO]
enabled = 1
# at this state of charge it is empty
soc = 10

recalculate_every = 300

[MQTT]
Broker_Address = 192.168.1.20
broker_port = 1883
username = user ;name
password = pa%%ss;w#rd
leaf = battery
topic = %(root)s/%(leaf)s
note = first
    second

    third

[battery left]
topic = %(root)s/left
capacity_wh = 5120
"""

EDGE_CASES = [
    "", "\n", " ", "; only a comment", "[MQTT]", "[MQTT]\n\n", "[]", "[MQTT]\n[]", "[ MQTT ]\na=1", "[MQTT] tail\na=1",
    "[MQTT\na=1", "MQTT]\na=1", "[a]b]\nx=1", "[a] ; [b]\nx=1", "[[MQTT]]\nx=1", " [MQTT]\n a=1", "[MQTT]x=1\na=1", "[]=1",
    "[MQTT]\n[]=1", "[MQTT]\n[a=1", "[MQTT]\n]a=1", "[DEFAULT]\na=1\n[DEFAULT]\nb=2", "[DEFAULT]\na=1\n[DEFAULT]\na=2",
    "[MQTT]\na=1\n[MQTT]\nb=2", "[MQTT]\na=1\n[mqtt]\na=2", "[default]\na=1\n[MQTT]\nb=1", "[MQTT]\na=1\nA=2", "a=1",
    "a=1\n[MQTT]\nb=1", "  a=1\n[MQTT]", ";a\n[MQTT]", "[MQTT]\n=1", "[MQTT]\n:", "[MQTT]\n = ", "[MQTT]\na", "[MQTT]\na b c",
    "[MQTT]\na=", "[MQTT]\na:", "[MQTT]\na==1", "[MQTT]\na=:1", "[MQTT]\na:=1", "[MQTT]\na = b = c", "[MQTT]\na b : c=d",
    "[MQTT]\na=1 ;2", "[MQTT]\na=1 #2", "[MQTT]\na=1;2", "[MQTT]\na=;2", "[MQTT]\na= ;2", "[MQTT]\na ;b=2", "[MQTT]\na;b=2",
    "[MQTT]\na #b=2", "[MQTT ;x]\na=1", "[;MQTT]\na=1", "[MQTT]\n  ;a=1\nb=1", "[MQTT]\na=1\n ;b\n c", "[MQTT]\na=1\n#b\n c",
    "[MQTT]\na=1\n b", "[MQTT]\na=1\n b=2", "[MQTT]\na=1\n [x]", "[MQTT]\na=1\n\tb", "[MQTT]\na=1\n\n b", "[MQTT]\na=1\n\n\n",
    "[MQTT]\na=1\n \n b\n\n\n c\n\n", "[MQTT]\na=\n b", "[MQTT]\na=\n\n b", "[MQTT]\n a=1\n b=2", "[MQTT]\n  a=1\n b=2\n  c",
    "[MQTT]\n a=1\n\tb=2", "[MQTT]\n\ta=1\n b=2", "[MQTT]\na=1\n  b\n c\n   d", "[MQTT]\n   [DEFAULT]\na=1",
    "[MQTT]\na=1\n  [DEFAULT]\nb=2", "[MQTT]\na=1\n\n[DEFAULT]\n b=2", "[MQTT]\na=1\n; x\n\n b", "[MQTT]\na=1\n\n; x\n b",
    "[MQTT]\na=1\n  b\n\nc=1\n\n  d", "[MQTT]\n" + "k" * 70 + "=1\n b", "[" + "s" * 70 + "]\na=1\n b",
    "[MQTT]\r\na=1\r\n b\r\n\r\nc=2\r\n", "[MQTT]\na=1\r\nb=2\n", "[MQTT]\na=1", "[MQTT]\na=\u00a01\u00a0", "[MQTT]\n\u00a0a=1",
    "[MQTT]\na=1\n\u00a0b", "[MQTT]\na=1\n\u2003\u3000b", "[MQTT]\n\u00a0;a\nb=1", "[MQTT]\na\u00a0=1", "[MQTT]\na=1\n\u00a0\n b",
    "[MQTT]\na\u2028b=1", "[MQTT]\n\ufeffa=1", "[MQTT]\n\u200ba=1", "[K\u00fcche]\nt\u00fcr=\U0001f50b",
    "[MQTT]\na=%%", "[MQTT]\na=%", "[MQTT]\na=%x", "[MQTT]\na=%%%", "[MQTT]\na=%%(b)s", "[MQTT]\na=%%%(b)s\nb=1", "[MQTT]\na=%(b)s\nb=1",
    "[MQTT]\na=%(B)s\nb=1", "[MQTT]\na=%(b)s", "[MQTT]\na=%(b)d\nb=1", "[MQTT]\na=%(b)\nb=1", "[MQTT]\na=%(b\nb=1", "[MQTT]\na=%()s",
    "[MQTT]\na=%( b )s\nb=1", "[MQTT]\na=%(b)s%(b)s\nb=x%%", "[MQTT]\na=%(a)s", "[MQTT]\na=%(b)s\nb=%(a)s", "[MQTT]\na=%(b)s\nb=%",
    "[MQTT]\na=%(b\n c)s\nb=1", "[MQTT]\na=%(b)s)s\nb=1", "[MQTT]\na=%((b)s\n(b=1", "[DEFAULT]\na=%(b)s\n[MQTT]\nb=1",
    "[DEFAULT]\na=%(b)s\nb=2\n[MQTT]\nb=1", "[DEFAULT]\na=1\n[MQTT]\na=2\nb=%(a)s", "[MQTT]\na=%(b)s\n[TIME_TO_GO]\nb=1",
    "[DEFAULT]\na=%\n[MQTT]\na=1", "[MQTT]\na b=1\nc=%(a b)s", "[MQTT]\na=%%\n b=%(c)s\nc=2",
    "[MQTT]\n" + "".join(f"k{i}=%(k{i + 1})s\n" for i in range(10)) + "k10=end",
    "[MQTT]\n" + "".join(f"k{i}=%(k{i + 1})s\n" for i in range(11)) + "k11=end",
    "[MQTT]\n" + "".join(f"k{i}=%(k{i + 1})s\n" for i in range(10)) + "k10=%%",
]
BROKEN_BYTES = [b"[MQTT]\na=caf\xe9", b"[MQTT]\n; caf\xe9\na=1", b"[MQTT]\na=\xc0\xaf", b"[MQTT]\na=\xed\xa0\x80", b"[MQTT]\na=\xf4\x90\x80\x80",
                b"[MQTT]\na=1\n\xff", b"\xff\xfe[\x00M\x00"]

SNIPPETS = ["=", ":", ";", " ;", "#", " #", "%", "%%", "%(root)s", "%(leaf)s", "%(topic)s", "%(", ")s", "[", "]", "[MQTT]", "[DEFAULT]",
            "[x]", " ", "  ", "\t", "\n", "\n\n", "\n ", "\n  \n", "\r\n", "a", "Topic", "\u00a0", "\u3000", "\u00e4", "\u20ac", "k = v", "\nk2 = v\n"]


def python_reads(data):
    """{section: {key: value}}, or None when configparser refuses the text."""
    parser = configparser.ConfigParser()
    try:
        parser.read_file(io.TextIOWrapper(io.BytesIO(data), encoding="utf-8"))
        return {section: dict(parser.items(section)) for section in [parser.default_section, *parser.sections()]}
    except (configparser.Error, UnicodeDecodeError):
        return None


def daemon_reads(data):
    done = subprocess.run([INI_DUMP], input=data, capture_output=True, timeout=30)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    read = json.loads(done.stdout)
    return None if isinstance(read.get("error"), str) else read


def compare(data):
    """True when both can read it. A section cannot be called `error` here: the texts below have none."""
    expected = python_reads(data)
    assert daemon_reads(data) == expected, f"configparser reads {data!r} differently"
    return expected is not None


def insert(rng, text):
    place = rng.randrange(len(text) + 1)
    return text[:place] + rng.choice(SNIPPETS) + text[place:]


def remove(rng, text):
    place = rng.randrange(len(text))
    return text[:place] + text[place + rng.randrange(1, 12):]


def capitals(text):
    return "".join(c.upper() if c.isascii() else c for c in text)


def change_line(rng, text):
    lines = text.split("\n")
    place = rng.randrange(len(lines))
    line = lines[place]
    lines[place:place + 1] = rng.choice([[], [line, line], [" " * rng.randrange(1, 6) + line], [line.strip()], [capitals(line)], [line, ""],
                                         [line, "  more"], ["; " + line], [line[:rng.randrange(len(line) + 1)]], [rng.choice(lines)]])
    return "\n".join(lines)


def mutated(rng):
    text = CONFIG
    for _ in range(rng.choice([1, 1, 2, 3, 8])):
        text = rng.choice([insert, remove, change_line])(rng, text)
    if rng.random() < 0.1:
        text = text.replace("\r\n", "\n").replace("\n", "\r\n")
    return text


@pytest.mark.parametrize("text", EDGE_CASES, ids=lambda text: ascii(text)[1:-1][:60])
def test_edge_case(text):
    compare(text.encode())


@pytest.mark.parametrize("data", BROKEN_BYTES, ids=ascii)
def test_bytes_that_are_not_utf8(data):
    assert not compare(data)


@pytest.mark.parametrize("seed", range(10))
def test_changed_configurations(seed):
    rng = random.Random(seed)
    readable = [compare(mutated(rng).encode()) for _ in range(40)]
    # otherwise the comparison would say little
    assert 5 <= sum(readable) <= 35


def test_the_configuration_itself():
    read = daemon_reads(CONFIG.encode())
    assert read == python_reads(CONFIG.encode())
    assert read["MQTT"]["topic"] == "home/battery" and read["MQTT"]["password"] == "pa%ss;w#rd"
    assert read["MQTT"]["note"] == "first\nsecond\n\nthird" and read["battery left"]["timeout"] == "60"


def test_a_byte_order_mark_is_accepted():
    assert python_reads(b"\xef\xbb\xbf[MQTT]\na=1") is None
    assert daemon_reads(b"\xef\xbb\xbf[MQTT]\na=1") == {"DEFAULT": {}, "MQTT": {"a": "1"}}


@pytest.mark.parametrize("value", ["x" * 200, "a\x07b", "a\x00b"], ids=["long", "bell", "nul"])
def test_what_only_we_refuse(value):
    data = f"[MQTT]\na={value}".encode()
    assert python_reads(data) is not None and daemon_reads(data) is None
