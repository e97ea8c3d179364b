#!/bin/bash
# test.sh          installs what is missing, builds with warnings as errors and sanitizers, runs the unit and system tests
# test.sh --all    also: thread sanitizer, static analysis, fuzz corpora, the 32-bit ARM build under qemu
# Ends with the line "N passed, N failed" (", N skipped" may follow) and a matching exit code.
set -u
cd "$(dirname "$0")" || exit 1
all=no
[ "${1:-}" = --all ] && all=yes

python=/usr/bin/python3 # Debian's: the packages for the tests are there
passed=0 failed=0 skipped=0
failures=

count() { # NAME PASSED FAILED SKIPPED
    passed=$((passed + $2)) failed=$((failed + $3)) skipped=$((skipped + $4))
    echo "--- $1: $2 passed, $3 failed, $4 skipped"
    [ "$3" = 0 ] || failures="$failures $1"
}

step() { # NAME COMMAND...   one check, passed or failed
    local name=$1
    shift
    if "$@"; then count "$name" 1 0 0; else count "$name" 0 1 0; fi
}

unit() { # NAME COMMAND...   a doctest program; a crash before its summary counts as one failure
    local name=$1 out
    shift
    out=$("$@" --no-colors=true 2>&1)
    local cases
    cases=$(sed -n 's/.*test cases: *[0-9]* *| *\([0-9]*\) passed *| *\([0-9]*\) failed *| *\([0-9]*\) skipped.*/\1 \2 \3/p' <<<"$out")
    [[ $cases == *" 0 "* ]] || printf '%s\n' "$out"
    # shellcheck disable=SC2086 # three words
    count "$name" ${cases:-0 1 0}
}

pytest() { # NAME BUILD_DIR ARGUMENTS...   these tests wait more than they compute: four at a time
    local name=$1 dir=$2 xml=$PWD/build/$1.xml
    shift 2
    rm -f "$xml"
    # shellcheck disable=SC2086 # words are wanted
    VBAT_BUILD_DIR=$PWD/$dir ${pytest_prefix:-} $python -m pytest -q -p no:cacheprovider -n 4 --junitxml="$xml" "$@"
    # shellcheck disable=SC2046 # three words
    count "$name" $($python - "$xml" <<'EOF'
import sys, xml.etree.ElementTree as tree
try:
    suite = tree.parse(sys.argv[1]).getroot().find("testsuite")
    bad, skip = int(suite.get("failures")) + int(suite.get("errors")), int(suite.get("skipped"))
    print(int(suite.get("tests")) - bad - skip, bad, skip)
except (OSError, tree.ParseError, AttributeError):
    print(0, 1, 0)  # pytest ended before it could write its result
EOF
    )
}

build() { # PRESET TARGETS...
    local preset=$1
    shift
    cmake --preset "$preset" >build/"$preset".log 2>&1 && cmake --build --preset "$preset" ${1:+--target "$@"} >>build/"$preset".log 2>&1 && return
    tail -n 60 build/"$preset".log
    return 1
}

finish() {
    [ -z "$failures" ] || echo "failed:$failures"
    if [ "$skipped" -gt 0 ]; then echo "$passed passed, $failed failed, $skipped skipped"; else echo "$passed passed, $failed failed"; fi
    [ "$failed" = 0 ] && [ "$passed" -gt 0 ]
    exit
}

tools/install-packages.sh build demo test || { count packages 0 1 0; finish; }
mkdir -p build
build dev || { count build 0 1 0; finish; }
step format tests/check_format.sh
step layers $python tests/check_layers.py .
unit unit build/dev/unit_tests
pytest system build/dev tests/system
[ $all = yes ] || finish

if build dev soak_tests; then unit soak build/dev/soak_tests; else count soak-build 0 1 0; fi # a week of virtual time
tools/install-packages.sh all || { count packages-all 0 1 0; finish; }
if build tsan; then
    # Address space randomisation can put libraries where this sanitizer keeps its shadow.
    unit tsan-unit setarch -R build/tsan/unit_tests
    pytest_prefix="setarch -R" pytest tsan-system build/tsan tests/system/test_mqtt_source.py tests/system/test_lifecycle.py tests/system/test_settings.py \
        tests/system/test_marstek_modbus.py tests/system/test_marstek_tools.py
else
    count tsan-build 0 1 0
fi
step clang-tidy tests/check_tidy.sh
if build fuzz; then step fuzz tests/fuzz/run.sh 30; else count fuzz-build 0 1 0; fi
if packaging/make-sysroot.sh armhf >build/sysroot.log 2>&1 && build armhf; then
    unit armhf-unit qemu-arm-static -L build/sysroot-armhf build/armhf/unit_tests
    step armhf-daemon tests/check_armhf_daemon.sh build/armhf build/sysroot-armhf
    step armhf-bundle packaging/make-bundle.sh armhf
else
    tail -n 20 build/sysroot.log
    count armhf-build 0 1 0
fi
finish
