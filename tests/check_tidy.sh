#!/bin/sh
# clang-tidy over all sources of the program, with the compile commands of the dev build. Prints the findings.
set -eu
cd "$(dirname "$0")/.."
git ls-files --cached --others --exclude-standard 'src/*.cpp' |
    xargs -P "$(nproc)" -n 4 clang-tidy-16 -p build/dev --quiet --extra-arg=-Wno-unknown-warning-option >build/tidy.txt 2>build/tidy.err || true
grep -E 'error:|warning:' build/tidy.txt build/tidy.err | sort -u | tee build/tidy-findings.txt
[ ! -s build/tidy-findings.txt ]
