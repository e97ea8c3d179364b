"""The simulated house seen by a Modbus client that is not ours (pymodbus), and by bare sockets."""
import contextlib
import pathlib
import signal
import socket
import struct
import time

import pytest
from pymodbus.client import ModbusSerialClient, ModbusTcpClient
from pymodbus.constants import Endian
from pymodbus.exceptions import ConnectionException, ModbusIOException
from pymodbus.framer.rtu_framer import ModbusRtuFramer
from pymodbus.framer.socket_framer import ModbusSocketFramer
from pymodbus.payload import BinaryPayloadDecoder

from harness import REPO, wait_until
from simulator import Simulator, run_to_end

CONTROL_ON, CONTROL_OFF = 0x55AA, 0x55BB


@pytest.fixture
def house(tmp_path):
    """Starts simulators; each must end properly."""
    started = []

    def start(*batteries, options=()):
        started.append(Simulator(tmp_path, *batteries, options=options))
        return started[-1]

    yield start
    for simulator in started:
        if simulator.alive():
            simulator.stop()


@contextlib.contextmanager
def connected(port, framer=ModbusSocketFramer, timeout=2):
    client = ModbusTcpClient("127.0.0.1", port=port, framer=framer, timeout=timeout, retries=0, retry_on_empty=False)
    assert client.connect()
    try:
        yield client
    finally:
        client.close()


def read(client, address, count=1, unit=1):
    answer = client.read_holding_registers(address, count, slave=unit)
    assert not answer.isError(), answer
    return answer.registers


def write(client, address, value, unit=1):
    answer = client.write_register(address, value, slave=unit)
    assert not answer.isError(), answer


def signed(word):
    return struct.unpack(">h", struct.pack(">H", word))[0]


def order(client, watts, unit=1):
    """+ charges."""
    write(client, 42000, CONTROL_ON, unit)
    write(client, 42020 if watts > 0 else 42021, abs(watts), unit)
    write(client, 42010, 1 if watts > 0 else 2, unit)


def fails(call):
    """pymodbus tells of a missing answer in several ways."""
    try:
        answer = call()
    except (ModbusIOException, ConnectionException):
        return True
    return isinstance(answer, ModbusIOException)


class Bare:
    """A socket that sends MBAP requests and sees every byte of the answers."""

    def __init__(self, port, timeout=2):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self.transaction = 0

    def send(self, address, count=1, unit=1):
        self.transaction += 1
        self.socket.sendall(struct.pack(">HHHBBHH", self.transaction, 0, 6, unit, 3, address, count))
        return self.transaction

    def frame(self):
        header = self.exactly(6)
        return header + self.exactly(struct.unpack(">H", header[4:])[0])

    def ask(self, address, count=1, unit=1):
        self.send(address, count, unit)
        return self.frame()

    def exactly(self, count):
        got = b""
        while len(got) < count:
            more = self.socket.recv(count - len(got))
            if not more:
                raise EOFError(f"closed after {got.hex(' ')}")
            got += more
        return got

    def closed(self):
        try:
            return self.socket.recv(1) == b""
        except ConnectionError:
            return True

    def close(self):
        self.socket.close()


@pytest.fixture
def bare():
    opened = []

    def connect(port, timeout=2):
        opened.append(Bare(port, timeout))
        return opened[-1]

    yield connect
    for each in opened:
        each.close()


def served(bare, port):
    """A new connection that is answered on, or None: it was refused, which may show as late as at the first request."""
    try:
        client = bare(port)
        client.ask(41100)
        return client
    except (EOFError, ConnectionError):
        return None


@pytest.mark.parametrize("model, name, soc_register, capacity", [
    ("e", "HMG-50", 32104, 5120), ("v12-e", "HMG-50", 37005, 5120), ("e3", "VNSE3-0", 32104, 5120), ("a", "VNSA-0", 32104, 2080),
    ("d", "VNSD-0", 32104, 5120), ("c", "VNSC-0", 37005, 2560)])
def test_each_model_says_who_it_is(house, model, name, soc_register, capacity):
    simulator = house(f"name=garage,model={model},soc=55")
    with connected(simulator.ports["garage"]) as client:
        text = BinaryPayloadDecoder.fromRegisters(read(client, 31000, 10), byteorder=Endian.Big).decode_string(20)
        assert text.split(b"\0")[0].decode() == name
        mac = 30402 if model.endswith("e") else 30304
        assert BinaryPayloadDecoder.fromRegisters(read(client, mac, 6), byteorder=Endian.Big).decode_string(12) == b"020000000001"
        assert read(client, soc_register) == [55]
        assert read(client, 32105) == [capacity]


