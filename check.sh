#!/bin/sh
# check.sh: says all that is wrong with config.ini, and changes nothing.
set -u
APP=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
# shellcheck source=service/common.sh
. "$APP/service/common.sh"

[ $# = 0 ] || die "usage: check.sh"
choose_program || die "the program does not run on this machine ($(uname -m)): $why"
program check --config "$APP/config.ini"
