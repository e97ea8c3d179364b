"""install.sh, uninstall.sh, restart.sh and service/: the daemon as a service of daemontools, as on Venus OS.

Each test has a small GX device of its own: an svscan in folders below tmp_path and, where the kernel allows it, in a
process namespace of its own, so that nothing survives a test. A stand-in takes the daemon's place: the scripts are tested.
"""

import os
import platform
import shutil
import signal
import stat
import subprocess
import time
from pathlib import Path

import pytest

from harness import command_line

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ["install.sh", "uninstall.sh", "restart.sh", "check.sh", "service/common.sh", "service/run", "service/log/run"]
DAEMONTOOLS = ["svc", "svok", "svstat", "svscan", "supervise", "multilog", "softlimit", "tai64nlocal"]
NAME = "dbus-virtual-battery"
SAMPLE = "[DEFAULT]\ndevice_instance = 100\n"

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="the scripts must be run as root"),
    pytest.mark.skipif(not shutil.which("svscan"), reason="daemontools is not installed"),
    pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler for the stand-in"),
]

# What it does is written in its config.ini.
STAND_IN = r"""
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static void stop(int signal_number) { (void)signal_number; if (write(2, "stopping\n", 9)) {} _exit(0); }
int main(int argc, char** argv) {
    static char text[4096];
    const char* config = "";
    const char* state = "";
    if (argc < 2) return 1;
    if (!strcmp(argv[1], "version")) return puts("stand-in 1.0") < 0;
    for (int i = 2; i + 1 < argc; i += 2) {
        if (!strcmp(argv[i], "--config")) config = argv[i + 1];
        if (!strcmp(argv[i], "--state-dir")) state = argv[i + 1];
    }
    FILE* file = fopen(config, "r");
    if (!file || !fread(text, 1, sizeof text - 1, file)) return 1;
    if (!strcmp(argv[1], "check")) return strstr(text, "broken") ? (puts("line 3: broken: unknown key"), 2) : 0;
    signal(SIGTERM, strstr(text, "deaf") ? SIG_IGN : stop);
    fprintf(stderr, "%s: config %s state %s arenas %s\n", argv[0], config, state, getenv("MALLOC_ARENA_MAX"));
    if (strstr(text, "exit 3")) return 3;
    for (;;) pause();
}
"""

# Venus OS patches svscan so that SIGALRM makes it look for services at once. The unpatched one looks every 5 s.
RESCAN_ON_ALARM = r"""
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
static volatile sig_atomic_t rescan;
static void on_alarm(int signal_number) { (void)signal_number; rescan = 1; }
__attribute__((constructor)) static void start(void) { unsetenv("LD_PRELOAD"); signal(SIGALRM, on_alarm); }
unsigned sleep(unsigned seconds) {
    for (unsigned i = 0; i < seconds * 20 && !rescan; ++i) poll(0, 0, 50);
    rescan = 0;
    return 0;
}
"""


def until(condition, seconds=10):
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < deadline, f"it did not happen within {seconds} s"
        time.sleep(0.02)
    return result


def executable(path, text):
    path.write_text(text)
    path.chmod(0o755)


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("built")
    for name, source, flags in [("stand-in", STAND_IN, []), ("rescan.so", RESCAN_ON_ALARM, ["-shared", "-fPIC"])]:
        command = ["cc", "-O1", "-Wall", *flags, "-x", "c", "-", "-o", folder / name]
        subprocess.run(command, input=source, text=True, check=True)
    return folder


@pytest.fixture(scope="session")
def shells(tmp_path_factory):
    """Command lines that run a script, by name of the shell."""
    found = {"dash": ["dash"]} if shutil.which("dash") else {}
    busybox = shutil.which("busybox")
    if busybox:
        # As on Venus OS: nothing but BusyBox and daemontools. Debian's BusyBox has an svc and others of its own, which
        # it may prefer whatever PATH says, and which do not understand daemontools: functions come first.
        folder = tmp_path_factory.mktemp("busybox")
        for applet in subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout.split():
            (folder / applet).symlink_to(busybox)
        functions = ""
        for tool in DAEMONTOOLS:
            (folder / tool).unlink(missing_ok=True)
            (folder / tool).symlink_to(shutil.which(tool))
            functions += f'{tool}() {{ "{shutil.which(tool)}" "$@"; }}; '
        found["busybox"] = [busybox, "sh", "-c", f'PATH=${{PATH%%:*}}:{folder}; {functions} . "$0"']
    return found


@pytest.fixture(params=["dash", "busybox"])
def shell(request, shells):
    if request.param not in shells:
        pytest.skip(request.param + " is not installed")
    return shells[request.param]


