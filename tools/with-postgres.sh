#!/bin/sh
# Runs a command with a PostgreSQL server of its own:
#
#	tools/with-postgres.sh go test ./cloud/...
#
# The server listens on a socket in a new temporary folder only, so any number may run at once; PGDSN tells the command
# where. When the command ends, server and data are gone. If PGDSN is set already, the command gets that one.
set -eu

[ -z "${PGDSN:-}" ] || exec "$@"

bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
[ -n "$bin" ] || bin=$(dirname "$(command -v initdb)")

# PostgreSQL refuses to run as root.
as=
if [ "$(id -u)" = 0 ]; then
	as='runuser -u postgres --'
fi
dir=$(mktemp -d /tmp/chekan-postgres.XXXXXX)
[ -z "$as" ] || chown postgres "$dir"

stop() {
	trap - EXIT
	(cd / && $as "$bin/pg_ctl" -D "$dir/data" -m immediate -s stop) >/dev/null 2>&1 || true
	rm -rf "$dir"
}
trap stop EXIT
trap 'stop; exit 130' INT
trap 'stop; exit 143' TERM

# Durability is off: the data lives as long as the command. (cd: the server's user may not enter this folder.)
(
	cd /
	$as "$bin/initdb" -D "$dir/data" -U chekan -A trust -E UTF8 --locale=C.UTF-8 -N
	$as "$bin/pg_ctl" -D "$dir/data" -w -t 300 -s -l "$dir/log" \
		-o "-c listen_addresses='' -c unix_socket_directories='$dir' -c fsync=off -c full_page_writes=off -c synchronous_commit=off -c max_connections=200" start
) >"$dir.start" 2>&1 || {
	cat "$dir.start" "$dir/log" >&2
	rm -f "$dir.start"
	exit 1
}
rm -f "$dir.start"

PGDSN="postgres://chekan@/postgres?host=$dir&sslmode=disable"
export PGDSN
status=0
"$@" || status=$?
exit $status
