#!/bin/sh
# Fails when a source file is not as .clang-format says; names each.
set -eu
cd "$(dirname "$0")/.."
git ls-files --cached --others --exclude-standard 'src/*.[ch]pp' 'tests/*.[ch]pp' 'tools/*.[ch]pp' |
    xargs clang-format-14 --dry-run -Werror 2>&1 | sed -n 's/: error:.*/: not formatted/p' | sort -u >build/format.txt
[ ! -s build/format.txt ] || { cat build/format.txt; exit 1; }