# Its processes end with it. --mount-proc: what runs in it sees the same process numbers as svstat tells.
NAMESPACE = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]


def namespaces_work():
    return subprocess.run([*NAMESPACE, "true"], capture_output=True, check=False).returncode == 0


class Device:
    def __init__(self, folder, built, isolated):
        self.folder, self.built, self.isolated = folder, built, isolated
        self.data, self.services, self.ram, self.logs = (folder / name for name in ("data", "service", "run", "log"))
        self.tools = folder / "tools"  # first in PATH: what is put here replaces or adds a command
        for new in (self.data / "apps", self.services, self.logs, self.tools):
            new.mkdir(parents=True)
        self.env = dict(os.environ, PATH=f"{self.tools}:{os.environ['PATH']}", SERVICE_DIR=str(self.services),
                        RUN_SERVICE_DIR=str(self.ram), DATA_DIR=str(self.data), LOG_DIR=str(self.logs))
        self.env.pop("LD_PRELOAD", None)
        self.enter = []
        self.namespace = self.svscan = None
        self.switch_on()

    def switch_on(self):
        if not self.isolated:
            return
        # The shell is the namespace's init: it waits for everything whose parent is gone.
        self.namespace = subprocess.Popen([*NAMESPACE, "sh", "-c", "while :; do sleep 1000 & wait; done"])
        init = until(lambda: self.child_of(self.namespace.pid))
        until(lambda: self.child_of(init))  # now it is the shell, with its own /proc
        self.enter = ["nsenter", "--target", init, "--pid", "--mount", "--"]

    @staticmethod
    def child_of(pid):
        return Path(f"/proc/{pid}/task/{pid}/children").read_text().strip()

    def run(self, *command, env=None):
        return subprocess.run([*self.enter, *map(str, command)], env=env or self.env, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=60, check=False)

    def start_svscan(self, patched=True):
        pid_file = self.folder / "svscan.pid"
        env = dict(self.env)
        if patched:
            executable(self.tools / "svrescan", f'#!/bin/sh\nkill -ALRM "$(cat {pid_file})"\n')
            env["PRELOAD"] = str(self.built / "rescan.so")
        with open(self.folder / "svscan.log", "a") as log:
            self.svscan = subprocess.Popen(
                [*self.enter, "sh", "-c", 'echo $$ > "$0.new"; mv "$0.new" "$0"; LD_PRELOAD=${PRELOAD-} exec svscan "$1"',
                 str(pid_file), str(self.services)], env=env, stdout=log, stderr=log)
        until(pid_file.exists)

    def stop_svscan(self):
        if self.svscan:
            self.run("sh", "-c", f"kill $(cat {self.folder}/svscan.pid)")
            self.svscan.wait(10)
            self.svscan = None
            (self.folder / "svscan.pid").unlink()

    def shut_down(self):
        """As before a reboot. svscan goes first: it would start again what is stopped."""
        self.stop_svscan()
        supervised = [log.parents[1] for log in self.folder.rglob("log/supervise")]
        for service in supervised:
            self.run("svc", "-dx", service, service / "log")
        until(lambda: not self.processes())
        self.forget_ram()

    def cut_power(self):
        if self.isolated:
            self.namespace.kill()  # --kill-child: all the others go with it
            self.namespace.wait()
            self.svscan = None
        else:
            self.stop_svscan()
            for pid in self.processes():
                os.kill(pid, signal.SIGKILL)
        until(lambda: not self.processes())
        (self.folder / "svscan.pid").unlink(missing_ok=True)

    def forget_ram(self):
        shutil.rmtree(self.ram, ignore_errors=True)
        shutil.rmtree(self.services)
        self.services.mkdir()

    def processes(self):
        """All that have to do with this device, except svscan and the namespace's own: numbers as seen from outside."""
        own = [] if not self.svscan else [self.svscan.pid]
        found = {}
        for process in Path("/proc").glob("[0-9]*"):
            try:
                command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                about = command + os.readlink(process / "cwd") + os.readlink(process / "exe")
            except OSError:
                continue  # it has just ended, or is a zombie or a part of the kernel
            if str(self.folder) in about and int(process.name) not in own and "svscan" not in command:
                found[int(process.name)] = command
        return found

    def app(self, name=NAME, parent=None, sample=SAMPLE):
        """An unpacked package, with a program for this machine."""
        app = (parent or self.data / "apps") / name
        for script in SCRIPTS:
            (app / script).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / script, app / script)
        (app / "bin").mkdir()
        shutil.copy(self.built / "stand-in", app / "bin" / NAME)
        (app / "config.sample.ini").write_text(sample)
        return app

    def install(self, app, *args, shell=("sh",), **env):
        return self.run(*shell, app / "install.sh", *args, env={**self.env, **env})

    def start(self, app, shell=("sh",)):
        """Installs without the script's own wait for a program that stays."""
        said = done(self.install(app, shell=shell, NO_WAIT="1"))
        until(lambda: self.pid(app.name))
        return said

    def uninstall(self, app, *args, shell=("sh",)):
        return self.run(*shell, app / "uninstall.sh", *args)

    def restart(self, app, shell=("sh",), **env):
        return self.run(*shell, app / "restart.sh", env={**self.env, **env})

    def rc_local(self):
        return self.run(self.data / "rc.local")

    def pid(self, name=NAME):
        """As the namespace counts; 0 when it is down."""
        text = self.run("svstat", self.services / name).stdout
        return int(text.split("(pid ")[1].split(")")[0]) if ": up (pid " in text else 0

    def log(self, name=NAME):
        current = self.logs / name / "current"
        return current.read_text() if current.exists() else ""

    def files(self):
        """Everything but the running program's own state, to see that nothing has changed."""
        return {str(path): path.read_bytes() if path.is_file() and not path.is_symlink() else os.path.realpath(path)
                for top in (self.data, self.services, self.ram) for path in top.rglob("*") if "supervise" not in path.parts}


