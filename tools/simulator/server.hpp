#pragma once

#include "tools/simulator/options.hpp"

namespace vbat::sim {

// Serves the simulation on sockets until SIGTERM or SIGINT. Throws std::system_error or std::invalid_argument at start.
class Server {
public:
    explicit Server(const Options& options);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    std::string ready_line() const; // JSON: the ports
    void run();

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace vbat::sim
