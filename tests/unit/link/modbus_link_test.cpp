#include "link/modbus_link.hpp"
#include "scripted_peer.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <mutex>
#include <optional>

using namespace vbat_test;
using namespace vbat;
using namespace std::chrono_literals;
using std::chrono::steady_clock;

namespace {

constexpr Block grid_power{.address = 30006, .count = 1};

// A battery on a TCP port: every register holds its own address.
class Device {
public:
    explicit Device(bool silent = false) : silent_{silent}, thread_{[this] { serve(); }} {}
    ~Device() {
        listener_.shut();
        {
            const std::lock_guard lock{mutex_};
            if (client_ != -1) ::shutdown(client_, SHUT_RDWR);
        }
        thread_.join();
    }
    Device(const Device&) = delete;
    Device& operator=(const Device&) = delete;

    ModbusAddress address() const {
        return {.framing = Framing::tcp, .host = "127.0.0.1", .port = listener_.port(), .serial = ""};
    }
    void wait_for_a_request() { asked_.get_future().wait(); }

private:
    void serve() {
        for (int fd = listener_.accept_one(); fd != -1; fd = listener_.accept_one()) {
            set_client(fd);
            const Line line{fd};
            for (Bytes request = line.receive(12); request.size() == 12; request = line.receive(12)) {
                if (!std::exchange(was_asked_, true)) asked_.set_value();
                if (!silent_) line.send(answer_to(request));
            }
            set_client(-1);
            close(fd);
        }
    }

    void set_client(int fd) {
        const std::lock_guard lock{mutex_};
        client_ = fd;
    }

    static Bytes answer_to(const Bytes& request) {
        if (request[7] == 6) return request;
        const int first = request[8] * 256 + request[9];
        const int count = request[11];
        Bytes answer{request[0], request[1], 0,
                     0,          0,          static_cast<std::uint8_t>(3 + 2 * count),
                     request[6], 3,          static_cast<std::uint8_t>(2 * count)};
        for (int address = first; address < first + count; ++address) {
            answer.push_back(static_cast<std::uint8_t>(address / 256));
            answer.push_back(static_cast<std::uint8_t>(address % 256));
        }
        return answer;
    }

    bool silent_;
    bool was_asked_ = false;
    std::promise<void> asked_{};
    Listener listener_{};
    std::mutex mutex_;
    int client_ = -1;
    std::jthread thread_; // last: it uses the others
};

ModbusOrder order_of(std::chrono::milliseconds period) {
    return {.unit = 1,
            .polls = {{.block = grid_power, .period = period}},
            .pace = {.gap = 1ms, .patience = std::chrono::milliseconds{60s}}};
}

SCENARIO("a link to a battery") {
    EventLoop loop;
    GIVEN("a device that answers") {
        Device device;
        std::vector<ModbusNews> news;
        std::vector<std::thread::id> ran_on;
        ModbusLink link{loop, device.address(), [&](const std::vector<ModbusNews>& items) {
                            news.insert(news.end(), items.begin(), items.end());
                            ran_on.push_back(std::this_thread::get_id());
                            if (news.size() >= 4) loop.stop();
                        }};
        WHEN("it is ordered to poll") {
            link.order(order_of(5ms));
            loop.run();
            THEN("the connection and the values come on the loop, in order") {
                REQUIRE(news.size() >= 4);
                CHECK(std::get<ModbusConnection>(news[0]).up);
                for (std::size_t i = 1; i < 4; ++i) {
                    const auto& report = std::get<ModbusReport>(news[i]);
                    CHECK(report.block == grid_power);
                    CHECK(std::get<std::vector<std::uint16_t>>(report.result) == std::vector<std::uint16_t>{30006});
                }
                CHECK(ran_on == std::vector(ran_on.size(), std::this_thread::get_id()));
            }
        }
        WHEN("a job is run while nothing is due for an hour") {
            link.order(order_of(1h));
            std::vector<std::uint16_t> words;
            const auto take = loop.posting([&](std::vector<std::uint16_t> values) {
                words = std::move(values);
                loop.stop();
            });
            link.run([&](ModbusPort& port) {
                port.write(1, 42000, 21930);
                take(port.read(1, {.address = 31000, .count = 2}, 60s));
            });
            loop.run();
            THEN("it is done at once") { CHECK(words == std::vector<std::uint16_t>{31000, 31001}); }
        }
    }
    GIVEN("a device that never answers") {
        Device device{true};
        std::optional<ModbusLink> link;
        link.emplace(loop, device.address(), [](const std::vector<ModbusNews>&) {});
        link->order(order_of(1s));
        device.wait_for_a_request();
        WHEN("the link goes in the middle of a wait of a minute") {
            const auto started = steady_clock::now();
            link.reset();
            THEN("it goes at once") { CHECK(steady_clock::now() - started < 5s); }
        }
    }
    GIVEN("a job that waits") {
        Device device;
        std::optional<ModbusLink> link;
        link.emplace(loop, device.address(), [](const std::vector<ModbusNews>&) {});
        std::promise<void> begun;
        std::atomic<bool> heard = false;
        link->run([&](ModbusPort& port) {
            begun.set_value();
            try {
                port.pause(1h);
            } catch (const ModbusError&) {
                heard = true;
                throw;
            }
        });
        begun.get_future().wait();
        link.reset();
        THEN("it ends with the link") { CHECK(heard); }
    }
    GIVEN("news that are still on their way to the loop") {
        Device device;
        bool delivered = false;
        {
            ModbusLink link{loop, device.address(), [&](const std::vector<ModbusNews>&) { delivered = true; }};
            link.order(order_of(1s));
            device.wait_for_a_request(); // so it has connected, and told that
        }
        loop.post([&] { loop.stop(); });
        loop.run();
        THEN("they are nobody's when the link has gone") { CHECK_FALSE(delivered); }
    }
}

} // namespace
