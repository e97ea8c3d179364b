#pragma once

#include "device/catalogue.hpp"
#include "link/modbus_session.hpp"

#include <stdexcept>
#include <string>
#include <vector>

// What a user does with batteries on a Modbus connection by hand (docs/protocols/marstek-modbus.md, Unit id). They run
// in the queue of the connection, be it the daemon's or one of their own.
namespace vbat {

struct FoundUnit {
    int unit{};
    Maybe<int> own_id{};       // as register 41100 says
    std::string device_name{}; // as register 31000 says; empty: it does not
    std::string serial{};      // its MAC address; empty: unknown
    const ModbusModel* model{};
};

// Who answers to the ids `first` to `last`. Throws ModbusError when there is no connection.
std::vector<FoundUnit> scan_units(ModbusPort& port, int first, int last);
std::string to_text(const std::vector<FoundUnit>& found, const std::string& address);

// Why a change of the unit id was not begun, or what became of it; a sentence.
class ToolRefusal : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// Gives the one battery that answers on `from` the id `to`. Returns what was done. Throws ToolRefusal, or ModbusError
// when there is no connection. The caller has asked the user.
std::string change_unit_id(ModbusPort& port, int from, int to);

} // namespace vbat
