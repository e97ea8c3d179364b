#include "tools/simulator/line.hpp"

#include <algorithm>

namespace vbat::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t longest_stream = 4096;
constexpr std::size_t most_requests = 256; // that wait; more are lost
constexpr std::size_t gateway_clients = 3;
constexpr auto slot_kept = 1s;       // by a native port after its client has gone
constexpr auto frame_silence = 50ms; // ends a frame of RTU that never became complete
constexpr auto look_again = 50ms;    // while something holds an answer back

void keep_least(std::optional<double>& least_ms, Duration span) {
    const double value = std::chrono::duration<double, std::milli>(span).count();
    least_ms = std::min(least_ms.value_or(value), value);
}

bool is_away(const FaultPanel& faults, TimePoint now) {
    return faults.until(Fault::silence, now) || faults.until(Fault::reboot, now) ||
           faults.until(Fault::network_restart, Fault::network_restart_every, now);
}

} // namespace

bool Line::refuses(TimePoint now) const {
    if (native_ ? !clients_.empty() || now < free_at_ : clients_.size() >= gateway_clients) return true;
    return std::ranges::any_of(devices_, [&](const ModbusDevice* device) {
        const FaultPanel& faults = device->battery().faults();
        return faults.until(Fault::refuse_connect, now) || (native_ && faults.until(Fault::reboot, now)) ||
               faults.until(Fault::network_restart, Fault::network_restart_every, now);
    });
}

bool Line::connect(Client& client, TimePoint now) {
    notice_drops(now);
    if (last_connect_) keep_least(counters_.min_connect_ms, now - *last_connect_);
    last_connect_ = now;
    if (refuses(now)) {
        ++counters_.refused;
        return false;
    }
    ++counters_.connections;
    clients_.emplace(&client, Connection{});
    counters_.open = clients_.size();
    deaf_ = false;
    for (ModbusDevice* device : devices_) device->battery().new_connection();
    return true;
}

void Line::forget(Client& client) {
    clients_.erase(&client);
    counters_.open = clients_.size();
    std::erase_if(requests_, [&](const Request& request) { return request.client == &client; });
    std::erase_if(parcels_, [&](const Parcel& parcel) { return parcel.client == &client; });
}

void Line::leave(Client& client, TimePoint now) {
    if (!clients_.contains(&client)) return;
    forget(client);
    free_at_ = now + slot_kept;
}

void Line::close_all(TimePoint now) {
    while (!clients_.empty()) {
        Client& client = *clients_.begin()->first;
        leave(client, now);
        client.hang_up();
    }
}

std::optional<TimePoint> Line::last_drop(const ModbusDevice& device, TimePoint now) const {
    const FaultPanel& faults = device.battery().faults();
    const double again = faults.value(Fault::drop_connection);
    std::optional<TimePoint> last = faults.last(Fault::drop_connection, again > 1 ? again : 0, now);
    const auto also = [&last](std::optional<TimePoint> other) { last = std::max(last, other); };
    also(faults.last(Fault::network_restart, faults.value(Fault::network_restart_every), now));
    if (native_) also(faults.last(Fault::reboot, 0, now));
    return last;
}

void Line::notice_drops(TimePoint now) {
    for (ModbusDevice* device : devices_) {
        device->battery().notice(now);
        const auto drop = last_drop(*device, now);
        if (!drop || drops_[device] >= *drop) continue;
        drops_[device] = *drop;
        close_all(now);
    }
}

void Line::receive(Client& client, std::span<const std::uint8_t> bytes, TimePoint now) {
    const auto found = clients_.find(&client);
    if (found == clients_.end()) return;
    Connection& connection = found->second;
    if (framing_ != Framing::tcp && now - connection.last_byte > frame_silence) connection.stream.clear();
    connection.last_byte = now;
    connection.stream.insert(connection.stream.end(), bytes.begin(), bytes.end());
    Frame frame;
    Cut cut = Cut::complete;
    while ((cut = take_request(framing_, connection.stream, frame)) == Cut::complete)
        accept_request(client, frame, now);
    if (cut == Cut::broken && framing_ != Framing::tcp) connection.stream.clear();
    else if (cut == Cut::broken || connection.stream.size() > longest_stream) {
        leave(client, now);
        client.hang_up();
    }
}

void Line::note_request(TimePoint now) {
    if (!requests_.empty()) ++counters_.overlapping;
    if (last_traffic_) keep_least(counters_.min_gap_ms, now - *last_traffic_);
    last_traffic_ = now;
}

void Line::accept_request(Client& client, Frame frame, TimePoint now) {
    note_request(now);
    const auto devices = addressed(frame.unit);
    if (devices.empty() || deaf_ || requests_.size() >= most_requests) return;
    Connection& connection = clients_[&client];
    connection.waiting = frame.transaction;
    if (connection.stale && connection.stale->until > now) {
        Frame late = connection.stale->frame;
        late.transaction = frame.transaction;
        connection.waiting.reset();
        post(client, encode(framing_, late), devices.front()->battery().faults(), false, now);
    }
    connection.stale.reset();
    const TimePoint free = requests_.empty() ? now : std::max(now, requests_.back().ready);
    requests_.push_back({&client, std::move(frame), free + answer_time(*devices.front())});
}