def test_a_charge_order_moves_power_state_of_charge_and_energy(house):
    simulator = house("name=garage,model=e3,soc=50", options=["--load", "constant:700"])
    with connected(simulator.ports["garage"]) as client:
        before = read(client, 33000, 2)
        order(client, 1000)
        simulator.advance(20)
        assert abs(signed(read(client, 30006)[0]) + 1000) <= 3
        assert read(client, 35100) == [2]
        truth = simulator.battery("garage")
        assert truth["register_power_w"] == 1000
        assert truth["ac_power_w"] == pytest.approx(1029, abs=1)  # the wall sees more than the device
        assert truth["controlled"] and truth["written"] == {"42000": 1, "42010": 1, "42020": 1}
        assert simulator.house()["grid_w"] == pytest.approx(1729, abs=1)
        simulator.advance(1800)
        assert read(client, 34002)[0] > 590  # 0.1 %
        after = read(client, 33000, 2)
        assert 48 <= (after[0] - before[0]) * 65536 + after[1] - before[1] <= 52  # 0.01 kWh


def test_v12_tells_its_power_in_32_bits(house):
    simulator = house("name=garage,model=e,soc=50")
    with connected(simulator.ports["garage"]) as client:
        order(client, -800)
        simulator.advance(20)
        decoder = BinaryPayloadDecoder.fromRegisters(read(client, 32202, 2), byteorder=Endian.Big, wordorder=Endian.Big)
        assert abs(decoder.decode_32bit_int() - 800) <= 3
        decoder = BinaryPayloadDecoder.fromRegisters(read(client, 32102, 2), byteorder=Endian.Big, wordorder=Endian.Big)
        assert -900 < decoder.decode_32bit_int() < -850


def test_exceptions_and_counts(house, bare):
    simulator = house("name=bus,model=e", "name=lan,model=e3", options=["--fault", "lan:bad_exception_length=0"])
    with connected(simulator.ports["bus"]) as client:
        assert client.read_holding_registers(1, 1, slave=1).exception_code == 2
        assert client.read_input_registers(32104, 1, slave=1).exception_code == 1
        assert client.write_register(42000, 5, slave=1).exception_code == 3
        assert client.write_register(32104, 5, slave=1).exception_code == 2
        assert client.write_registers(42020, [700, 0], slave=1).count == 2
        assert read(client, 42020, 2) == [700, 0]
    with connected(simulator.ports["lan"], timeout=1) as client:
        assert len(read(client, 34000, 32)) == 32
        assert client.read_holding_registers(34000, 40, slave=1).isError()
        assert fails(lambda: client.read_holding_registers(34000, 33, slave=1))


def test_the_exception_of_a_native_port_counts_one_byte_too_many(house, bare):
    simulator = house("name=garage,model=d")
    client = bare(simulator.ports["garage"])
    client.send(39000)
    assert client.exactly(9) == bytes.fromhex("000100000004018303")
    assert simulator.battery("garage")["forbidden"] == 1


def test_a_second_client_of_a_native_port_is_refused(house, bare):
    simulator = house("name=garage,model=e3")
    port = simulator.ports["garage"]
    with connected(port) as client:
        assert read(client, 41100) == [1]
        assert served(bare, port) is None
        assert read(client, 41100) == [1]
        assert simulator.battery("garage")["refused"] == 1
    closed_at = time.monotonic()

    def answered():
        with contextlib.closing(ModbusTcpClient("127.0.0.1", port=port, timeout=1, retries=0)) as late:
            return late.connect() and not fails(lambda: late.read_holding_registers(41100, 1, slave=1))

    wait_until(answered, 5, "the slot is free again")
    assert time.monotonic() - closed_at > 0.9


def test_rtu_in_a_tcp_stream(house):
    simulator = house("name=garage,model=e,soc=42,framing=rtuovertcp,unit=7")
    with connected(simulator.ports["garage"], ModbusRtuFramer) as client:
        assert read(client, 32104, unit=7) == [42]
        order(client, 300, unit=7)
        assert client.read_holding_registers(9, 1, slave=7).exception_code == 2
    simulator.advance(20)
    assert simulator.battery("garage")["register_power_w"] == 300


def test_rtu_on_a_serial_line(house):
    simulator = house("name=garage,model=e,soc=42,framing=rtu", "name=shed,model=e,soc=43,framing=rtu,gateway=cable,unit=2",
                      "name=attic,model=e,soc=44,framing=rtu,gateway=cable,unit=3")
    for name, unit, soc in (("garage", 1, 42), ("cable", 2, 43), ("cable", 3, 44)):
        client = ModbusSerialClient(simulator.ports[name], baudrate=115200, timeout=2, retries=0)
        with contextlib.closing(client):
            assert client.connect()
            assert read(client, 32104, unit=unit) == [soc]