@pytest.fixture
def device(tmp_path, built):
    device = Device(tmp_path, built, namespaces_work())
    yield device
    device.cut_power()


@pytest.fixture
def running(device):
    """A device whose svscan runs."""
    device.start_svscan()
    return device


def done(result):
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout + result.stderr


def refused(result, *words):
    text = result.stdout + result.stderr
    assert result.returncode == 1, text
    errors = [line for line in text.splitlines() if line.startswith("ERROR: ")]
    assert len(errors) == 1, text
    for word in words:
        assert str(word) in errors[0]


def hook(app):
    """The line in rc.local."""
    return f"sh '{app}/install.sh' --boot # {app.name}\n"


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


# ---- install, restart, uninstall

def test_install_restart_uninstall(running, shell):
    app = running.app()
    assert "created" in done(running.install(app, shell=shell))
    first = running.pid()
    assert first
    assert (running.data / "rc.local").read_text() == "#!/bin/sh\n" + hook(app)
    assert mode(running.data / "rc.local") == 0o755
    assert mode(app / "config.ini") == 0o600
    assert mode(app / "state") == 0o700
    until(lambda: f"config {app}/config.ini state {app}/state arenas 1\n" in running.log())

    # An update in place: restarted with the new files, and everything else as it was.
    (app / "config.ini").write_text(SAMPLE + "; mine\n")
    (app / "config.ini").chmod(0o644)
    assert "created" not in done(running.install(app, shell=shell))
    second = running.pid()
    assert second not in (0, first)
    assert (running.data / "rc.local").read_text() == "#!/bin/sh\n" + hook(app)
    assert not (running.ram / NAME / NAME).is_symlink()
    assert (app / "config.ini").read_text() == SAMPLE + "; mine\n"
    assert mode(app / "config.ini") == 0o600

    assert "runs with pid" in done(running.restart(app, shell=shell))
    assert running.pid() not in (0, second)

    assert len(running.processes()) == 4, running.processes()  # the program, its log, and a supervise for each
    done(running.uninstall(app, shell=shell))
    assert not running.processes()
    assert not (running.services / NAME).is_symlink()
    assert not (running.ram / NAME).exists()
    assert not (running.data / "rc.local").exists()
    assert (app / "config.ini").exists() and (app / "state").exists()
    assert running.log().endswith("stopping\n")  # the log ends after the program
    done(running.uninstall(app, shell=shell))
    refused(running.restart(app, shell=shell), "not installed", app / "install.sh")


def test_comes_back_after_uninstall_and_install(running):
    app = running.app()
    running.start(app)
    done(running.uninstall(app))
    done(running.install(app))
    assert running.pid()


def test_unpatched_svscan(device):
    device.start_svscan(patched=False)
    assert not (device.tools / "svrescan").exists()
    app = device.app()
    done(device.install(app))
    assert device.pid()
    done(device.uninstall(app))
    assert not device.processes()


def test_supervise_restarts_a_killed_program(running):
    app = running.app()
    running.start(app)
    first = running.pid()
    done(running.run("kill", "-9", first))
    until(lambda: running.pid() not in (0, first))


def test_restart_starts_a_stopped_service(running):
    app = running.app()
    running.start(app)
    running.run("svc", "-d", running.services / NAME)
    until(lambda: running.pid() == 0)
    done(running.restart(app))
    assert running.pid()


