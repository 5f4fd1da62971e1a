# shellcheck shell=bash
# A PostgreSQL of the tests' own: made in a temporary folder, gone when ./test ends, however it ends. Sourced by ./test.
# Its log is target/test-logs/postgres.log. It runs without fsync: the durability tests kill Aurix, not PostgreSQL and not the
# machine, so what PostgreSQL has accepted is there whether or not it reached the disk.

POSTGRES_VERSION_MIN=15
POSTGRES_DIR=
POSTGRES_PID=
POSTGRES_CONNECTIONS_MAX=300
POSTGRES_PORT_TRIES_MAX=5
POSTGRES_READY_TRIES_MAX=300 # a tenth of a second each

# Prints the folder of the newest PostgreSQL programs, if they are new enough.
postgres_bin_dir() {
    local dir newest version
    newest=$(find /usr/lib/postgresql/*/bin/initdb 2>/dev/null | sort -V | tail -n 1)
    dir=$(dirname "${newest:-$(command -v initdb || echo /nowhere/initdb)}")
    version=$("$dir/postgres" --version 2>/dev/null | sed 's/[^0-9]*\([0-9]*\).*/\1/')
    [ "${version:-0}" -ge "$POSTGRES_VERSION_MIN" ] && echo "$dir"
}

# Starts the server and exports AURIX_TEST_POSTGRES, unless the caller has set it to a server of theirs.
# Call it in the main shell: the server dies with the shell that started it.
start_postgres() {
    [ -n "${AURIX_TEST_POSTGRES:-}" ] && return
    local bin as_user=() port try
    bin=$(postgres_bin_dir) || { echo "no PostgreSQL $POSTGRES_VERSION_MIN or later is installed"; return 1; }
    POSTGRES_DIR=$(mktemp -d "${TMPDIR:-/tmp}/aurix-test-postgres.XXXXXX")
    if [ "$(id -u)" = 0 ]; then # PostgreSQL refuses to run as root
        local user=nobody
        id postgres >/dev/null 2>&1 && user=postgres
        chown "$user" "$POSTGRES_DIR"
        as_user=(--reuid "$user" --regid "$(id -g "$user")" --clear-groups)
    fi
    run_postgres_program "$bin/initdb" --pgdata "$POSTGRES_DIR/data" --username aurix --auth trust \
        --encoding UTF8 --locale C --no-sync || return
    for ((try = 0; try < POSTGRES_PORT_TRIES_MAX; try++)); do
        port=$((20000 + RANDOM % 10000))
        run_postgres_program "$bin/postgres" -D "$POSTGRES_DIR/data" -p "$port" -k "$POSTGRES_DIR" \
            -c listen_addresses=127.0.0.1 -c max_connections=$POSTGRES_CONNECTIONS_MAX -c fsync=off \
            >>"$LOG_DIR/postgres.log" 2>&1 &
        POSTGRES_PID=$!
        if postgres_is_ready "$bin" "$port"; then
            export AURIX_TEST_POSTGRES="postgres://aurix@127.0.0.1:$port/postgres"
            echo "PostgreSQL: $AURIX_TEST_POSTGRES"
            return
        fi
    done
    return 1
}

# Runs a program as the server's user, and where `setpriv` is to be had, so that it stops when this shell is gone.
run_postgres_program() {
    cd "$POSTGRES_DIR" || return
    local setpriv=()
    command -v setpriv >/dev/null && setpriv=(setpriv --pdeathsig INT "${as_user[@]}")
    if [ "$BASHPID" != $$ ]; then
        exec "${setpriv[@]}" "$@" # in the background: the server is this process, with no shell between
    fi
    "${setpriv[@]}" "$@"
    local status=$?
    cd "$OLDPWD" || return
    return $status
}

# Waits until the server answers; fails when it has stopped (its port was taken) or takes too long.
postgres_is_ready() {
    local try
    for ((try = 0; try < POSTGRES_READY_TRIES_MAX; try++)); do
        "$1/pg_isready" --quiet --host "$POSTGRES_DIR" --port "$2" && return
        kill -0 "$POSTGRES_PID" 2>/dev/null || return
        sleep 0.1
    done
    return 1
}

stop_postgres() {
    [ -z "$POSTGRES_PID" ] || { kill -INT "$POSTGRES_PID" && wait "$POSTGRES_PID"; } 2>/dev/null || true
    [ -z "$POSTGRES_DIR" ] || rm -rf "$POSTGRES_DIR"
    POSTGRES_PID='' POSTGRES_DIR=''
}
