#!/bin/sh
# restart.sh: restarts the service and waits until it runs with a new pid, for example after a change of config.ini.
set -u
APP=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
# shellcheck source=service/common.sh
. "$APP/service/common.sh"

[ $# = 0 ] || die "usage: restart.sh"
check_start
svok "$SVC" || die "$NAME is not installed as a service: run $APP/install.sh"

old=$(pid_of "$SVC")
svc -tu "$SVC" # -u: start it also when it has been stopped with svc -d
wait_for_start "$old"