Duration Line::answer_time(ModbusDevice& device) {
    const Battery& battery = device.battery();
    const double fixed = battery.faults().value(Fault::answer_ms);
    const bool quick = random_.below(20) == 0;
    const double usual = battery.model().family == Family::v12 ? random_.between(20, 60)
                         : quick                               ? random_.between(7, 9)
                                                               : random_.between(30, 100) + random_.between(0, 50);
    return span_of(((fixed < 0 ? usual : fixed) + battery.faults().value(Fault::slow_answers)) / 1000);
}

// On the battery's own port the unit does not matter; on a bus 0 means all of them.
std::vector<ModbusDevice*> Line::addressed(std::uint8_t unit) const {
    std::vector<ModbusDevice*> found;
    for (ModbusDevice* device : devices_) {
        const Battery& battery = device->battery();
        const bool meant = native_ || unit == 0 || unit == battery.firmware().settings().unit;
        if (meant && !battery.faults().on(Fault::wrong_unit)) found.push_back(device);
    }
    return found;
}

bool Line::is_held(const Request& request, TimePoint now) const {
    return std::ranges::any_of(addressed(request.frame.unit), [now](const ModbusDevice* device) {
        return device->battery().faults().until(Fault::stall, Fault::stall_every, now).has_value();
    });
}

void Line::run(TimePoint now) {
    notice_drops(now);
    while (!requests_.empty() && requests_.front().ready <= now) {
        if (is_held(requests_.front(), now)) {
            requests_.front().ready = now + look_again;
            break;
        }
        const Request request = std::move(requests_.front());
        requests_.pop_front();
        execute(request, now);
    }
    deliver_due(now);
}

// Two devices with one unit id both obey, and their answers spoil each other.
void Line::execute(const Request& request, TimePoint now) {
    const auto devices = addressed(request.frame.unit);
    for (ModbusDevice* device : devices) {
        if (deaf_ || is_away(device->battery().faults(), now)) continue;
        const Answer answer = device->answer(request.frame.pdu, now);
        deaf_ = answer.deaf;
        const bool broadcast = !native_ && request.frame.unit == 0;
        if (!answer.pdu.empty() && devices.size() == 1 && !broadcast) send(request, *device, answer, now);
    }
}

void Line::send(const Request& request, ModbusDevice& device, const Answer& answer, TimePoint now) {
    FaultPanel& faults = device.battery().faults();
    Frame frame{request.frame.transaction, request.frame.unit, answer.pdu};
    const double keep = faults.value(Fault::off_by_one);
    if (keep > 0 && mismatch(*request.client, frame, keep, now)) return;
    Bytes bytes = encode(framing_, frame);
    spoil(bytes, faults, answer);
    const bool close = answer.unknown && faults.on(Fault::close_on_unknown);
    post(*request.client, bytes, faults, close, now + span_of(faults.value(Fault::late_answers)));
}

// True: nobody waits for it, it is kept.
bool Line::mismatch(Client& client, Frame& frame, double keep, TimePoint now) {
    Connection& connection = clients_[&client];
    if (!connection.waiting) {
        connection.stale = Stale{now + span_of(keep), frame};
        return true;
    }
    frame.transaction = *connection.waiting;
    connection.waiting.reset();
    return false;
}

void Line::spoil(Bytes& bytes, FaultPanel& faults, const Answer& answer) const {
    const bool mbap = framing_ == Framing::tcp;
    const auto flip = [&bytes](std::size_t at) { bytes[at] = static_cast<std::uint8_t>(bytes[at] ^ 1); };
    if (mbap && answer.exception() && faults.on(Fault::bad_exception_length)) ++bytes[5];
    if (mbap && faults.nth(Fault::wrong_transaction)) flip(1);
    if (!mbap && faults.nth(Fault::crc_error)) flip(bytes.size() - 1);
    if (faults.nth(Fault::short_frame)) bytes.resize(bytes.size() / 2);
}

void Line::post(Client& client, const Bytes& bytes, const FaultPanel& faults, bool close, TimePoint now) {
    const Duration apart = span_of(faults.value(Fault::split_frames) / 1000);
    const int pieces = apart > 0ms ? 3 : 1;
    const auto size = static_cast<std::ptrdiff_t>(bytes.size());
    for (int i = 0; i < pieces; ++i) {
        const auto at = [&](int n) { return bytes.begin() + size * n / pieces; };
        parcels_.push_back({now + apart * i, &client, {at(i), at(i + 1)}, close && i + 1 == pieces});
    }
    std::stable_sort(parcels_.begin(), parcels_.end(), [](const Parcel& a, const Parcel& b) { return a.at < b.at; });
}

void Line::deliver_due(TimePoint now) {
    while (!parcels_.empty() && parcels_.front().at <= now) {
        const Parcel parcel = std::move(parcels_.front());
        parcels_.pop_front();
        last_traffic_ = now;
        if (parcel.close) leave(*parcel.client, now);
        parcel.client->deliver(parcel.bytes);
        if (parcel.close) parcel.client->hang_up();
    }
}

std::optional<TimePoint> Line::next_due() const {
    std::optional<TimePoint> next;
    if (!requests_.empty()) next = requests_.front().ready;
    if (!parcels_.empty()) next = next ? std::min(*next, parcels_.front().at) : parcels_.front().at;
    return next;
}

} // namespace vbat::sim
