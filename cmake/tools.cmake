# Programs for demonstrations, tests and measurements; nothing of them is installed.

add_library(house OBJECT
  tools/simulator/battery.cpp tools/simulator/control.cpp tools/simulator/curves.cpp tools/simulator/faults.cpp
  tools/simulator/firmware.cpp tools/simulator/frames.cpp tools/simulator/house.cpp tools/simulator/inverter.cpp
  tools/simulator/line.cpp tools/simulator/model.cpp tools/simulator/options.cpp tools/simulator/packs.cpp
  tools/simulator/pdu.cpp tools/simulator/plant.cpp tools/simulator/profiles.cpp tools/simulator/registers.cpp
  tools/simulator/registers_packs.cpp tools/simulator/registers_shared.cpp tools/simulator/registers_v12.cpp tools/simulator/registers_v3.cpp
  tools/simulator/simulation.cpp tools/simulator/source.cpp tools/simulator/virtual_wire.cpp)
target_include_directories(house PUBLIC ${CMAKE_SOURCE_DIR})
target_link_libraries(house PUBLIC vbat_options nlohmann_json::nlohmann_json CLI11::CLI11)

add_executable(simulator tools/simulator/main.cpp tools/simulator/server.cpp tools/simulator/sockets.cpp)
target_link_libraries(simulator PRIVATE house)
