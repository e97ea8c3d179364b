"""Processes of a test: started on loopback with private sockets, watched, ended, and checked when they are gone."""
import ctypes
import os
import pathlib
import re
import signal
import socket
import subprocess
import time

from gi.repository import GLib

REPO = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("VBAT_BUILD_DIR", REPO / "build" / "dev")) / "dbus-virtual-battery"

SANITIZER = re.compile(r"ERROR: \w*Sanitizer|runtime error:|WARNING: ThreadSanitizer")


def end_with_parent():
    """Runs in the child before exec: a killed pytest leaves nothing behind (PR_SET_PDEATHSIG is 1)."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def pump():
    """Lets waiting D-Bus signals reach their handlers; returns at once."""
    while GLib.MainContext.default().iteration(False):
        pass


def wait_until(predicate, seconds, what):
    """Returns the first true answer of `predicate`; fails, saying `what` did not happen, after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        pump()
        answer = predicate()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.005)


def holds_for(predicate, seconds, what):
    """The opposite: `predicate` must stay true all the time. Only for things that must not happen, so keep it short."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        pump()
        assert predicate(), what
        time.sleep(0.005)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def accepts(port):
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def accepts_unix(path):
    """The file alone is not enough: it is there before anybody listens on it."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


class Process:
    """A child with its own process group; everything it prints goes to one file."""

    def __init__(self, name, argv, folder, env=None, stderr=None, stdin=subprocess.DEVNULL):
        self.name = name
        self.log_start = 0
        self.log_path = pathlib.Path(folder) / f"{name}.log"
        with open(self.log_path, "ab") as log:
            self.child = subprocess.Popen([str(word) for word in argv], stdin=stdin, stdout=log, stderr=stderr or log,
                                          env=env, start_new_session=True, preexec_fn=end_with_parent)

    def log(self):
        return self.log_path.read_text(encoding="utf-8", errors="replace")[self.log_start:]

    def forget_log(self):
        """From here on log(), lines() and wait_log() see only what is still to come."""
        self.log_start += len(self.log())

    def lines(self, *parts):
        """The lines of the log that contain all of `parts`, whatever their case."""
        return [line for line in self.log().splitlines() if all(part.lower() in line.lower() for part in parts)]

    def wait_log(self, *parts, seconds=10):
        return wait_until(lambda: self.lines(*parts), seconds, f"{self.name} logs a line with {parts}; it said:\n{self.log()}")

    def alive(self):
        return self.child.poll() is None

    def kill(self):
        """As the kernel does when memory is short: no chance to say goodbye."""
        self.signal(signal.SIGKILL)
        self.child.wait(10)

    def signal(self, number):
        if self.alive():
            os.kill(self.child.pid, number)

    def wait_exit(self, seconds):
        wait_until(lambda: not self.alive(), seconds, f"{self.name} ends; it said:\n{self.log()}")
        return self.child.returncode


class Daemon(Process):
    """dbus-virtual-battery under test. `expect_exit` is the exit code it must have when the test is over."""

    def __init__(self, name, config, folder, env, expect_exit=0, stderr=None):
        folder = pathlib.Path(folder) / name
        folder.mkdir(parents=True, exist_ok=True)
        self.config_path = folder / "config.ini"
        if config is not None:
            self.config_path.write_text(config, encoding="utf-8")
        self.expect_exit = expect_exit
        self.checked = False
        super().__init__(name, [BINARY, "run", "--config", self.config_path, "--state-dir", folder / "state"], folder, env, stderr)

    def stop(self, number=signal.SIGTERM, seconds=5):
        self.signal(number)
        return self.finish(seconds)

    def crash(self):
        """kill -9 of the daemon itself: an exit code of its own is not to be expected."""
        self.expect_exit = -signal.SIGKILL
        self.kill()
        self.finish(1)

    def finish(self, seconds):
        """Waits for the end and checks how it ended. Once is enough: the fixture calls this again for every daemon."""
        code = self.wait_exit(seconds)
        if not self.checked:
            self.checked = True
            self.log_start = 0
            said = self.log()
            assert not SANITIZER.search(said), f"{self.name}: a sanitizer complained:\n{said}"
            assert code == self.expect_exit, f"{self.name} ended with {code}, not {self.expect_exit}:\n{said}"
        return code


def command_line(*arguments, env=None, seconds=20):
    """Runs the binary to its end and returns (exit code, everything it printed)."""
    done = subprocess.run([str(BINARY), *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, env=env, timeout=seconds, check=False)
    said = done.stdout.decode(errors="replace")
    assert not SANITIZER.search(said), said
    return done.returncode, said
