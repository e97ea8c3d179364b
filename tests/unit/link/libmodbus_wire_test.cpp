#include "link/libmodbus_wire.hpp"
#include "link/tcp_connect.hpp"
#include "scripted_peer.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>

#include <atomic>
#include <future>

using namespace vbat_test;
using namespace vbat;
using namespace std::chrono_literals;
using std::chrono::steady_clock;

namespace {

constexpr auto long_time = 60s; // longer than any test may take
constexpr auto at_once = 10s;   // far less than long_time, on the slowest machine
constexpr Block grid_power{.address = 30006, .count = 1};

// A wire and the device at its other end.
struct Setup {
    Setup(Framing framing, std::vector<Reaction> script)
        : peer{framing, std::move(script)}, wire{{.framing = framing,
                                                  .host = framing == Framing::rtu ? "" : "10.0.0.5",
                                                  .port = 502,
                                                  .serial = peer.device()}} {
        if (framing == Framing::rtu) wire.connect();
        else wire.adopt(peer.socket());
    }
    ScriptedPeer peer;
    LibmodbusWire wire;
};

struct Failure {
    ModbusFault fault{};
    int exception{};
    std::string what{};
};

template <class Call>
Failure failure_of(Call call) {
    try {
        call();
    } catch (const ModbusError& error) {
        return {error.fault(), error.exception(), error.what()};
    }
    FAIL("it did not fail");
    return {};
}

Failure failed_read(LibmodbusWire& wire, Duration patience = long_time, Block block = grid_power) {
    return failure_of([&] { wire.read(1, block, patience); });
}

using Words = std::vector<std::uint16_t>;

SCENARIO("Modbus TCP: requests and good answers") {
    GIVEN("a device that keeps what it is asked") {
        Bytes asked;
        const auto keep = [&](const std::string& frame) {
            return [&asked, frame](const Line& line, const Bytes& request) {
                asked = request;
                line.send(answering(request, hex(frame)));
            };
        };
        WHEN("registers are read") {
            Setup setup{Framing::tcp, {keep("00 00 00 00 00 07 01 03 04 ff ff fe 0c")}};
            CHECK(setup.wire.read(1, {.address = 31000, .count = 2}, long_time) == Words{0xFFFF, 0xFE0C});
            THEN("the request is the specified one") { CHECK(asked == hex("00 01 00 00 00 06 01 03 79 18 00 02")); }
        }
        WHEN("a register is written") {
            Setup setup{Framing::tcp, {keep("00 00 00 00 00 06 01 06 a4 10 55 aa")}};
            setup.wire.write(1, 42000, 0x55AA, long_time);
            THEN("the request is the specified one") { CHECK(asked == hex("00 01 00 00 00 06 01 06 a4 10 55 aa")); }
        }
    }
    GIVEN("the frames of a Venus A, firmware 148") { // ffunes/Marstek-Venus-Energy-Manager#403
        Setup setup{Framing::tcp,
                    {answer("01 79 00 00 00 05 01 03 02 00 00"), answer("01 89 00 00 00 05 01 03 02 00 00")}};
        CHECK(setup.wire.read(1, {.address = 41200, .count = 1}, long_time) == Words{0});
        CHECK(setup.wire.read(1, {.address = 42011, .count = 1}, long_time) == Words{0});
    }
    GIVEN("an answer that comes byte by byte") {
        Setup setup{Framing::tcp, {[](const Line& line, const Bytes& request) {
                        for (const auto byte : answering(request, hex("00 00 00 00 00 05 01 03 02 12 34")))
                            line.send({byte});
                    }}};
        CHECK(setup.wire.read(1, grid_power, long_time) == Words{0x1234});
    }
    GIVEN("as many registers as fit into a frame") {
        std::string frame = "00 00 00 00 00 fd 01 03 fa";
        for (int i = 0; i < 125; ++i) frame += " 00 07";
        Setup setup{Framing::tcp, {answer(frame)}};
        CHECK(setup.wire.read(1, {.address = 1, .count = 125}, long_time) == Words(125, 7));
    }
}

SCENARIO("Modbus TCP: the exception of a V3 battery, whose length field says one byte too many") {
    Setup setup{Framing::tcp,
                {answer("18 58 00 00 00 04 01 83 03"), answer("1f c8 00 00 00 04 01 83 02"),
                 answer("00 00 00 00 00 05 01 03 02 00 05")}};
    const auto started = steady_clock::now();
    const Failure first = failed_read(setup.wire, long_time, {.address = 39000, .count = 1});
    THEN("it is taken at once, and the stream stays in step") {
        CHECK(first.fault == ModbusFault::refused);
        CHECK(first.exception == 3);
        CHECK(first.what == "10.0.0.5:502 unit 1: read 39000+1: exception 3");
        CHECK(failed_read(setup.wire).exception == 2);
        CHECK(setup.wire.read(1, grid_power, long_time) == Words{5});
        CHECK(steady_clock::now() - started < at_once);
    }
}

SCENARIO("Modbus TCP: answers that are none") {
    const std::string good = "00 00 00 00 00 05 01 03 02 00 05";
    GIVEN("a late answer to an earlier question before the right one") {
        Setup setup{Framing::tcp, {[&](const Line& line, const Bytes& request) {
                        line.send(answering(request, hex("00 00 00 00 00 05 01 03 02 00 09"), -1));
                        line.send(answering(request, hex("00 00 00 00 00 04 01 83 02"), -2));
                        line.send(answering(request, hex(good)));
                    }}};
        THEN("only the right one counts") { CHECK(setup.wire.read(1, grid_power, long_time) == Words{5}); }
    }
    GIVEN("only answers to other questions") {
        Setup setup{Framing::tcp, {[&](const Line& line, const Bytes& request) {
                        while (line.send(answering(request, hex(good), -1))) {}
                    }}};
        THEN("they do not use up more than the patience") {
            CHECK(failed_read(setup.wire, 50ms).fault == ModbusFault::timed_out);
            setup.wire.disconnect();
        }
    }
    GIVEN("answers of another kind") {
        const std::vector<std::pair<std::string, std::string>> answers{
            {"00 00 00 00 00 05 02 03 02 00 05", "answer of unit 2"},
            {"00 00 00 00 00 05 01 04 02 00 05", "answer to function 4"},
            {"00 00 00 00 00 06 01 06 75 36 00 05", "answer to function 6"},
            {"00 00 00 00 00 03 01 84 02", "answer to function 132"},
            {"00 00 00 00 00 07 01 03 04 00 05 00 06", "answer to another question"},
            {"00 00 00 00 00 04 01 03 01 05", "answer to another question"},
            {"00 00 00 00 00 03 01 03 00", "answer to another question"},
            {"00 00 00 07 00 05 01 03 02 00 05", "not a Modbus frame"},
            {"00 00 00 00 00 05 01 03 ff 00 05", "Invalid data"}};
        std::vector<Reaction> script;
        for (const auto& [frame, why] : answers) script.push_back(answer(frame));
        Setup setup{Framing::tcp, script};
        THEN("each is recognised") {
            for (const auto& [frame, why] : answers) {
                const Failure failure = failed_read(setup.wire);
                CHECK(failure.fault == ModbusFault::garbled);
                CHECK(failure.what == "10.0.0.5:502 unit 1: read 30006+1: " + why);
                setup.wire.discard_until_quiet(1ms, at_once);
            }
        }
    }
    GIVEN("confirmations of other writes") {
        Setup setup{Framing::tcp,
                    {answer("00 00 00 00 00 06 01 06 a4 10 55 bb"), answer("00 00 00 00 00 06 01 06 a4 11 55 aa"),
                     answer("00 00 00 00 00 03 01 86 03")}};
        const auto failed_write = [&] { return failure_of([&] { setup.wire.write(1, 42000, 0x55AA, long_time); }); };
        CHECK(failed_write().fault == ModbusFault::garbled);
        CHECK(failed_write().fault == ModbusFault::garbled);
        const Failure refused = failed_write();
        CHECK(refused.fault == ModbusFault::refused);
        CHECK(refused.what == "10.0.0.5:502 unit 1: write 42000 = 21930: exception 3");
    }
}

SCENARIO("silence, and a connection that ends") {
    for (const Framing framing : {Framing::tcp, Framing::rtu_over_tcp}) {
        CAPTURE(static_cast<int>(framing));
        const Bytes half = framing == Framing::tcp ? hex("00 01 00 00 00 05 01 03") : hex("01 03 02 00");
        {
            Setup setup{framing, {silence()}};
            const Failure failure = failed_read(setup.wire, 20ms);
            CHECK(failure.fault == ModbusFault::timed_out);
            CHECK(failure.what == "10.0.0.5:502 unit 1: read 30006+1: timed out");
        }
        {
            Setup setup{framing, {[&](const Line& line, const Bytes&) { line.send(half); }}};
            CHECK(failed_read(setup.wire, 20ms).fault == ModbusFault::timed_out);
        }
        {
            Setup setup{framing, {[&](const Line& line, const Bytes&) {
                            line.send(half);
                            line.hang_up();
                        }}};
            const Failure failure = failed_read(setup.wire);
            CHECK(failure.fault == ModbusFault::disconnected);
            CHECK(failure.what == "10.0.0.5:502 unit 1: read 30006+1: connection closed");
            CHECK(failed_read(setup.wire).fault == ModbusFault::disconnected); // and stays so
        }
        {
            Setup setup{framing, {}};
            setup.wire.disconnect();
            CHECK(failed_read(setup.wire).what == "10.0.0.5:502 unit 1: read 30006+1: not connected");
        }
    }
}

SCENARIO("a frame that never gets on") {
    Setup setup{Framing::tcp, {[](const Line& line, const Bytes& request) {
                    line.send(answering(request, hex("00 00 00 00 00 fd 01 03 fa")));
                    for (int i = 0; i < 250 && line.send({7}); ++i) std::this_thread::sleep_for(5ms);
                }}};
    const Failure failure = failed_read(setup.wire, 50ms, {.address = 1, .count = 125});
    THEN("each byte that comes does not begin the patience anew") { CHECK(failure.fault == ModbusFault::timed_out); }
    setup.wire.disconnect();
}

SCENARIO("RTU frames over TCP") {
    GIVEN("good answers") {
        Bytes asked;
        Setup setup{Framing::rtu_over_tcp,
                    {[&](const Line& line, const Bytes& request) {
            asked = request;
            line.send(with_crc(hex("03 03 04 ff ff fe 0c")));
                     },
                     answer_rtu("03 06 a4 10 55 aa"), answer_rtu("03 83 02")}};
        CHECK(setup.wire.read(3, {.address = 32202, .count = 2}, long_time) == Words{0xFFFF, 0xFE0C});
        CHECK(asked == with_crc(hex("03 03 7d ca 00 02")));
        setup.wire.write(3, 42000, 0x55AA, long_time);
        CHECK(failure_of([&] { setup.wire.read(3, grid_power, long_time); }).exception == 2);
    }
    GIVEN("answers that are none") {
        Setup setup{Framing::rtu_over_tcp,
                    {[](const Line& line, const Bytes&) {
            Bytes frame = with_crc(hex("01 03 02 00 05"));
            frame[4] ^= 1U;
            line.send(frame);
                     },
                     answer_rtu("02 03 02 00 05"), answer_rtu("00 03 02 00 05"), answer_rtu("01 04 02 00 05"),
                     answer_rtu("01 03 04 00 05 00 06")}};
        for (const std::string why : {"wrong checksum", "answer of another unit", "answer of unit 0",
                                      "answer to function 4", "answer to another question"}) {
            const Failure failure = failed_read(setup.wire);
            CHECK(failure.fault == ModbusFault::garbled);
            CHECK(failure.what == "10.0.0.5:502 unit 1: read 30006+1: " + why);
        }
    }
    GIVEN("an answer too many") {
        Setup setup{Framing::rtu_over_tcp,
                    {[](const Line& line, const Bytes&) {
            Bytes two = with_crc(hex("01 03 02 00 05"));
            two.insert(two.end(), two.begin(), two.begin() + 7);
            line.send(two);
                     },
                     answer_rtu("01 03 02 00 06")}};
        THEN("it is thrown away before the next question") {
            CHECK(setup.wire.read(1, grid_power, long_time) == Words{5});
            CHECK(setup.wire.read(1, grid_power, long_time) == Words{6});
        }
    }
    GIVEN("a unit that no serial line can have") {
        Setup setup{Framing::rtu_over_tcp, {}};
        CHECK(failure_of([&] { setup.wire.read(248, grid_power, long_time); }).fault == ModbusFault::refused);
    }
}

SCENARIO("discarding until it is quiet") {
    GIVEN("a peer that talks without being asked") {
        std::promise<void> asked;
        Setup setup{Framing::rtu_over_tcp,
                    {[&](const Line& line, const Bytes&) {
            line.send(Bytes(5000, 7));
            asked.set_value();
                     },
                     answer_rtu("01 03 02 00 06")}};
        CHECK(failed_read(setup.wire).fault == ModbusFault::garbled);
        asked.get_future().wait();
        setup.wire.discard_until_quiet(1ms, at_once);
        CHECK(setup.wire.read(1, grid_power, long_time) == Words{6});
    }
    GIVEN("one that never stops") {
        Setup setup{Framing::rtu_over_tcp, {[](const Line& line, const Bytes&) {
                        while (line.send(Bytes(100, 7))) {}
                    }}};
        CHECK(failed_read(setup.wire).fault == ModbusFault::garbled);
        const auto started = steady_clock::now();
        setup.wire.discard_until_quiet(long_time, 20ms);
        CHECK(steady_clock::now() - started < at_once);
        setup.wire.disconnect();
    }
}

SCENARIO("RTU on a serial line") {
    GIVEN("a device") {
        Setup setup{Framing::rtu,
                    {answer_rtu("01 03 02 00 05"), answer_rtu("01 06 a4 10 55 aa"), answer_rtu("01 83 02"), silence(),
                     [](const Line& line, const Bytes&) { line.send(hex("01 03 02")); }}};
        CHECK(setup.wire.read(1, grid_power, long_time) == Words{5});
        setup.wire.write(1, 42000, 0x55AA, long_time);
        CHECK(failed_read(setup.wire).exception == 2);
        const Failure failure = failed_read(setup.wire, 20ms);
        CHECK(failure.fault == ModbusFault::timed_out);
        CHECK(failure.what == setup.peer.device() + " unit 1: read 30006+1: timed out");
        const auto started = steady_clock::now();
        CHECK(failed_read(setup.wire).fault == ModbusFault::timed_out); // half a frame does not keep us
        CHECK(steady_clock::now() - started < at_once);
    }
    GIVEN("no such device") {
        LibmodbusWire wire{{.framing = Framing::rtu, .host = "", .port = 502, .serial = "/dev/does-not-exist"}};
        const Failure failure = failure_of([&] { wire.connect(); });
        CHECK(failure.fault == ModbusFault::disconnected);
        CHECK(failure.what == "/dev/does-not-exist: No such file or directory");
    }
}

SCENARIO("connecting") {
    GIVEN("a port where nobody listens") {
        Listener listener;
        listener.close_port();
        LibmodbusWire wire{{.framing = Framing::tcp, .host = "127.0.0.1", .port = listener.port(), .serial = ""}};
        const Failure failure = failure_of([&] { wire.connect(); });
        CHECK(failure.fault == ModbusFault::disconnected);
        CHECK(failure.what == "127.0.0.1:" + std::to_string(listener.port()) + ": Connection refused");
    }
    GIVEN("a name that nobody has") {
        LibmodbusWire wire{{.framing = Framing::tcp, .host = "no such host", .port = 502, .serial = ""}};
        CHECK(failure_of([&] { wire.connect(); }).fault == ModbusFault::disconnected);
    }
    GIVEN("a listener") {
        const Listener listener;
        LibmodbusWire wire{{.framing = Framing::tcp, .host = "localhost", .port = listener.port(), .serial = ""}};
        wire.connect();
        wire.connect(); // again: the first one is closed
        const int first = listener.accept_one();
        const int second = listener.accept_one();
        char byte = 0;
        CHECK(::read(first, &byte, 1) == 0);
        close(first);
        close(second);
    }
}

// Connections that nobody accepts, until the kernel answers no more of them.
class FullListener {
public:
    FullListener() {
        while (wants_more()) {}
    }
    ~FullListener() {
        for (const int fd : clients_) close(fd);
    }
    FullListener(const FullListener&) = delete;
    FullListener& operator=(const FullListener&) = delete;
    std::uint16_t port() const { return listener_.port(); }

private:
    bool wants_more() {
        try {
            clients_.push_back(tcp_connect("127.0.0.1", port(), 100ms, never_));
            return true;
        } catch (const std::runtime_error&) {
            return false;
        }
    }
    Listener listener_{0};
    Interrupt never_{};
    std::vector<int> clients_{};
};

SCENARIO("connecting to where no answer comes from") {
    const FullListener listener;
    GIVEN("a patience") {
        const Interrupt never;
        CHECK_THROWS_WITH(tcp_connect("127.0.0.1", listener.port(), 20ms, never),
                          "no answer to the connection request");
    }
    GIVEN("an end from outside") {
        LibmodbusWire wire{{.framing = Framing::tcp, .host = "127.0.0.1", .port = listener.port(), .serial = ""}};
        const auto started = steady_clock::now();
        auto failure = std::async(std::launch::async, [&] { return failure_of([&] { wire.connect(); }); });
        wire.close_from_outside();
        CHECK(failure.get().fault == ModbusFault::disconnected);
        CHECK(steady_clock::now() - started < 5s); // the patience is 8 s
    }
}

SCENARIO("closed from outside") {
    for (const Framing framing : {Framing::tcp, Framing::rtu_over_tcp, Framing::rtu}) {
        CAPTURE(static_cast<int>(framing));
        for (const std::string begun : {"", "01 03"}) {
            CAPTURE(begun);
            std::atomic<LibmodbusWire*> wire = nullptr;
            std::promise<void> closed; // the wire must live that long
            Setup setup{framing, {[&](const Line& line, const Bytes&) {
                            line.send(hex(begun));
                            wire.load()->close_from_outside();
                            closed.set_value();
                        }}};
            wire = &setup.wire;
            const auto started = steady_clock::now();
            const ModbusFault fault = failed_read(setup.wire).fault;
            CHECK((fault == ModbusFault::disconnected || (framing == Framing::rtu && fault == ModbusFault::timed_out)));
            CHECK(failed_read(setup.wire).fault == ModbusFault::disconnected);
            setup.wire.sleep_until(steady_clock::now() + long_time);
            CHECK(failure_of([&] { setup.wire.discard_until_quiet(long_time, long_time); }).fault ==
                  ModbusFault::disconnected);
            CHECK(steady_clock::now() - started < at_once);
            closed.get_future().wait();
        }
    }
}

TEST_CASE("sleeping") {
    LibmodbusWire wire{{.framing = Framing::tcp, .host = "10.0.0.5", .port = 502, .serial = ""}};
    const TimePoint until = wire.now() + 5ms;
    wire.sleep_until(until);
    CHECK(wire.now() >= until);
}

} // namespace
