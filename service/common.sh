# shellcheck shell=sh
# shellcheck disable=SC2034 # some variables are used only there
# Read by install.sh, uninstall.sh and restart.sh, which set APP, the folder they stand in, before.

# [A-Z] means ASCII, whatever language the user has set.
LC_ALL=C
export LC_ALL

# The folder's name is the service's name, so a copied folder is a second instance.
NAME=$(basename "$APP")

# Venus OS: /service and /run are RAM and empty after a reboot; only /data stays, and rc.local in it is run at boot.
# Elsewhere these folders survive a reboot and nothing has to be brought back.
if [ -n "${DATA_DIR:-}" ] || [ -d /opt/victronenergy ]; then
    DATA=${DATA_DIR:-/data}
    SERVICES=${SERVICE_DIR:-/service}
    RUN=${RUN_SERVICE_DIR:-/run/service}/$NAME
else
    DATA=
    SERVICES=${SERVICE_DIR:-/etc/service}
    RUN=${RUN_SERVICE_DIR:-/var/lib/dbus-virtual-battery}/$NAME
fi
SVC=$SERVICES/$NAME
LOG=${LOG_DIR:-/var/log}/$NAME

# The end of our line in rc.local tells it from every other line, even when the folder has been moved since.
HOOK_END="/install.sh' --boot # $NAME"
HOOK="sh '$APP$HOOK_END"

# A daemon whose batteries do not answer needs up to 12 s to stop them.
WAIT_SECONDS=${WAIT_SECONDS:-20}

# BusyBox may be built without fractions of a second.
if sleep 0.1 2>/dev/null; then
    NAP=0.2 NAPS_PER_SECOND=5
else
    NAP=1 NAPS_PER_SECOND=1
fi

say() { echo "$NAME: $*"; }

die() {
    echo "ERROR: $*" >&2
    exit 1
}

check_start() {
    [ "$(id -u)" = 0 ] || die "this script must be run as root."
    case $NAME in
        [!A-Za-z0-9]* | *[!A-Za-z0-9_.-]*)
            die "the folder $APP gives the service its name: rename it so that its name has only letters, digits and _ . -" ;;
    esac
    # These go unquoted into sed and between quotes into other scripts.
    case $APP in
        *[!A-Za-z0-9_./\ +,=@%~:-]*)
            die "the path $APP has a character that scripts misread: move the folder, for example to /data/apps/$NAME." ;;
    esac
    for tool in svc svok svstat softlimit multilog; do
        command -v $tool >/dev/null ||
            die "$tool is missing, a part of daemontools; Venus OS has it, on Debian install it with: apt-get install daemontools-run"
    done
}

# wait_until SECONDS COMMAND...
wait_until() {
    naps=$(($1 * NAPS_PER_SECOND))
    shift
    until "$@"; do
        [ "$naps" -gt 0 ] || return 1
        naps=$((naps - 1))
        sleep $NAP
    done
}

pid_of() { svstat "$1" 2>/dev/null | sed -n 's/.*: up (pid \([0-9]*\)).*/\1/p'; }

# runs_anew OLD_PID: up under another pid, and for 1.5 s the same one: supervise starts a program that ends at once every
# second, and calls it "up" all the time.
runs_anew() {
    pid=$(pid_of "$SVC")
    if [ "$pid" != "$last_pid" ]; then
        last_pid=$pid
        seen=0
    fi
    seen=$((seen + 1))
    [ -n "$pid" ] && [ "$pid" != "$1" ] && [ $seen -ge $((3 * NAPS_PER_SECOND / 2 + 2)) ]
}

# wait_for_start OLD_PID: waits until the service runs; if it does not, says what is known about it and ends the script.
wait_for_start() {
    last_pid=''
    seen=0
    if wait_until "$WAIT_SECONDS" runs_anew "$1"; then
        say "runs with pid $pid; see its log with: tail -F $LOG/current | tai64nlocal"
        return
    fi
    svok "$SVC" ||
        die "nothing starts the services in $SERVICES: is svscan running? On Debian: apt-get install daemontools-run"
    svstat "$SVC" >&2
    tail -n 5 "$LOG/current" 2>/dev/null | tai64nlocal >&2
    [ -z "$1" ] || [ "$(pid_of "$SVC")" != "$1" ] ||
        die "the service has not ended within $WAIT_SECONDS s; its log is $LOG/current"
    die "the service does not keep running; its log is $LOG/current"
}

# lines_of_others FILE: all but our own line
lines_of_others() {
    awk -v end="$HOOK_END" 'substr($0, length($0) - length(end) + 1) != end' "$1"
}

# program ARGUMENTS...: starts the daemon as service/run does.
# softlimit, because a shell would read a program for another architecture as if it were a script.
program() {
    if [ -z "$BUNDLE" ]; then
        softlimit "$APP/bin/dbus-virtual-battery" "$@"
    else
        softlimit "$APP/$BUNDLE/lib/$LOADER" --inhibit-cache --library-path "$APP/$BUNDLE/lib" \
            "$APP/$BUNDLE/bin/dbus-virtual-battery" "$@"
    fi
}

# use BUNDLE LOADER: does this one run here? Remembers in BUNDLE and LOADER, and in `why` if not.
use() {
    BUNDLE=$1 LOADER=$2
    folder=$APP${BUNDLE:+/$BUNDLE}
    [ -f "$folder/bin/dbus-virtual-battery" ] || return 1
    # Archives unpacked from a zip or a USB stick have lost their x bits.
    chmod 755 "$folder"/bin/* ${LOADER:+"$folder/lib/$LOADER"}
    if [ -n "$LOADER" ]; then
        why=$(softlimit "$folder/lib/$LOADER" --verify "$folder/bin/dbus-virtual-battery" 2>&1) || return 1
    fi
    why=$(program version 2>&1)
}

# The own architecture first, then what a 64-bit kernel may run too, then a program for this machine's own libraries.
choose_program() {
    why="there is no program for it in $APP"
    case $(uname -m) in
        aarch64) use aarch64 ld-linux-aarch64.so.1 || use armhf ld-linux-armhf.so.3 || use '' '' ;;
        armv7* | armv8l) use armhf ld-linux-armhf.so.3 || use '' '' ;;
        *) use '' '' ;;
    esac
}
