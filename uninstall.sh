#!/bin/sh
# uninstall.sh [--purge]: stops and removes the service. May be repeated. config.ini, state and log stay;
# --purge deletes them and this folder.
set -u
APP=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
# shellcheck source=service/common.sh
. "$APP/service/common.sh"

remove_hook() {
    grep -qF -e "$HOOK_END" "$1" || return 0
    cp -p "$1" "$1.new" || die "cannot write $1.new" # keeps owner and mode
    lines_of_others "$1" > "$1.new" || die "cannot write $1.new"
    # Venus OS calls the system modified as long as the file exists.
    if grep -qv -e '^#!' -e '^[[:space:]]*$' "$1.new"; then
        mv "$1.new" "$1"
    else
        rm -f "$1" "$1.new"
    fi
}

gone() { ! svok "$1" 2>/dev/null; }

# stop FOLDER: ends the program and its supervise
stop() {
    gone "$1" && return
    svc -dx "$1"
    wait_until "$WAIT_SECONDS" gone "$1" ||
        die "$NAME has not ended within $WAIT_SECONDS s: run uninstall.sh again, or end it by force with: svc -k $1"
}

case $* in
    '') purge= ;;
    --purge) purge=yes ;;
    *) die "usage: uninstall.sh [--purge]" ;;
esac
check_start
if [ -n "$purge" ] && [ -e "$APP/.git" ]; then
    die "$APP is a source folder: --purge would delete it; nothing has been changed."
fi

for rc in "$DATA/rc.local" "$DATA/rc.local.disabled"; do
    if [ -n "$DATA" ] && [ -f "$rc" ]; then remove_hook "$rc"; fi
done

# The link first: svscan starts again what it still finds.
if [ "$(readlink "$SVC")" = "$RUN" ]; then
    rm -f "$SVC"
elif [ -e "$SVC" ]; then
    say "$SVC is not ours and stays."
fi
if [ -d "$RUN" ]; then
    stop "$RUN"
    # The log ends last, so that it holds the program's last words.
    stop "$RUN/log"
    rm -rf "$RUN"
    [ -n "$DATA" ] || rmdir "$(dirname "$RUN")" 2>/dev/null
fi

if [ -n "$purge" ]; then
    # Only what is ours: the files may have been unpacked one level too high, beside those of others.
    for ours in armhf aarch64 bin lib licences service state LICENSE README.md CHANGELOG.md config.sample.ini config.ini \
        install.sh restart.sh check.sh uninstall.sh; do
        rm -rf "${APP:?}/$ours"
    done
    rm -rf "$LOG"
    if rmdir "$APP" 2>/dev/null; then
        say "uninstalled; its folder and log are deleted."
    else
        say "uninstalled; its files and log are deleted, $APP has other files and stays."
    fi
else
    say "uninstalled; $APP and $LOG are kept."
fi
sync
