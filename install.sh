#!/bin/sh
# install.sh [--boot]: makes this folder a service, or restarts it with the files that are here now. May be repeated.
# --boot is for rc.local: brings the service back after a reboot, changes nothing else, never restarts, never waits.
set -u
APP=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
# shellcheck source=service/common.sh
. "$APP/service/common.sh"

CONFIG=$APP/config.ini
SAMPLE=$APP/config.sample.ini

check_service_link() {
    [ -d "$SERVICES" ] || die "there is no folder $SERVICES for services; on Debian: apt-get install daemontools-run"
    [ -e "$SVC" ] || return 0
    [ "$(readlink "$SVC")" = "$RUN" ] || die "$SVC exists and is not ours: remove it, or rename $APP."
}

check_space() {
    free=$(df -Pk "$APP" 2>/dev/null | awk 'NR == 2 { for (i = 4; i <= NF; i++) if ($i ~ /^[0-9]+%$/) print $(i - 1) }')
    [ "${free:-9999}" -ge 3072 ] ||
        die "only $free kB are free where $APP is, 3072 kB are needed for configuration, state and log."
}

# instance_of CONFIG.INI: as the program reads it, but for %(references)s; of AC-coupled batteries it is 600 by default
instance_of() {
    awk '
        function of(section, key) {
            return (section, key) in value ? value[section, key] : value["DEFAULT", key]
        }
        function is_ac(section) {
            if (section == "MQTT") return of(section, "topic") != "" && of(section, "coupling") == "ac"
            if (section !~ /^battery([ \t]|$)/) return 0
            return of(section, "type") == "marstek-modbus" || of(section, "coupling") == "ac"
        }
        NR == 1 { sub(/^\357\273\277/, "") }
        { depth = match($0, /[^ \t]/); gsub(/^[ \t]+|[ \t\r]+$/, "") }
        /^([#;]|$)/ { next }
        key != "" && depth > key_depth { next } # it continues the value above
        { key_depth = depth }
        /^\[.+\]/ { key = ""; section = $0; gsub(/^\[|\][^]]*$/, "", section); sections[section]; next }
        {
            key = word = tolower($0)
            sub(/[ \t]*[=:].*/, "", key)
            sub(/^[^=:]*[=:][ \t]*/, "", word)
            value[section, key] = word
        }
        END {
            for (name in sections) if (is_ac(name)) ac = 1
            found = value["DEFAULT", "device_instance"]
            print found != "" ? found + 0 : ac ? 600 : 100
        }' "$1"
}

# refuse_if_same_instance SERVICE INSTANCE
refuse_if_same_instance() {
    [ -n "$(pid_of "$1")" ] || return 0
    real=$(readlink -f "$1")
    # Ours are in RAM and name their folder; those of dbus-mqtt-battery are a part of it.
    folder=$(sed -n "s/^APP='\(.*\)'$/\1/p" "$real/run")
    [ -n "$folder" ] || folder=$(dirname "$real")
    if [ ! -f "$folder/config.ini" ] || [ "$(instance_of "$folder/config.ini")" != "$2" ]; then return 0; fi
    if [ -f "$folder/uninstall.sh" ]; then
        stop_it="bash '$folder/uninstall.sh'"
    else
        stop_it="rm '$1'; svc -dx '$real' '$real/log' (and delete its line in ${DATA:-/data}/rc.local)"
    fi
    die "$(basename "$1") is running with the same device_instance $2. Stop it with: $stop_it" \
        "- or set another device_instance in config.ini (a copy of config.sample.ini) in $APP"
}

# Venus OS mixes up two batteries with one number. A second instance of ours is as wrong as a dbus-mqtt-battery.
check_instance() {
    ini=$CONFIG
    [ -f "$ini" ] || ini=$SAMPLE
    instance=$(instance_of "$ini")
    for other in "$SERVICES"/dbus-mqtt-battery* "$SERVICES"/dbus-virtual-battery*; do
        [ "$other" = "$SVC" ] || refuse_if_same_instance "$other" "$instance"
    done
}

create_config() {
    if [ ! -f "$CONFIG" ]; then
        # 077 and mv: passwords are never readable by others, and a power cut leaves no half a file.
        (umask 077 && cp "$SAMPLE" "$CONFIG.new") || die "cannot write $CONFIG.new"
        mv "$CONFIG.new" "$CONFIG" || die "cannot write $CONFIG"
        say "created $CONFIG from the sample."
    fi
    chmod 600 "$CONFIG"
    (umask 077 && mkdir -p "$APP/state") || die "cannot create $APP/state"
}

# One line in rc.local brings the service back after a reboot and after a firmware update.
add_hook() {
    rc=$DATA/rc.local
    if [ ! -e "$rc" ] && [ -e "$rc.disabled" ]; then
        # A new rc.local here would make Venus OS forget the other modifications in the disabled one.
        rc=$rc.disabled
        say "modifications are switched off in Venus OS: the service starts now, after a reboot only when they are on."
    fi
    [ -e "$rc" ] || echo '#!/bin/sh' > "$rc" || die "cannot write $rc"
    if [ "$(grep -cF -e "$HOOK_END" "$rc")" != 1 ] || ! grep -qxF -e "$HOOK" "$rc"; then
        cp -p "$rc" "$rc.new" || die "cannot write $rc.new" # keeps owner and mode
        lines_of_others "$rc" | before_final_exit "$HOOK" > "$rc.new" || die "cannot write $rc.new"
        mv "$rc.new" "$rc" || die "cannot write $rc"
    fi
    [ -x "$rc" ] || chmod 755 "$rc"
}

# Only an exit that is the last command counts: an earlier one may stand inside an if.
before_final_exit() {
    awk -v hook="$1" '
        { line[NR] = $0 }
        !/^[ \t\r]*(#|$)/ { last = NR }
        END {
            if (line[last] !~ /^exit([ \t\r;]|$)/) last = NR + 1
            for (i = 1; i < last; i++) print line[i]
            print hook
            for (; i <= NR; i++) print line[i]
        }'
}

# In RAM, as Victron's own services of this kind: supervise writes there all the time.
render_service() {
    mkdir -p "$RUN/log" || die "cannot create $RUN"
    for file in log/run run; do
        sed -e "s|@NAME@|$NAME|g" -e "s|@APP@|$APP|g" -e "s|@LOG@|$LOG|g" -e "s|@BUNDLE@|$BUNDLE|g" \
            -e "s|@LOADER@|$LOADER|g" "$APP/service/$file" > "$RUN/$file.new" || die "cannot write $RUN/$file.new"
        chmod 755 "$RUN/$file.new"
        mv "$RUN/$file.new" "$RUN/$file" || die "cannot write $RUN/$file"
    done
}

# A fresh config.ini has one mistake at least, the broker's address: the user reads here what to write where.
explain_config() {
    mistakes=$(program check --config "$CONFIG" 2>&1)
    [ $? = 2 ] || return 0
    echo "$mistakes"
    say "correct $CONFIG, then run $APP/restart.sh"
}

case $* in
    '') boot= ;;
    --boot) boot=yes ;;
    *) die "usage: install.sh [--boot]" ;;
esac

check_start
[ -f "$CONFIG" ] || [ -f "$SAMPLE" ] || die "$SAMPLE is missing: unpack the package again."
check_service_link
choose_program || die "the program does not run on this machine ($(uname -m)), nothing has been changed: $why"
if [ -z "$boot" ]; then
    check_space
    check_instance
    chmod 755 "$APP"/*.sh
    create_config
    [ -z "$DATA" ] || add_hook
fi

render_service
ln -sfn "$RUN" "$SVC" || die "cannot create $SVC"

old=
if svok "$SVC"; then
    if [ -z "$boot" ]; then
        old=$(pid_of "$SVC")
        svc -tu "$SVC" "$SVC/log"
    fi
elif command -v svrescan >/dev/null; then
    # Only Venus OS has it; without it svscan looks every 5 s. At boot svscan may not run yet.
    svrescan 2>/dev/null
fi
[ -z "$boot" ] || exit 0

sync
[ -n "${NO_WAIT:-}" ] || wait_for_start "$old"
explain_config