def test_a_program_that_does_not_end_is_reported(running):
    app = running.app(sample=SAMPLE + "; deaf\n")
    running.start(app)
    refused(running.restart(app, WAIT_SECONDS="3"), "not ended within 3 s")
    assert running.run("sh", app / "uninstall.sh", env={**running.env, "WAIT_SECONDS": "1"}).returncode == 1
    assert (running.ram / NAME / "run").exists()  # not taken away from under the feet of a running program
    running.run("svc", "-k", running.ram / NAME)
    done(running.uninstall(app))
    assert not running.processes()


def test_a_program_that_ends_at_once_is_reported(running):
    app = running.app(sample=SAMPLE + "; exit 3\n")
    result = running.install(app, WAIT_SECONDS="3")
    refused(result, "does not keep running", running.logs / NAME / "current")
    assert f"*** starting {NAME} ***" in result.stderr  # the end of the log


def test_no_svscan_is_reported(device):
    refused(device.install(device.app(), WAIT_SECONDS="1"), "is svscan running?")


def test_run_file_hands_everything_on(device, shell):
    app = device.app(sample=SAMPLE + "; exit 3\n")
    done(device.install(app, shell=shell, NO_WAIT="1"))
    result = device.run(*shell, device.ram / NAME / "run")
    assert result.returncode == 3
    assert result.stdout.splitlines()[0] == f"*** starting {NAME} ***"
    assert f"config {app}/config.ini state {app}/state arenas 1" in result.stdout  # both streams go into the log


def test_log_is_rotated_small(running):
    running.start(running.app())
    multilog = until(lambda: [command for command in running.processes().values() if command.startswith("multilog")])
    assert multilog[0].split() == ["multilog", "t", "s25000", "n4", str(running.logs / NAME)]
    until(lambda: running.log().startswith("@4000000"))


def test_folder_with_spaces(running, shell):
    app = running.app(parent=running.data / "my own apps")
    running.start(app, shell)
    until(lambda: f"config {app}/config.ini" in running.log())
    running.shut_down()
    running.start_svscan()
    done(running.rc_local())
    assert until(running.pid)
    done(running.uninstall(app, shell=shell))
    assert not (running.data / "rc.local").exists()


# ---- reboot

@pytest.mark.parametrize("svscan", ["before", "after"])
@pytest.mark.parametrize("how", ["shut_down", "cut_power"])
def test_reboot(running, svscan, how):
    app = running.app()
    running.start(app)
    getattr(running, how)()
    running.forget_ram()
    if how == "cut_power":
        running.switch_on()
    if svscan == "before":
        running.start_svscan()
    done(running.rc_local())
    if svscan == "after":
        assert running.pid() == 0
        running.start_svscan()
    assert until(running.pid)


def test_boot_restarts_and_changes_nothing(running):
    app = running.app()
    running.start(app)
    first = running.pid()
    (app / "config.ini").chmod(0o640)
    asked = running.folder / "asked"
    executable(running.tools / "svc", f'#!/bin/sh\necho "$*" >> "{asked}"\nexec {shutil.which("svc")} "$@"\n')
    before = running.files()
    done(running.install(app, "--boot"))
    assert not asked.exists()
    assert running.pid() == first
    assert running.files() == before
    assert mode(app / "config.ini") == 0o640
    done(running.install(app))
    assert asked.exists()


# ---- rc.local

RC_LOCALS = {
    "own lines": ("#!/bin/bash\nbash /data/apps/other/enable.sh\n", "#!/bin/bash\nbash /data/apps/other/enable.sh\nHOOK\n"),
    "no newline at the end": ("#!/bin/bash\nfoo", "#!/bin/bash\nfoo\nHOOK\n"),
    "exit": ("#!/bin/bash\nfoo\nexit 0\n", "#!/bin/bash\nfoo\nHOOK\nexit 0\n"),
    "exit and a comment": ("#!/bin/bash\nfoo\nexit\n\n# end\n", "#!/bin/bash\nfoo\nHOOK\nexit\n\n# end\n"),
    "exit in an if": ("#!/bin/sh\nif [ -e /x ]; then\nexit 1\nfi\nfoo\n",
                      "#!/bin/sh\nif [ -e /x ]; then\nexit 1\nfi\nfoo\nHOOK\n"),
    "a word like exit": ("#!/bin/sh\nexit_hook\n", "#!/bin/sh\nexit_hook\nHOOK\n"),
    "the second instance": ("#!/bin/sh\nsh '/data/apps/NAME-2/install.sh' --boot # NAME-2\n",
                            "#!/bin/sh\nsh '/data/apps/NAME-2/install.sh' --boot # NAME-2\nHOOK\n"),
    "moved from another folder": ("#!/bin/sh\nsh '/data/etc/NAME/install.sh' --boot # NAME\nfoo\n",
                                  "#!/bin/sh\nfoo\nHOOK\n"),
}


