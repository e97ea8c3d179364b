#include "runtime/event_loop.hpp"
#include "runtime/inbox.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <future>
#include <thread>

using namespace vbat;
using namespace std::chrono_literals;

namespace {

TEST_CASE("tasks of another thread run on the loop's thread, in order") {
    EventLoop loop;
    std::vector<int> seen;
    std::vector<std::thread::id> ran_on;
    const auto take = loop.posting([&](int value) {
        seen.push_back(value);
        ran_on.push_back(std::this_thread::get_id());
        if (value == 3) loop.stop();
    });
    const std::jthread other{[&] {
        for (const int value : {1, 2, 3}) take(value);
    }};
    loop.run();
    CHECK(seen == std::vector{1, 2, 3});
    CHECK(ran_on == std::vector(3, std::this_thread::get_id()));
}

TEST_CASE("what a task throws leaves run()") {
    EventLoop loop;
    loop.post([] { throw std::runtime_error{"bus lost"}; });
    CHECK_THROWS_WITH(loop.run(), "bus lost");
}

TEST_CASE("a timer fires again and again, and is told the time") {
    EventLoop loop;
    std::vector<TimePoint> fired;
    loop.every(1ms, [&](TimePoint now) {
        fired.push_back(now);
        if (fired.size() == 3) loop.stop();
    });
    const TimePoint before = EventLoop::now();
    loop.run();
    REQUIRE(fired.size() == 3);
    CHECK(fired[0] >= before + 1ms);
    CHECK(fired[2] >= before + 3ms);
}

TEST_CASE("an armed timer fires once, and when it is armed anew only then") {
    EventLoop loop;
    std::vector<TimePoint> fired;
    const TimePoint start = EventLoop::now();
    EventLoop::Arm arm = loop.timer([&](TimePoint now) {
        fired.push_back(now);
        if (fired.size() == 2) loop.stop();
        else arm(now + 1ms);
    });
    arm(start + 1h);
    arm(start + 1ms);
    loop.run();
    REQUIRE(fired.size() == 2);
    CHECK(fired[0] >= start + 1ms);
    CHECK(fired[1] >= fired[0] + 1ms);
}

TEST_CASE("the end of a turn comes once, after everything that was waiting") {
    EventLoop loop;
    std::vector<std::string> order;
    const auto at_end = loop.at_end_of_turn([&] {
        order.emplace_back("end");
        loop.stop();
    });
    for (int i = 0; i < 3; ++i)
        loop.post([&] {
            order.emplace_back("work");
            at_end();
        });
    loop.run();
    CHECK(order == std::vector<std::string>{"work", "work", "work", "end"});
}

TEST_CASE("a blocked signal arrives as an event") {
    block_signals({SIGUSR1});
    EventLoop loop;
    int came = 0;
    loop.on_signal(SIGUSR1, [&] {
        ++came;
        loop.stop();
    });
    loop.post([] { kill(getpid(), SIGUSR1); });
    loop.run();
    CHECK(came == 1);
}

SCENARIO("an inbox") {
    EventLoop loop;
    std::vector<std::size_t> sizes;
    int received = 0;
    Inbox<int> inbox{loop, 10, [&](const std::vector<int>& values) {
                         sizes.push_back(values.size());
                         received += static_cast<int>(values.size());
                         if (received == 1000) loop.stop();
                     }};
    GIVEN("a sender that is faster than the loop") {
        std::jthread sender{[&](const std::stop_token& stop) {
            for (int i = 0; i < 1000; ++i) inbox.put(i, stop);
        }};
        loop.run();
        THEN("nothing is lost and it is slowed down: never more than the capacity at once") {
            CHECK(received == 1000);
            for (const std::size_t size : sizes) CHECK(size <= 10);
        }
    }
    GIVEN("a sender that waits in front of a full inbox") {
        std::promise<bool> result;
        std::jthread sender{[&](const std::stop_token& stop) {
            bool all = true;
            for (int i = 0; i < 11 && all; ++i) all = inbox.put(i, stop);
            result.set_value(all);
        }};
        WHEN("it is asked to stop") {
            sender.request_stop();
            THEN("it does") {
                auto waited = result.get_future();
                REQUIRE(waited.wait_for(10s) == std::future_status::ready);
                CHECK_FALSE(waited.get());
            }
        }
    }
}

} // namespace
