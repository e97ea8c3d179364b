"""The simulated house as a process: its ports, and the control port that tells the truth of the physics."""
import json
import os
import pathlib
import signal
import socket
import subprocess

from harness import BINARY, SANITIZER, Process, wait_until

SIMULATOR = pathlib.Path(BINARY).with_name("simulator")


class Simulator(Process):
    """`batteries` are the words of --battery; further words go to the command line as they are."""

    started = 0

    def __init__(self, folder, *batteries, options=()):
        Simulator.started += 1
        words = [word for battery in batteries for word in ("--battery", battery)]
        super().__init__(f"simulator-{Simulator.started}", [SIMULATOR, *words, *options], folder)
        wait_until(lambda: not self.alive() or self.log().endswith("\n"), 10, "the simulator is ready")
        ready = json.loads(self.log().splitlines()[0])
        assert ready["ready"]
        self.ports = ready["ports"]
        self.control = socket.create_connection(("127.0.0.1", ready["control"]), 5)
        self.answers = self.control.makefile("r")

    def tell(self, command):
        """One command of the control port; returns its answer, also an error."""
        text = command if isinstance(command, str) else json.dumps(command)
        self.control.sendall(text.encode() + b"\n")
        return json.loads(self.answers.readline())

    def do(self, **command):
        answer = self.tell(command)
        assert "error" not in answer, answer
        return answer

    def fault(self, battery, fault, value=1):
        return self.do(set={"battery": battery, "fault": fault, "value": value})

    def clear(self, battery, fault):
        return self.do(clear={"battery": battery, "fault": fault})

    def advance(self, seconds):
        return self.do(advance=seconds)

    def word(self, battery, register):
        return self.do(battery=battery, register=register)["word"]

    def battery(self, name):
        return self.do(state=True)["batteries"][name]

    def house(self):
        return self.do(state=True)["house"]

    def stop(self, number=signal.SIGTERM):
        """Ends it and checks how it ended."""
        self.answers.close()
        self.control.close()
        self.signal(number)
        code = self.wait_exit(5)
        assert not SANITIZER.search(self.log()), self.log()
        assert code == 0, f"ended with {code}: {self.log()}"


def run_to_end(*arguments):
    """A start that shall fail: (exit code, what it said)."""
    done = subprocess.run([str(SIMULATOR), *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=20, check=False, env=os.environ)
    return done.returncode, done.stdout.decode()