@pytest.mark.parametrize("case", RC_LOCALS)
def test_rc_local_of_others(device, shell, case):
    before, after = (text.replace("NAME", NAME) for text in RC_LOCALS[case])
    app, rc = device.app(), device.data / "rc.local"
    executable(rc, before)
    rc.chmod(0o744)
    for _ in range(2):
        done(device.install(app, shell=shell, NO_WAIT="1"))
        assert rc.read_text() == after.replace("HOOK\n", hook(app))
        assert mode(rc) == 0o744
    for _ in range(2):
        done(device.uninstall(app, shell=shell))
        assert rc.read_text() == after.replace("HOOK\n", "")
        assert mode(rc) == 0o744
    assert sorted(path.name for path in device.data.iterdir()) == ["apps", "rc.local"]


def test_rc_local_becomes_executable(device):
    rc = device.data / "rc.local"
    rc.write_text("#!/bin/sh\n")
    done(device.install(device.app(), NO_WAIT="1"))
    assert mode(rc) == 0o755


def test_modifications_switched_off(running, shell):
    app, disabled = running.app(), running.data / "rc.local.disabled"
    executable(disabled, "#!/bin/bash\nbash /data/apps/other/enable.sh")
    assert "modifications are switched off" in running.start(app, shell)
    assert running.pid()
    assert not (running.data / "rc.local").exists()
    assert disabled.read_text() == "#!/bin/bash\nbash /data/apps/other/enable.sh\n" + hook(app)
    done(running.uninstall(app, shell=shell))
    assert disabled.read_text() == "#!/bin/bash\nbash /data/apps/other/enable.sh\n"
    assert not (running.data / "rc.local").exists()


def test_uninstall_cleans_both_rc_files(device):
    app = device.app()
    done(device.install(app, NO_WAIT="1"))
    shutil.copy(device.data / "rc.local", device.data / "rc.local.disabled")
    done(device.uninstall(app))
    assert not list(device.data.glob("rc.local*"))


def test_uninstall_leaves_an_empty_rc_local_of_others(device):
    executable(device.data / "rc.local", "#!/bin/sh\n")
    done(device.uninstall(device.app()))
    assert (device.data / "rc.local").exists()


# ---- more than one

def test_second_instance(running):
    first, second = running.app(), running.data / "apps" / (NAME + "-2")
    running.start(first)
    shutil.copytree(first, second)
    before = running.files()
    refused(running.install(second), NAME, "same device_instance 100", second, "uninstall.sh")
    assert running.files() == before

    (second / "config.ini").write_text("[DEFAULT]\nDevice_Instance: 101\n")
    running.start(second)
    pid = running.pid()
    assert pid and running.pid(NAME + "-2")
    until(lambda: f"config {second}/config.ini" in running.log(NAME + "-2"))
    assert (running.data / "rc.local").read_text().count("install.sh") == 2

    done(running.uninstall(second, "--purge"))
    assert not second.exists() and not (running.logs / (NAME + "-2")).exists()
    assert running.pid() == pid
    assert (running.data / "rc.local").read_text() == "#!/bin/sh\n" + hook(first)


def mqtt_battery(device, instance, name="dbus-mqtt-battery"):
    """That driver is installed as a link from /service into its folder."""
    folder = device.data / "etc" / name
    (folder / "service" / "log").mkdir(parents=True)
    executable(folder / "service" / "run", "#!/bin/sh\nexec sleep 1000\n")
    executable(folder / "service" / "log" / "run", "#!/bin/sh\nexec cat >/dev/null\n")
    (folder / "config.ini").write_text(f"; a comment\n[DEFAULT]\nlogging = INFO\ndevice_instance = {instance}\n\n[MQTT]\n")
    (device.services / name).symlink_to(folder / "service")
    device.run("svrescan")
    until(lambda: device.pid(name))
    return folder


@pytest.mark.parametrize("name", ["dbus-mqtt-battery", "dbus-mqtt-battery-2"])
def test_dbus_mqtt_battery_with_the_same_instance(running, shell, name):
    app, other = running.app(), mqtt_battery(running, 100, name)
    before = running.files()
    service = other / "service"
    how = f"rm '{running.services / name}'; svc -dx '{service}' '{service}/log'"
    refused(running.install(app, shell=shell), name + " is running with the same device_instance 100", how)
    assert running.files() == before

    executable(other / "uninstall.sh", "")
    refused(running.install(app, shell=shell), f"bash '{other}/uninstall.sh'")
    (other / "uninstall.sh").unlink()

    done(running.run("sh", "-c", how))
    until(lambda: not running.processes())
    running.start(app, shell)