def test_units_behind_a_gateway(house):
    simulator = house("name=one,model=e,soc=31,gateway=bus,unit=1", "name=two,model=e3,soc=62,gateway=bus,unit=2")
    assert simulator.ports["one"] == simulator.ports["two"] == simulator.ports["bus"]
    with connected(simulator.ports["bus"], timeout=1) as client:
        assert read(client, 32104, unit=1) == [31]
        assert read(client, 32104, unit=2) == [62]
        write(client, 41100, 9, unit=2)
        assert read(client, 41100, unit=9) == [9]
        assert fails(lambda: client.read_holding_registers(32104, 1, slave=2))


# Faults, from outside ------------------------------------------------------------------------------------------------

def test_a_stall_delays_answers_and_lets_them_go_in_a_burst(house, bare):
    simulator = house("name=garage,model=e3")
    client = bare(simulator.ports["garage"], timeout=5)
    client.ask(41100)
    simulator.fault("garage", "stall", 1)
    asked = time.monotonic()
    for _ in range(3):
        client.send(41100)
    assert client.frame()[:2] == b"\0\2"
    first = time.monotonic()
    assert [client.frame()[1] for _ in range(2)] == [3, 4]
    assert first - asked > 0.8
    assert time.monotonic() - first < 0.4


def test_late_answers_come_although_nobody_waits_any_more(house, bare):
    simulator = house("name=garage,model=e3", options=["--fault", "garage:late_answers=0.5"])
    client = bare(simulator.ports["garage"])
    began = time.monotonic()
    client.send(41100)
    client.send(32104)
    assert (client.frame()[1], client.frame()[1]) == (1, 2)
    assert 0.5 < time.monotonic() - began < 1.5


def test_slow_answers(house, bare):
    simulator = house("name=garage,model=e3", options=["--fault", "garage:slow_answers=400", "--fault", "garage:answer_ms=10"])
    client = bare(simulator.ports["garage"])
    began = time.monotonic()
    client.ask(41100)
    assert 0.41 <= time.monotonic() - began < 1.5


def test_a_wrong_transaction(house, bare):
    simulator = house("name=garage,model=e3", options=["--fault", "garage:wrong_transaction=2"])
    client = bare(simulator.ports["garage"])
    assert [client.ask(41100)[1] for _ in range(4)] == [1, 3, 3, 5]


def test_off_by_one(house, bare):
    simulator = house("name=garage,model=e,soc=55,gateway=bus",
                      options=["--fault", "garage:off_by_one=5", "--fault", "garage:answer_ms=300"])
    client = bare(simulator.ports["bus"])
    client.send(32104)
    client.send(32105)  # sent again before the first was answered
    assert client.frame() == bytes.fromhex("000200000005010302 0037")
    wait_until(lambda: simulator.battery("garage")["requests"] == 2, 2, "the second is answered, to nobody")
    assert client.ask(41100) == bytes.fromhex("000300000005010302 1400")  # 5120: what 32105 says


def test_checksums_and_short_frames(house):
    simulator = house("name=garage,model=e,framing=rtuovertcp", options=["--fault", "garage:crc_error=2"])
    with connected(simulator.ports["garage"], ModbusRtuFramer, timeout=1) as client:
        assert read(client, 41100) == [1]
        assert fails(lambda: client.read_holding_registers(41100, 1, slave=1))
    simulator.clear("garage", "crc_error")
    simulator.fault("garage", "short_frame", 1)
    with connected(simulator.ports["garage"], ModbusRtuFramer, timeout=1) as client:
        assert fails(lambda: client.read_holding_registers(41100, 1, slave=1))


def test_frames_in_pieces(house, bare):
    simulator = house("name=garage,model=e3", options=["--fault", "garage:split_frames=150"])
    client = bare(simulator.ports["garage"])
    client.send(31000, 10)
    assert len(client.socket.recv(100)) == 9  # of 29
    assert len(client.exactly(20)) == 20


def test_connections_that_are_dropped_and_refused(house, bare):
    simulator = house("name=garage,model=e3")
    port = simulator.ports["garage"]
    for fault in ("drop_connection", "reboot", "network_restart"):
        client = wait_until(lambda: served(bare, port), 5, f"it answers before {fault}")
        simulator.fault("garage", fault, 1)
        assert client.closed(), fault
        client.close()
    simulator.fault("garage", "refuse_connect", 60)
    assert served(bare, port) is None


