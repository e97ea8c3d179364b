#include "device/modbus_battery.hpp"

#include "core/battery_message.hpp"
#include "device/modbus_identity.hpp"

#include <sstream>

namespace vbat {
namespace {

using namespace std::chrono_literals;

constexpr Duration first_round = 10s;
constexpr int slowest_turn = 5; // of a busy line, in planned periods (docs/adr/0009-modbus-session.md)
constexpr auto identification_period = 5s;
constexpr auto slow_identification_period = 60s;

// Three turns as they really come.
Duration keep_of(const Poll& poll, std::optional<TimePoint> before, TimePoint now) {
    const Duration planned = poll.period;
    const Duration turn =
        before ? std::clamp<Duration>(now - *before, planned, slowest_turn * planned) : slowest_turn * planned;
    return std::max<Duration>(3 * turn, 15s);
}

std::string refused_value(const Register& row, double value) {
    std::ostringstream out;
    out << "register " << row.address << " says " << value << ", which is not within " << row.min << " and " << row.max;
    return std::move(out).str();
}

bool has_cells(const BatterySample& sample) {
    return std::any_of(sample.cell_voltages.begin(), sample.cell_voltages.end(),
                       [](const Maybe<Volts>& cell) { return cell.has_value(); });
}

void derive_from_cells(BatterySample& sample, int cells) {
    if (!has_cells(sample)) return;
    FieldSet carried;
    carried.set(field_index("/Voltages/Cell1"));
    derive_cells(sample, carried);
    for (std::size_t i = 0; i < static_cast<std::size_t>(cells); ++i)
        if (!sample.cell_voltages[i]) sample.cell_voltage_sum.reset(); // a sum of some is none
}

} // namespace

Duration max_age(const ModbusBatterySetup& setup) {
    return std::max<Duration>(15s, slowest_turn * setup.poll.value_or(0ms));
}

void ModbusBattery::begin() { ask(Stage::name, {{name_block, identification_period}}); }

void ModbusBattery::ask(Stage stage, std::initializer_list<Poll> polls) {
    stage_ = stage;
    polls_ = polls;
}

Pace ModbusBattery::pace() const {
    Pace pace = model_ ? model_->pace : careful_pace;
    pace.gap = setup_.gap.value_or(pace.gap);
    return pace;
}

const Poll* ModbusBattery::poll_of(Block block) const {
    const auto found =
        std::find_if(polls_.begin(), polls_.end(), [&](const Poll& poll) { return poll.block == block; });
    return found == polls_.end() ? nullptr : &*found;
}

bool ModbusBattery::take(Block block, std::span<const std::uint16_t> values, TimePoint taken_at) {
    if (!poll_of(block) || values.size() != block.count) return false;
    refusals_.forgive(block);
    note_answer(block);
    ++answers_;
    RegisterImage reply;
    reply.put(block, values, taken_at, {});
    if (block == name_block) refuses_name_ = false;
    if (block == name_block) take_name(reply.text(block), taken_at);
    else if (stage_ != Stage::running && block == version_block) take_version(values[0], taken_at);
    else if (block == model_->serial) take_serial(reply.text(block), taken_at);
    const bool is_value = stage_ == Stage::running && block != name_block && poll_of(block);
    if (is_value) take_values(block, values, taken_at);
    return is_value && is_live(block);
}

void ModbusBattery::take_values(Block block, std::span<const std::uint16_t> values, TimePoint taken_at) {
    image_.drop_older(taken_at);
    const Duration keep = is_live(block) ? max_age(setup_) : keep_of(*poll_of(block), image_.taken_at(block), taken_at);
    image_.put(block, values, taken_at, keep);
    const bool off = model_->battery_is_off && model_->battery_is_off(image_);
    soc_guard_.take(decoded().soc, off, taken_at);
    run(taken_at);
    if (is_power(block) && !first_power_) first_power_ = taken_at;
    settled_ |= is_complete();
}

bool ModbusBattery::is_live(Block block) const {
    const auto live = model_->polls.first(model_->live_polls);
    return std::any_of(live.begin(), live.end(), [&](const Poll& poll) { return poll.block == block; });
}

TimePoint ModbusBattery::live_since() const {
    TimePoint oldest = TimePoint::max();
    for (const Poll& poll : model_->polls.first(model_->live_polls))
        if (const auto taken_at = image_.taken_at(poll.block)) oldest = std::min(oldest, *taken_at);
    return oldest;
}

BatterySample ModbusBattery::decoded() const {
    BatterySample sample;
    decode(model_->registers, image_, sample);
    model_->refine(sample, image_);
    return sample;
}

std::string ModbusBattery::trouble() const {
    const Block power = model_->polls.front().block;
    if (refusals_.is_refused(power)) return "refuses register " + std::to_string(power.address) + ", its power";
    BatterySample sample;
    std::vector<const Register*> wrong;
    decode(model_->registers, image_, sample, &wrong);
    if (wrong.empty()) return {};
    const Register& first = *wrong.front();
    std::string trouble = refused_value(first, *image_.number(first.address, first.encoding) * first.scale);
    if (wrong.size() > 1) trouble += " (and " + std::to_string(wrong.size() - 1) + " more)";
    if (wrong.size() >= 3 && 3 * wrong.size() > known_rows())
        trouble += ": is it really a " + std::string{model_->name} + "? See family and model";
    return trouble;
}

std::size_t ModbusBattery::known_rows() const {
    return static_cast<std::size_t>(
        std::count_if(model_->registers.begin(), model_->registers.end(),
                      [&](const Register& row) { return image_.number(row.address, row.encoding).has_value(); }));
}

void ModbusBattery::take_name(const std::string& name, TimePoint now) {
    if (name.empty() && is_named_) return settle(*model_, now); // silent now; its serial tells whether it is another
    const Finding found = identify_by_name(setup_, name);
    if (stage_ == Stage::running && !found.is_named) return;
    device_name_ = name;
    is_named_ = found.is_named;
    notice_ = found.problem;
    if (found.model) settle(*found.model, now);
    else if (found.ask_version && stage_ == Stage::name) ask(Stage::version, {{version_block, identification_period}});
    else leave_open(found.ask_version);
}

void ModbusBattery::take_version(std::uint16_t version, TimePoint now) {
    const Finding found = identify_by_version(setup_, device_name_, version);
    notice_ = found.problem;
    if (found.model) settle(*found.model, now);
    else leave_open(found.ask_version);
}

// Another one answers at this address when its own number is another.
void ModbusBattery::take_serial(const std::string& serial, TimePoint now) {
    const bool another = !serial_.empty() && !serial.empty() && serial != serial_;
    if (another) forget();
    if (!serial.empty()) serial_ = serial;
    if (stage_ == Stage::serial) run(now);
    else if (another) begin();
}

void ModbusBattery::settle(const ModbusModel& model, TimePoint now) {
    if (&model != model_) forget();
    model_ = &model;
    if (serial_.empty()) run(now);
    else ask(Stage::serial, {{model.serial, identification_period}});
}

void ModbusBattery::leave_open(bool ask_version) {
    forget();
    model_ = nullptr;
    is_named_ = false;
    problem_ = notice_;
    ask(Stage::open, {{name_block, slow_identification_period}});
    if (ask_version) polls_.push_back({version_block, slow_identification_period});
}

void ModbusBattery::forget() {
    image_ = {};
    serial_.clear();
    answered_.clear();
    refusals_.clear();
    soc_guard_ = {};
    first_power_.reset();
    settled_ = false;
}

void ModbusBattery::run(TimePoint now) {
    stage_ = Stage::running;
    polls_.clear();
    for (const Poll& poll : model_->polls) add(poll, now);
    if (model_->further_polls)
        for (const Poll& poll : model_->further_polls(image_)) add(poll, now);
    if (!is_named_) add({name_block, slow_identification_period}, now);
    problem_ = notice_.empty() ? trouble() : notice_;
}

// The first poll is the fastest of its model; it goes at the configured rate, and no other goes faster.
void ModbusBattery::add(Poll poll, TimePoint now) {
    if (refusals_.is_left_out(poll.block, now) && !is_power(poll.block)) return;
    if (setup_.poll) poll.period = is_power(poll.block) ? *setup_.poll : std::max(poll.period, *setup_.poll);
    polls_.push_back(poll);
}

void ModbusBattery::refused(Block block, int exception, TimePoint now) {
    if (!poll_of(block)) return;
    note_answer(block);
    if (refusals_.take(block, exception, now)) leave_out(block, now);
}

void ModbusBattery::unanswered(Block block, TimePoint now) {
    if (poll_of(block) && refusals_.take_silence(block, answers_, now)) leave_out(block, now);
}

void ModbusBattery::leave_out(Block block, TimePoint now) {
    image_.drop(block);
    refuses_name_ |= block == name_block;
    if (stage_ == Stage::name) take_name({}, now);
    else if (stage_ == Stage::version) take_version(0, now);
    else if (stage_ != Stage::open) run(now);
}

void ModbusBattery::reconnected() {
    if (!refuses_name_ || !model_) return begin();
    if (!serial_.empty())
        ask(Stage::serial, {{model_->serial, identification_period}}); // its name would cost the connection
}

void ModbusBattery::note_answer(Block block) {
    if (!is_answered(block)) answered_.push_back(block);
}

bool ModbusBattery::is_answered(Block block) const {
    return std::find(answered_.begin(), answered_.end(), block) != answered_.end();
}

bool ModbusBattery::is_complete() const {
    return stage_ == Stage::running &&
           std::all_of(polls_.begin(), polls_.end(), [&](const Poll& poll) { return is_answered(poll.block); });
}

Volts ModbusBattery::nominal_voltage() const {
    const Volts of_model = model_ != nullptr ? model_->nominal_voltage : Volts{51.2};
    return setup_.nominal_voltage.value_or(of_model);
}

Maybe<AmpereHours> ModbusBattery::assumed_capacity(const BatterySample& sample) const {
    const Volts nominal = nominal_voltage();
    if (setup_.capacity) return *setup_.capacity / nominal;
    const Maybe<int> packs = model_->further_polls ? sample.pack_count : 1;
    if (!packs) return std::nullopt;
    return model_->usual_capacity * *packs / nominal;
}

void ModbusBattery::complete(BatterySample& sample, TimePoint now) const {
    sample.taken_at = live_since();
    sample.soc = soc_guard_.judge(sample.soc, now);
    sample.device_model = std::string{model_->name};
    if (!serial_.empty()) sample.device_serial = serial_;
    sample.cells_per_battery = model_->cells;
    if (sample.installed_capacity && setup_.nominal_voltage)
        sample.installed_capacity = *sample.installed_capacity * (model_->nominal_voltage / *setup_.nominal_voltage);
    derive_charge(sample, {}, assumed_capacity(sample));
    derive_from_cells(sample, model_->cells);
}

bool ModbusBattery::is_settled(TimePoint now) const {
    return settled_ || (first_power_ && now - *first_power_ >= first_round);
}

Maybe<BatterySample> ModbusBattery::sample(TimePoint now) {
    image_.drop_older(now);
    if (!model_) return std::nullopt;
    BatterySample sample = decoded();
    if (!sample.power || !is_settled(now)) return std::nullopt;
    complete(sample, now);
    return sample;
}

} // namespace vbat