@pytest.mark.parametrize("state", ["another instance", "stopped"])
def test_dbus_mqtt_battery_that_does_not_matter(running, state):
    mqtt_battery(running, 41 if state == "another instance" else 100)
    if state == "stopped":
        running.run("svc", "-d", running.services / "dbus-mqtt-battery")
        until(lambda: running.pid("dbus-mqtt-battery") == 0)
    running.start(running.app())


MARSTEK = "type = marstek-modbus\naddress = 192.0.2.2\n"
BROKER = "[MQTT]\nbroker_address = 192.0.2.1\n"
WITHOUT_INSTANCE = {
    "DC": BROKER + "topic = x\n",
    "AC in [MQTT]": BROKER + "topic = x\ncoupling = ac\n",
    "AC in a section": BROKER + "[battery left]\ntopic = x\nCoupling : AC\n",
    "AC in DEFAULT": "[DEFAULT]\ncoupling = ac\n" + BROKER + "topic = x\n",
    "AC in DEFAULT, DC in the section": "[DEFAULT]\ncoupling = ac\n" + BROKER + "[battery left]\ntopic = x\ncoupling = dc\n",
    "AC in DEFAULT below": BROKER + "topic = x\n[DEFAULT]\ncoupling = ac\n",
    "AC for [MQTT] by a topic in DEFAULT": "[DEFAULT]\ntopic = x\n" + BROKER + "coupling = ac\n",
    "Marstek": "[battery garage]\n" + MARSTEK,
    "Marstek, indented": "[battery garage] of the house\r\n  Type: Marstek-Modbus \r\n  address = 192.0.2.2\r\n",
    "Marstek in DEFAULT": "[DEFAULT]\ntype = marstek-modbus\n[battery garage]\naddress = 192.0.2.2\n",
    "Marstek in DEFAULT and none": "[DEFAULT]\ntype = marstek-modbus\n" + BROKER + "topic = x\n",
    "Marstek in DEFAULT, MQTT in the section": "[DEFAULT]\ntype = marstek-modbus\n" + BROKER + "[battery left]\ntype = mqtt\ntopic = x\n",
    "Marstek in a comment": BROKER + "topic = x\n;[battery garage]\n;" + MARSTEK.replace("\n", "\n;") + "\n  # coupling = ac\n",
    "AC in a name": "[DEFAULT]\ndevice_name = one\n coupling = ac\n" + BROKER + "topic = x\n",
    "a number": "[DEFAULT]\ndevice_instance = 7\n[battery garage]\n" + MARSTEK,
    "a number and a byte order mark": "\ufeff[DEFAULT]\nDevice_Instance: 007\n[battery garage]\n" + MARSTEK,
}


@pytest.mark.parametrize("config", WITHOUT_INSTANCE.values(), ids=WITHOUT_INSTANCE)
def test_the_scripts_know_the_instance_that_the_program_uses(tmp_path, shell, config):
    file, script = tmp_path / "config.ini", tmp_path / "instance_of.sh"
    file.write_bytes(config.encode())
    text = (ROOT / "install.sh").read_text()
    start = text.index("instance_of() {\n")
    script.write_text(text[start:text.index("\n}\n", start) + 3] + 'LC_ALL=C instance_of "$1"\n')
    told = subprocess.run([*shell, script, file], capture_output=True, text=True, check=True).stdout.strip()
    code, said = command_line("check", "--config", file)
    assert code == 0 and f"device_instance {told}, batteries" in said, (told, said)


def test_a_marstek_counts_as_the_instance_that_it_gets(running):
    first, second = running.app(sample="[battery garage]\n" + MARSTEK), running.app(NAME + "-2", sample="[DEFAULT]\ndevice_instance = 600\n")
    running.start(first)
    refused(running.install(second), NAME, "same device_instance 600")


# ---- refusals: nothing has changed afterwards

def refuse_and_change_nothing(device, app, *words, shell=("sh",), **env):
    before = device.files()
    refused(device.install(app, shell=shell, **env), *words)
    assert device.files() == before


def test_program_for_another_machine(running, shell):
    app = running.app()
    program = bytearray((app / "bin" / NAME).read_bytes())
    program[18:20] = b"\x28\x00" if platform.machine() == "x86_64" else b"\x3e\x00"  # e_machine: ARM or x86-64
    (app / "bin" / NAME).write_bytes(program)
    refuse_and_change_nothing(running, app, "does not run on this machine", platform.machine(), shell=shell)


def test_program_is_never_run_as_a_script(running, shell):
    app = running.app()
    traces = running.folder / "traces"
    (app / "bin" / NAME).write_text(f"echo some words in it >> '{traces}'\n")
    refuse_and_change_nothing(running, app, "does not run on this machine", shell=shell)
    assert not traces.exists()


