#pragma once

#include "tools/simulator/model.hpp"

#include <array>
#include <cstdint>

namespace vbat::sim {

struct ScheduleSlot {
    std::uint16_t days{};  // Monday 1 ... Sunday 64
    std::uint16_t start{}; // hour * 100 + minute
    std::uint16_t end{};
    std::int16_t power{}; // W, + discharges here
    std::uint16_t enabled{};
};

// Keeps through a restart.
struct Settings {
    std::uint16_t unit{1};
    std::uint16_t work_mode{}; // 0 manual, 1 anti-feed, 2 AI
    std::uint16_t backup_off{1};
    std::uint16_t charge_cutoff{1000}; // 0.1 %
    std::uint16_t discharge_cutoff{};  // 0.1 %
    std::uint16_t max_charge{};        // W; 0 on V3: never written
    std::uint16_t max_discharge{};
    bool max_charge_written{};
    bool max_discharge_written{};
    std::uint16_t restricted{}; // to 800 W of discharge
    std::array<ScheduleSlot, 6> slots{};
};

// Lost by a restart.
struct Orders {
    bool control{};
    std::uint16_t force{}; // 0 stop, 1 charge, 2 discharge, 3 to a SoC
    std::uint16_t to_soc{};
    std::uint16_t charge{}; // W
    std::uint16_t discharge{};
};

// What the device itself knows of its surroundings.
struct Senses {
    double soc{};
    Watts meter{};    // of its CT; + imports
    bool ct{};        // it has one
    double seconds{}; // since Monday 00:00
};

// What it wants to do: by order, or by its own work mode.
class Firmware {
public:
    explicit Firmware(const DeviceModel& model);

    Watts set_point(const Senses& senses, double passed); // + charges

    void take_control() { orders_.control = !stuck_; }
    void lose_control() { orders_.control = false; }
    void reboot();
    void stick(bool stuck) { stuck_ = stuck; } // acknowledges control and does not give it
    void write_work_mode(std::uint16_t mode);
    void write_max_charge(std::uint16_t watts);
    void write_max_discharge(std::uint16_t watts);

    bool controlled() const { return orders_.control; }
    std::uint16_t work_mode_read() const;
    Settings& settings() { return settings_; }
    const Settings& settings() const { return settings_; }
    Orders& orders() { return orders_; }
    const Orders& orders() const { return orders_; }
    Watts most_charge() const;
    Watts most_discharge() const;

private:
    Watts by_order(const Senses& senses);
    Watts obeyed(Watts wanted);
    Watts by_schedule(const Senses& senses, double passed);
    Watts by_meter(const Senses& senses, double passed);

    const DeviceModel& model_;
    Settings settings_{};
    Orders orders_{};
    bool stuck_{};
    Watts obeyed_{};
    Watts own_target_{};
    double since_look_{};
};

} // namespace vbat::sim
