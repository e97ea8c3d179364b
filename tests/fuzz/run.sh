#!/bin/sh
# run.sh SECONDS   each fuzz target on its committed corpus and SECONDS of new inputs; a finding is kept in build/fuzz.
set -u
cd "$(dirname "$0")/../.." || exit 1
seconds=$1 result=0
for program in build/fuzz/fuzz_*; do
    if [ ! -f "$program" ] || [ ! -x "$program" ]; then continue; fi
    name=${program##*/fuzz_} work=build/fuzz/work-${program##*/fuzz_}
    mkdir -p "$work"
    dict=tests/fuzz/$name.dict
    if "$program" -max_total_time="$seconds" -timeout=10 -max_len=4096 ${dict:+$( [ -f "$dict" ] && echo "-dict=$dict" )} \
        -artifact_prefix="build/fuzz/$name-" "$work" "tests/fuzz/corpus/$name" >"build/fuzz/$name.log" 2>&1; then
        echo "$name: $(grep -c . "build/fuzz/$name.log") lines of log, no finding"
    else
        tail -n 30 "build/fuzz/$name.log"
        result=1
    fi
done
exit $result