def test_update_that_does_not_fit_leaves_the_old_one_running(running):
    app = running.app()
    running.start(app)
    pid = running.pid()
    (app / "bin" / NAME).unlink()
    refuse_and_change_nothing(running, app, "there is no program for it in", app)
    assert running.pid() == pid


@pytest.mark.parametrize("what", ["folder", "link"])
def test_service_of_somebody_else(running, shell, what):
    other = running.data / "other"
    other.mkdir()
    if what == "link":
        (running.services / NAME).symlink_to(other)
    else:
        (running.services / NAME).mkdir()
    app = running.app()
    refuse_and_change_nothing(running, app, running.services / NAME, "not ours", shell=shell)
    assert "not ours" in done(running.uninstall(app, shell=shell))
    assert (running.services / NAME).exists()


def test_link_to_nothing_is_replaced(running):
    (running.services / NAME).symlink_to(running.data / "gone")
    running.start(running.app())


def test_not_root(device, shell):
    executable(device.tools / "id", "#!/bin/sh\necho 1000\n")
    refuse_and_change_nothing(device, device.app(), "root", shell=shell)


def test_no_space(device, shell):
    executable(device.tools / "df", "#!/bin/sh\necho Filesystem\necho '/dev/a b 32000 30000 2000 94% /data disk'\n")
    refuse_and_change_nothing(device, device.app(), "2000 kB", "3072 kB", shell=shell)


def test_no_sample(device):
    app = device.app()
    (app / "config.sample.ini").unlink()
    refuse_and_change_nothing(device, app, "config.sample.ini is missing")


def test_no_daemontools(device):
    (device.folder / "few").mkdir()
    for tool in ("sh", "id", "basename", "dirname", "sleep"):
        (device.folder / "few" / tool).symlink_to(shutil.which(tool))
    refuse_and_change_nothing(device, device.app(), "apt-get install daemontools-run",
                              shell=("env", f"PATH={device.folder}/few", "sh"))


def test_no_service_folder(device):
    device.services.rmdir()
    refuse_and_change_nothing(device, device.app(), device.services, "apt-get install daemontools-run")


@pytest.mark.parametrize("name", ["with space", "-x", ".x", "x'y"])
def test_names_that_are_no_service_names(device, name):
    refuse_and_change_nothing(device, device.app(name), "rename")


@pytest.mark.parametrize("parent", ["a'b", "a|b", "a&b", "a$b"])
def test_paths_that_scripts_misread(device, parent):
    refuse_and_change_nothing(device, device.app(parent=device.data / parent), "move the folder")


@pytest.mark.parametrize("script", ["install.sh", "uninstall.sh", "restart.sh"])
def test_unknown_option(device, script):
    refused(device.run("sh", device.app() / script, "--prug"), "usage: " + script)


# ---- which program is started

def make_bundle(app, name, loader):
    """This machine's own loader and libc under the names of a GX device."""
    (app / name / "lib").mkdir(parents=True)
    (app / "bin").rename(app / name / "bin")
    program = app / name / "bin" / NAME
    program.chmod(0o644)  # as a zip leaves it
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout.split()
    for library in (word for word in listed if word.startswith("/")):
        shutil.copy(library, app / name / "lib" / (loader if "/ld-linux" in library else Path(library).name))
    (app / name / "lib" / loader).chmod(0o644)


@pytest.mark.parametrize("machine, name, loader", [
    ("armv7l", "armhf", "ld-linux-armhf.so.3"),
    ("aarch64", "aarch64", "ld-linux-aarch64.so.1"),
    ("aarch64", "armhf", "ld-linux-armhf.so.3"),
])
def test_bundle(running, shell, machine, name, loader):
    app = running.app()
    make_bundle(app, name, loader)
    executable(running.tools / "uname", f"#!/bin/sh\necho {machine}\n")
    running.start(app, shell)
    lib = app / name / "lib"
    command = (f"{lib / loader} --inhibit-cache --library-path {lib} --argv0 {NAME} {app / name / 'bin' / NAME}"
               f" run --config {app}/config.ini --state-dir {app}/state")
    processes = until(lambda: len(running.processes()) >= 4 and running.processes())
    assert command in [command.strip() for command in processes.values()]
    assert len(processes) == 4  # no shell waits for the program
    until(lambda: f"{NAME}: config {app}" in running.log())


def test_bundle_for_another_machine_does_not_matter(running):
    app = running.app()
    (app / "armhf" / "bin").mkdir(parents=True)
    (app / "armhf" / "bin" / NAME).write_text("not for this machine")
    running.start(app)
    assert str(app / "bin" / NAME) in str(running.processes())


