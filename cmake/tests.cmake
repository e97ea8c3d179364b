find_package(doctest REQUIRED)
enable_testing()

# tests/unit mirrors src; CONFIGURE_DEPENDS: a new test file cannot be forgotten.
file(GLOB_RECURSE unit_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/unit/*.cpp)
add_executable(unit_tests ${unit_sources})
target_include_directories(unit_tests PRIVATE ${CMAKE_SOURCE_DIR})
target_compile_definitions(unit_tests PRIVATE VBAT_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
target_link_libraries(unit_tests PRIVATE ${VBAT_LAYERS} house doctest::doctest)
add_test(NAME unit COMMAND unit_tests)

# Days of virtual time: too long for every build, see test.sh --all.
file(GLOB soak_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/soak/*.cpp)
add_executable(soak_tests EXCLUDE_FROM_ALL ${soak_sources})
target_link_libraries(soak_tests PRIVATE ${VBAT_LAYERS} house doctest::doctest)

add_executable(ini_dump tests/support/ini_dump.cpp) # what our INI reader understands, for the comparison with Python's
target_link_libraries(ini_dump PRIVATE core device runtime config)

find_package(Python3 REQUIRED COMPONENTS Interpreter)
add_test(NAME layers COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/tests/check_layers.py ${CMAKE_SOURCE_DIR})