def test_close_on_unknown(house, bare):
    simulator = house("name=garage,model=e3", options=["--fault", "garage:close_on_unknown"])
    client = bare(simulator.ports["garage"])
    client.send(1)
    assert len(client.exactly(9)) == 9
    assert client.closed()


def test_a_reboot_forgets_control_and_set_points(house):
    simulator = house("name=garage,model=e,gateway=bus")
    with connected(simulator.ports["bus"], timeout=1) as client:
        order(client, 900)
        simulator.fault("garage", "reboot", 1)
        wait_until(lambda: not fails(lambda: client.read_holding_registers(42000, 1, slave=1)), 5, "it is back")
        assert read(client, 42000) == [CONTROL_OFF]
        assert read(client, 42020) == [0]


def test_a_reconnect_ends_control_on_a_native_port(house, bare):
    simulator = house("name=garage,model=e3")
    with connected(simulator.ports["garage"]) as client:
        order(client, 500)
        assert simulator.battery("garage")["controlled"]
    simulator.advance(600)
    assert simulator.battery("garage")["register_power_w"] == 500  # held for ever without its controller
    wait_until(lambda: served(bare, simulator.ports["garage"]), 5, "there is a new connection")
    assert not simulator.battery("garage")["controlled"]


@pytest.mark.parametrize("fault, value, register, word", [
    ("out_of_range", 1, 32104, 500), ("out_of_range", 1, 35000, 0x7FFF), ("out_of_range", 1, 32200, 0xFFFF),
    ("soc_glitch", 30, 32104, 0), ("alarm_36000", 16, 36000, 16), ("alarm_36001", 1, 36001, 1), ("fault_36100", 5, 36100, 5),
    ("fault_36101", 128, 36101, 128), ("fault_36102", 1, 36102, 1), ("fault_36103", 1, 36103, 0x092D)])
def test_words_of_a_fault(house, fault, value, register, word):
    simulator = house("name=garage,model=e3,soc=55")
    with connected(simulator.ports["garage"]) as client:
        healthy = read(client, register)
        simulator.fault("garage", fault, value)
        assert read(client, register) == [word]
        simulator.clear("garage", fault)
        assert read(client, register) == healthy


@pytest.mark.parametrize("fault, value", [("silence", 60), ("wrong_unit", 1)])
def test_no_answer_at_all(house, fault, value):
    simulator = house("name=garage,model=e3")
    with connected(simulator.ports["garage"], timeout=1) as client:
        simulator.fault("garage", fault, value)
        assert fails(lambda: client.read_holding_registers(41100, 1, slave=1))


@pytest.mark.parametrize("fault, value, watts", [("ignores_set_points", 1, 0), ("opposite_sign", 1, 600), ("control_lost", 1, 0),
                                                 ("control_stuck", 1, 0), ("control_dropped_every", 3600, 0), ("refuses_below", 90, 0),
                                                 ("grid_loss", 1, 0)])
def test_a_battery_that_does_not_do_as_told(house, fault, value, watts):
    simulator = house("name=garage,model=e3,soc=50")
    simulator.fault("garage", fault, value)
    with connected(simulator.ports["garage"]) as client:
        if fault in ("control_lost", "control_stuck", "control_dropped_every"):
            order(client, -600)
            simulator.fault("garage", fault, value)
        else:
            order(client, -600)
        simulator.advance(30)
        assert simulator.battery("garage")["register_power_w"] == pytest.approx(watts, abs=1)
        if fault == "control_stuck":
            write(client, 42000, CONTROL_ON)
        assert (read(client, 42000) == [CONTROL_OFF]) == fault.startswith("control_")
        assert (read(client, 32200) == [0]) == (fault == "grid_loss")


def test_totals_that_are_frozen(house):
    simulator = house("name=garage,model=e3,soc=50", options=["--fault", "garage:frozen_totals"])
    with connected(simulator.ports["garage"]) as client:
        before = read(client, 33000, 12)
        order(client, 2000)
        simulator.advance(1800)
        assert read(client, 33000, 12) == before
        assert simulator.battery("garage")["charged_kwh"] > 0.9


def test_every_fault_is_documented_and_tested_or_has_its_unit_test():
    code, text = run_to_end("--faults")
    names = [line.split(" ")[0] for line in text.splitlines()]
    assert code == 0 and len(names) > 30
    readme = (REPO / "tools/simulator/README.md").read_text()
    assert [name for name in names if f"`{name}`" not in readme] == []
    tests = pathlib.Path(__file__).read_text() + (REPO / "tests/unit/simulator/faults.cpp").read_text()
    assert [name for name in names if name not in tests] == []


