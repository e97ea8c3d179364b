#pragma once

#include "publish/item_tree.hpp"
#include "runtime/event_loop.hpp"

#include <memory>
#include <stdexcept>

namespace vbat {

class NameTaken : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// Shows an ItemTree as a service of its own on a connection of its own. Knows Victron's BusItem protocol
// (docs/protocols/venus-dbus.md), not what the values mean. Used from the loop's thread only.
class DbusService {
public:
    DbusService(EventLoop& loop, ItemTree& tree, std::string name);
    ~DbusService();

    // Shows what changed in the tree: objects for new paths, and one ItemsChanged while the name is owned.
    void flush();

    // The service's name comes and goes with its batteries; this holds its place for the life of the process. Throws
    // NameTaken when another process does.
    void reserve();

    void own_name();     // throws NameTaken. flush() first: who sees the name asks for everything
    void release_name(); // throws std::runtime_error, and the name is still owned: try again
    bool owns_name() const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace vbat
