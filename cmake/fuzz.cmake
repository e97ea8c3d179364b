# libFuzzer targets: everything that reads bytes from outside. Run by tests/fuzz/run.sh.
function(fuzz_target name)
  add_executable(fuzz_${name} tests/fuzz/fuzz_${name}.cpp)
  target_link_libraries(fuzz_${name} PRIVATE core runtime device config)
  target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer,address,undefined)
endfunction()

fuzz_target(battery_json)
fuzz_target(config)
fuzz_target(marstek)
fuzz_target(modbus_wire)
target_link_libraries(fuzz_modbus_wire PRIVATE link)