# Control port, house, command line -----------------------------------------------------------------------------------

def test_the_control_port_says_what_is_wrong(house):
    simulator = house("name=garage,model=e3")
    for command, part in (("{", "parse error"), ('{"set":{"battery":"shed","fault":"stall"}}', "battery 'shed' is unknown; there are garage"),
                          ('{"set":{"battery":"garage","fault":"x"}}', "fault 'x' is unknown; there are bad_exception_length"),
                          ('{"set":{"battery":"garage","fault":"stall","value":-5}}', "'stall'"),
                          ('{"battery":"garage","soc":101}', "soc is 101, a number in 0"), ('{"battery":"garage"}', "register, soc"),
                          ('{"battery":"garage","register":70000}', "register is 70000"), ('{"grid":1}', "true or false"),
                          ('{"battery":"garage","register":12}', "no register 12"), ("{}", "expected one of"), ("[]", "an object"),
                          ('{"load_w":"profile:night"}', "the load profile is day"), ('{"\\ud800":1}', "parse error")):
        assert part in simulator.tell(command)["error"]
    assert simulator.tell({"state": True})["house"]["grid"] is True


def test_load_sun_and_grid(house):
    simulator = house("name=garage,model=d,backup=150", options=["--load", "constant:800", "--pv", "constant:300"])
    simulator.advance(1)
    assert simulator.house()["grid_w"] == pytest.approx(650)
    simulator.do(load_w=1200)
    simulator.do(pv_w=0)
    simulator.advance(1)
    assert simulator.house()["grid_w"] == pytest.approx(1350)
    simulator.do(grid=False)
    simulator.advance(5)
    assert simulator.house()["grid_w"] == 0
    assert simulator.word("garage", 32200) == 0
    assert simulator.word("garage", 30007) == 150


def test_profiles_and_the_trace(house):
    trace = REPO / "tools/simulator/traces/cyprus_netload.csv"
    simulator = house("name=garage,model=e3,soc=50,ct=1", options=["--load", f"csv:{trace}", "--pv", f"csv:{trace}"])
    assert simulator.house()["load_w"] == 492
    simulator.advance(15)
    assert simulator.house()["load_w"] == pytest.approx(488)
    assert simulator.house()["pv_w"] == pytest.approx(1921.5)
    simulator.do(load_w="profile:day")
    simulator.do(pv_w="profile:clouds:2500")
    simulator.advance(3600)


def test_time_runs_faster(house):
    simulator = house("name=garage,model=e3", options=["--speed", "200"])
    wait_until(lambda: simulator.house()["seconds"] > 60, 3, "a minute of the house has passed")


@pytest.mark.parametrize("words, part", [
    ([], "at least one --battery"), (["--battery", "name=x,model=zz"], "model 'zz' is unknown; there are v12-e, v3-e3"),
    (["--battery", "model=e3"], "name= and model= are needed"), (["--battery", "name=x,model=e3,soc=120"], "not in 0..100"),
    (["--battery", "name=x,model=e3,colour=red"], "'colour=red' of a battery is unknown"),
    (["--battery", "name=x,model=e3,framing=udp"], "tcp, rtuovertcp or rtu"), (["--battery", "name=x,model=e3,packs=2"], "not in 1..1"),
    (["--battery", "name=x,model=e3", "--fault", "y:stall=3"], "no battery of this name"),
    (["--battery", "name=x,model=e3", "--speed", "0"], "speed"), (["--battery", "name=x,model=e3,soc=nan"], "soc=nan: a number"), (["--battery", "name=x,model=e3", "--load", "csv:/no"], "/no: cannot be read"),
    (["--battery", "name=x,model=e3", "--battery", "name=x,model=e"], "two batteries are named x")])
def test_a_wrong_command_line(words, part):
    code, said = run_to_end(*words)
    assert code in (1, 2)
    assert part in said


def test_it_ends_properly_with_clients_and_noise(house, bare):
    simulator = house("name=garage,model=e3", "name=shed,model=e,framing=rtuovertcp", options=["--random-faults", "--seed", "4"])
    port = simulator.ports["shed"]
    for noise in (b"GET / HTTP/1.1\r\n\r\n", b"\0" * 5000, bytes(range(256)) * 20):
        with contextlib.suppress(ConnectionError):
            bare(port).socket.sendall(noise)
    garage = bare(simulator.ports["garage"])
    with contextlib.suppress(ConnectionError):
        garage.socket.sendall(b"\xff" * 300)
    assert garage.closed()
    assert simulator.tell({"state": True})["batteries"]["shed"]["forbidden"] == 0
    simulator.stop(signal.SIGINT)