def test_broken_bundle_is_refused(running):
    app = running.app()
    make_bundle(app, "armhf", "ld-linux-armhf.so.3")
    (app / "armhf" / "bin" / NAME).write_text("half a download")
    executable(running.tools / "uname", "#!/bin/sh\necho armv7l\n")
    refuse_and_change_nothing(running, app, "does not run on this machine (armv7l)")


# ---- configuration

def test_mistakes_are_shown(device, shell):
    app = device.app(sample=SAMPLE + "broken = 1\n")
    text = done(device.install(app, shell=shell, NO_WAIT="1"))
    assert "line 3: broken: unknown key\n" in text and f"correct {app}/config.ini" in text


# ---- other systems, --purge, style

@pytest.mark.skipif(Path("/opt/victronenergy").exists(), reason="this is Venus OS")
def test_plain_debian(running):
    del running.env["DATA_DIR"]
    app = running.app()
    running.start(app)
    assert not list(running.data.glob("rc.local*")) and not Path("/rc.local").exists()
    pid = running.pid()
    assert pid
    # The service folder survives a reboot there, and svscan finds what it needs.
    running.stop_svscan()
    running.run("svc", "-dx", running.ram / NAME, running.ram / NAME / "log")
    until(lambda: not running.processes())
    running.start_svscan()
    assert until(running.pid)
    done(running.uninstall(app))
    assert not running.ram.exists()
    assert not running.processes()


def test_purge(running, shell):
    app = running.app()
    running.start(app, shell)
    done(running.uninstall(app, "--purge", shell=shell))
    assert not app.exists()
    assert not (running.logs / NAME).exists()
    assert not (running.data / "rc.local").exists()
    assert not running.processes()


def test_purge_spares_what_is_not_ours(running):
    """Unpacked one level too high, the folder is shared with others."""
    app = running.app()
    running.start(app)
    (app / "other-driver").mkdir()
    (app / "other-driver" / "config.ini").write_text("theirs")
    assert "stays" in done(running.uninstall(app, "--purge"))
    assert [str(path.relative_to(app)) for path in sorted(app.rglob("*"))] == ["other-driver", "other-driver/config.ini"]


def test_purge_spares_a_source_folder(running):
    app = running.app()
    (app / ".git").write_text("")  # a work tree has a file there
    running.start(app)
    pid = running.pid()
    refused(running.uninstall(app, "--purge"), "source folder")
    assert app.exists() and running.pid() == pid


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="shellcheck is not installed")
def test_shellcheck():
    command = ["shellcheck", "-a", "-x", *SCRIPTS, "packaging/make-sysroot.sh"]
    done(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False))


def test_scripts_may_be_executed():
    for script in ("install.sh", "uninstall.sh", "restart.sh", "packaging/make-sysroot.sh"):
        assert os.access(ROOT / script, os.X_OK), script


# ---- the real daemon

@pytest.fixture
def real_app(running):
    program = Path(os.environ.get("VBAT_BUILD_DIR", ROOT / "build" / "dev")) / NAME
    if not program.exists():
        pytest.skip(f"{program} has not been built")
    app = running.app(sample=(ROOT / "config.sample.ini").read_text())
    shutil.copy(program, app / "bin" / NAME)
    return app


def test_real_daemon_says_what_a_fresh_config_lacks(running, real_app):
    said = done(running.install(real_app))
    assert "line " in said and "IP_ADDR_OR_FQDN" in said and f"correct {real_app}/config.ini" in said
    until(lambda: "IP_ADDR_OR_FQDN" in running.log())


def test_real_daemon_waits_with_a_broken_config_and_ends_on_sigterm(running, real_app):
    (real_app / "config.ini").write_text(SAMPLE + "no_such_key = 1\n")
    assert "no_such_key" in done(running.install(real_app))
    until(lambda: "no_such_key" in running.log())
    first = running.pid()
    started = time.monotonic()
    done(running.restart(real_app))
    assert running.pid() not in (0, first)
    done(running.uninstall(real_app))
    assert time.monotonic() - started < 10  # SIGTERM ends the wait of 60 s
    assert not running.processes()


def test_check_names_the_mistakes_of_the_real_daemon_and_changes_nothing(running, real_app):
    (real_app / "config.ini").write_text(SAMPLE + "no_such_key = 1\n")
    before = sorted(real_app.rglob("*"))
    ended = running.run("sh", real_app / "check.sh")
    assert ended.returncode == 2 and "no_such_key" in ended.stdout
    assert sorted(real_app.rglob("*")) == before
    (real_app / "config.ini").write_text("[MQTT]\nbroker_address = 127.0.0.1\ntopic = battery\n")
    assert running.run("sh", real_app / "check.sh").returncode == 0
