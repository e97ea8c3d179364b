// The blocks of 100 addresses that tell of a pack.
#include "tools/simulator/registers.hpp"

#include <algorithm>

namespace vbat::sim {
namespace {

using B = const Battery&;

// Packs: a row for each offset; the argument is pack * 100 + offset. A pack that is not there reads zeros.
const Pack* pack_at(B battery, int argument) {
    const auto pack = static_cast<std::size_t>(argument / 100);
    return pack < battery.seen().packs.size() ? &battery.seen().packs[pack] : nullptr;
}

double cell_volts(B battery, const Pack& pack, int cell) {
    return pack.voltage.value / battery.model().cells + 0.0005 * ((cell % 3) - 1);
}

double pack_number(B battery, int argument) {
    const Pack* pack = pack_at(battery, argument);
    if (pack == nullptr) return 0;
    const bool active = static_cast<std::size_t>(argument / 100) == battery.seen().active;
    switch (argument % 100) {
    case 3:
        return pack->cycles;
    case 4:
        return active ? 3 : 0;
    case 10:
        return 116;
    default:
        return 0;
    }
}
double pack_celsius(B battery, int argument) {
    return pack_at(battery, argument) == nullptr ? 0 : battery.seen().cell_celsius + 0.1 * ((argument % 100) % 4);
}
double pack_volts(B battery, int argument) {
    const Pack* pack = pack_at(battery, argument);
    return pack == nullptr ? 0 : pack->voltage.value;
}
double pack_amps(B battery, int argument) {
    const Pack* pack = pack_at(battery, argument);
    return pack == nullptr ? 0 : pack->current.value;
}
double pack_soc(B battery, int argument) {
    const Pack* pack = pack_at(battery, argument);
    return pack == nullptr ? 0 : std::clamp(pack->soc, 0.0, 100.0);
}
double pack_cell(B battery, int argument) { // offsets 5 and 6: the highest and the lowest
    const Pack* pack = pack_at(battery, argument);
    if (pack == nullptr) return 0;
    const int offset = argument % 100;
    if (offset < 18) return cell_volts(battery, *pack, offset == 5 ? 2 : 0);
    return offset - 18 < battery.model().cells ? cell_volts(battery, *pack, offset - 18) : 0;
}

RegisterRow pack_row(int pack, int offset) {
    RegisterRow row{.address = static_cast<std::uint16_t>(34000 + 100 * pack + offset), .value = pack_number};
    row.argument = pack * 100 + offset;
    const auto is = [&row](double scale, Kind kind, double (*value)(B, int)) {
        row.scale = scale;
        row.kind = kind;
        row.value = value;
    };
    if (offset == 0) is(.01, Kind::voltage, pack_volts);
    if (offset == 1) is(.1, Kind::plain, pack_amps);
    if (offset == 2) is(.1, Kind::soc, pack_soc);
    if (offset == 5 || offset == 6 || offset >= 18) is(.001, Kind::voltage, pack_cell);
    if (offset >= 11 && offset <= 16) is(.1, Kind::temperature, pack_celsius);
    return row;
}

} // namespace

std::vector<RegisterRow> pack_rows(const DeviceModel& model) {
    std::vector<RegisterRow> all;
    for (int pack = 0; pack < model.most_packs; ++pack)
        for (int offset = 0; offset < 18 + model.cells; ++offset) all.push_back(pack_row(pack, offset));
    return all;
}

} // namespace vbat::sim
