#include "link/modbus_link.hpp"

#include "link/libmodbus_wire.hpp"

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>

namespace vbat {

class ModbusLink::Impl {
public:
    Impl(EventLoop& loop, ModbusAddress address, Deliver deliver)
        : deliver_{std::make_shared<Deliver>(std::move(deliver))}, wire_{std::move(address)},
          session_{wire_, posting_news(loop)}, thread_{[this](const std::stop_token& stop) { work(stop); }} {}

    ~Impl() {
        thread_.request_stop();
        wire_.close_from_outside();
        thread_.join();
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    void put(std::variant<ModbusOrder, ModbusSession::Job> item) {
        {
            const std::lock_guard lock{mutex_};
            mailbox_.push_back(std::move(item));
        }
        wake_.notify_one();
    }

private:
    using Item = std::variant<ModbusOrder, ModbusSession::Job>;

    // News that are still in the loop's queue when the link has gone are nobody's.
    ModbusSession::Tell posting_news(EventLoop& loop) const {
        return loop.posting([deliver = std::weak_ptr{deliver_}](ModbusNews news) {
            if (const auto target = deliver.lock()) (*target)({std::move(news)});
        });
    }

    void work(const std::stop_token& stop) {
        TimePoint due{};
        while (!stop.stop_requested()) {
            for (Item& item : take_mail(stop, due)) hand_over(std::move(item));
            if (!stop.stop_requested()) due = session_.step();
        }
    }

    std::vector<Item> take_mail(const std::stop_token& stop, TimePoint due) {
        std::unique_lock lock{mutex_};
        wake_.wait_until(lock, stop, due, [this] { return !mailbox_.empty(); });
        return std::exchange(mailbox_, {});
    }

    void hand_over(Item item) {
        if (const auto* order = std::get_if<ModbusOrder>(&item)) session_.order(*order);
        else session_.run(std::move(std::get<ModbusSession::Job>(item)));
    }

    std::shared_ptr<Deliver> deliver_; // used by the loop's thread only
    std::mutex mutex_;
    std::condition_variable_any wake_;
    std::vector<Item> mailbox_{};
    LibmodbusWire wire_; // this and the session: of the thread
    ModbusSession session_;
    std::jthread thread_; // last: it uses the others
};

ModbusLink::ModbusLink(EventLoop& loop, ModbusAddress address, Deliver deliver)
    : impl_{std::make_unique<Impl>(loop, std::move(address), std::move(deliver))} {}

ModbusLink::~ModbusLink() = default;

void ModbusLink::order(ModbusOrder order) { impl_->put(std::move(order)); }

void ModbusLink::run(ModbusSession::Job job) { impl_->put(std::move(job)); }

} // namespace vbat
