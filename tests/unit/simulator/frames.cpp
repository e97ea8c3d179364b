#include "tests/unit/simulator/site.hpp"

using namespace vbat;
using namespace vbat::sim;
using namespace vbat::sim::test;

namespace {

// What it was sent, by a line that serves the bytes of a socket.
struct Peer final : Client {
    void deliver(std::span<const std::uint8_t> bytes) override { got.insert(got.end(), bytes.begin(), bytes.end()); }
    void hang_up() override { open = false; }

    Bytes got{};
    bool open{true};
};

Bytes reply_to(const BatterySpec& battery, const Bytes& request, bool& open) {
    Site site{battery};
    Peer peer;
    Line& line = site.simulation.line("garage");
    REQUIRE(line.connect(peer, noon));
    line.receive(peer, request, noon);
    site.run(1s);
    open = peer.open;
    line.leave(peer, site.simulation.now());
    return peer.got;
}
Bytes reply_to(const BatterySpec& battery, const Bytes& request) {
    bool open = false;
    return reply_to(battery, request, open);
}

SCENARIO("frames as captured") {
    // 41200 of a Venus A, then an exception of a Venus D whose header counts one byte too many.
    CHECK(reply_to({.model = "a"}, {0x01, 0x79, 0, 0, 0, 6, 1, 3, 0xA0, 0xF0, 0, 1}) ==
          Bytes{0x01, 0x79, 0, 0, 0, 5, 1, 3, 2, 0, 0});
    CHECK(reply_to({.model = "d"}, {0x18, 0x58, 0, 0, 0, 6, 1, 3, 0x98, 0x58, 0, 1}) ==
          Bytes{0x18, 0x58, 0, 0, 0, 4, 1, 0x83, 3});
    CHECK(reply_to({.model = "d"}, {0x1F, 0xC8, 0, 0, 0, 6, 1, 3, 0xAF, 0xC8, 0, 1}) ==
          Bytes{0x1F, 0xC8, 0, 0, 0, 4, 1, 0x83, 2});
    // behind a gateway the header is right; input registers are not served
    CHECK(reply_to({.model = "e", .gateway = "bus"}, {0, 1, 0, 0, 0, 6, 1, 4, 0x7D, 0x68, 0, 1}) ==
          Bytes{0, 1, 0, 0, 0, 3, 1, 0x84, 1});
}

SCENARIO("RTU: a checksum, low byte first") {
    // 01 03 00 00 00 0A C5 CD is the example of every Modbus text
    CHECK(crc16(Bytes{0x01, 0x03, 0x00, 0x00, 0x00, 0x0A}) == 0xCDC5);
    const BatterySpec battery{.model = "e", .soc = 55, .framing = Framing::rtu_over_tcp};
    const Bytes request = encode(Framing::rtu_over_tcp, {0, 1, {3, 0x7D, 0x68, 0, 1}});
    CHECK(reply_to(battery, request) == encode(Framing::rtu_over_tcp, {0, 1, {3, 2, 0, 55}}));
    Bytes wrong = request;
    wrong.back() ^= 1;
    CHECK(reply_to(battery, wrong).empty());
}

SCENARIO("several requests in one segment, and one in many") {
    Bytes two{0, 1, 0, 0, 0, 6, 1, 3, 0xA0, 0x8C, 0, 1, 0, 2, 0, 0, 0, 6, 1, 3, 0xA0, 0x8C, 0, 1};
    CHECK(reply_to({.model = "e3"}, two).size() == 22);
    Site site{{.model = "e3"}};
    Peer peer;
    Line& line = site.simulation.line("garage");
    REQUIRE(line.connect(peer, noon));
    for (std::size_t i = 0; i < 12; ++i) line.receive(peer, std::span{two}.subspan(i, 1), noon);
    site.run(1s);
    CHECK(peer.got == Bytes{0, 1, 0, 0, 0, 5, 1, 3, 2, 0, 1});
    CHECK(site.battery().counters().requests == 1);
    line.leave(peer, site.simulation.now());
}

SCENARIO("a write of many registers") {
    const BatterySpec battery{.model = "e", .gateway = "bus"};
    CHECK(reply_to(battery, {0, 1, 0, 0, 0, 11, 1, 0x10, 0xA4, 0x24, 0, 2, 4, 0x01, 0xF4, 0, 0}) ==
          Bytes{0, 1, 0, 0, 0, 6, 1, 0x10, 0xA4, 0x24, 0, 2});
    CHECK(reply_to(battery, {0, 1, 0, 0, 0, 11, 1, 0x10, 0xA4, 0x24, 0, 2, 4, 0x01, 0xF4, 0xFF, 0}) ==
          Bytes{0, 1, 0, 0, 0, 3, 1, 0x90, 3});
    CHECK(reply_to(battery, {0, 1, 0, 0, 0, 9, 1, 0x10, 0xA4, 0x24, 0, 2, 4, 0x01, 0xF4}) ==
          Bytes{0, 1, 0, 0, 0, 3, 1, 0x90, 3}); // says two, carries one
}

SCENARIO("a client that only sends costs no memory") {
    Site site{{.model = "e3"}};
    Peer peer;
    Line& line = site.simulation.line("garage");
    REQUIRE(line.connect(peer, noon));
    for (int i = 0; i < 10000; ++i) line.receive(peer, Bytes{0, 1, 0, 0, 0, 6, 1, 3, 0xA0, 0x8C, 0, 1}, noon);
    site.run(120s);
    CHECK(site.battery().counters().requests == 256);
    line.leave(peer, site.simulation.now());
}

SCENARIO("bytes that are no request cost at most the connection") {
    bool open = true;
    CHECK(reply_to({.model = "e3"}, {'G', 'E', 'T', ' ', '/', ' ', 'H', 'T'}, open).empty());
    CHECK_FALSE(open);
    Random random{5};
    for (const Framing framing : {Framing::tcp, Framing::rtu_over_tcp}) {
        Site site{{.model = "e", .framing = framing}};
        for (int i = 0; i < 3000; ++i) {
            Peer peer;
            Line& line = site.simulation.line("garage");
            line.connect(peer, site.simulation.now());
            Bytes noise(static_cast<std::size_t>(random.below(300)));
            for (auto& byte : noise) byte = static_cast<std::uint8_t>(random.bits());
            if (framing == Framing::tcp && noise.size() > 7) noise[2] = noise[3] = noise[4] = 0;
            if (framing == Framing::rtu_over_tcp && noise.size() > 4) {
                const auto crc = crc16(std::span{noise}.first(noise.size() - 2));
                noise[noise.size() - 2] = static_cast<std::uint8_t>(crc & 0xFF);
                noise[noise.size() - 1] = static_cast<std::uint8_t>(crc >> 8);
            }
            line.receive(peer, noise, site.simulation.now());
            site.run(200ms);
            line.leave(peer, site.simulation.now());
        }
        site.wire.connect();
        CHECK(site.read(32105) == std::vector<std::uint16_t>{5120});
    }
}

} // namespace
