# shellcheck shell=bash
# What the steps of ./test need, and how a missing thing is installed: `need NAME` for each. Sourced by ./test.
# Debian's and Ubuntu's packages are installed where we may; elsewhere the message says what to install.

NODE_VERSION_MIN=20
PYTHON_ENV_DIR=$TARGET_DIR/venv
CLIENTS_DIR=$TARGET_DIR/clients

need() {
    "need_$1"
}

need_cargo() {
    command -v cargo >/dev/null && return
    echo "missing: Rust. Install rustup (https://rustup.rs); rust-toolchain.toml says the rest."
    return 1
}

need_cc() {
    command -v cc >/dev/null || install_packages gcc libc6-dev
}

need_git() {
    command -v git >/dev/null || install_packages git
}

need_curl() {
    command -v curl >/dev/null || install_packages curl ca-certificates
}

# What mounts the small disks of some tests, which are skipped where we are not root.
need_disks() {
    local program
    [ "$(id -u)" = 0 ] || return 0
    for program in mount mkfs.ext4 fsfreeze; do
        command -v "$program" >/dev/null || { install_packages mount e2fsprogs util-linux && break; } || return
    done
}

need_postgres() {
    [ -n "${AURIX_TEST_POSTGRES:-}" ] || postgres_bin_dir >/dev/null || install_packages postgresql || return
    start_postgres
}

need_chromium() {
    find_chromium || install_packages chromium fonts-liberation || return
    find_chromium
}

find_chromium() {
    local name
    for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome; do
        CHROMIUM=$(command -v "${name:-nothing}") && export CHROMIUM && return
    done
    unset CHROMIUM
    return 1
}

# Debian's; elsewhere it is called firefox.
need_firefox() {
    find_firefox || install_packages firefox-esr || return
    find_firefox
}

find_firefox() {
    local name
    for name in "${FIREFOX:-}" firefox-esr firefox; do
        FIREFOX=$(command -v "${name:-nothing}") && export FIREFOX && return
    done
    unset FIREFOX
    return 1
}

# WebKitGTK's driver, which brings its browser along, and a display for it.
need_webkit() {
    local program
    for program in WebKitWebDriver Xvfb; do
        command -v "$program" >/dev/null || { install_packages webkit2gtk-driver xvfb && break; } || return
    done
}

need_npm() {
    command -v npm >/dev/null || install_packages nodejs npm || return
    local version
    version=$(node --version)
    version=${version#v}
    if [ "${version%%.*}" -lt "$NODE_VERSION_MIN" ]; then
        echo "Node.js $version is too old: install $NODE_VERSION_MIN or later"
        return 1
    fi
}

need_node() {
    need_npm || return
    cmp -s package-lock.json node_modules/.installed-lock && return
    npm ci --no-audit --no-fund && cp package-lock.json node_modules/.installed-lock
}

# Node-RED and a library, outside of the tree.
need_clients() {
    need_npm || return
    cmp -s tests/clients/package-lock.json "$CLIENTS_DIR/installed-lock" && return
    rm -rf "$CLIENTS_DIR"
    mkdir -p "$CLIENTS_DIR"
    cp tests/clients/package{,-lock}.json "$CLIENTS_DIR"
    npm ci --prefix "$CLIENTS_DIR" --ignore-scripts --no-audit --no-fund || return
    cp tests/clients/package-lock.json "$CLIENTS_DIR/installed-lock"
}

# What packages are built and looked at with, on Debian and its like. Where one is missing and cannot be installed, its tests are skipped.
need_debian() {
    command -v dpkg-deb >/dev/null && command -v apt-get >/dev/null || return 0
    local program wanted=()
    for program in systemd-analyze:systemd adduser:adduser setpriv:util-linux man:man-db; do
        command -v "${program%%:*}" >/dev/null || wanted+=("${program##*:}")
    done
    [ ${#wanted[@]} = 0 ] || install_packages "${wanted[@]}" || true
}

need_python() {
    command -v python3 >/dev/null || install_packages python3
}

need_python_env() {
    local wanted=(tests/{tutorial,openapi,packages,clients}/requirements.txt docs/site/requirements.txt)
    need_python || return
    cat "${wanted[@]}" | cmp -s - "$PYTHON_ENV_DIR/installed.txt" && return
    python3 -c 'import ensurepip, venv' 2>/dev/null || install_packages python3-venv || return
    rm -rf "$PYTHON_ENV_DIR"
    python3 -m venv "$PYTHON_ENV_DIR" || return
    "$PYTHON_ENV_DIR/bin/pip" install --quiet "${wanted[@]/#/--requirement=}" || return
    cat "${wanted[@]}" >"$PYTHON_ENV_DIR/installed.txt"
}

# Installs Debian packages as root, or with a sudo that asks nothing.
install_packages() {
    local as_root=()
    if ! command -v apt-get >/dev/null; then
        echo "missing: what Debian calls $*. Install it with your system's package manager."
        return 1
    fi
    if [ "$(id -u)" != 0 ]; then
        if ! sudo -n true 2>/dev/null; then
            echo "missing: $*. Run: sudo apt-get install $*"
            return 1
        fi
        as_root=(sudo -n)
    fi
    echo "installing $*"
    "${as_root[@]}" apt-get update -qq || return
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" || return
    hash -r
}

# Where the pinned compiler is not installed under its number, but the default one is that very version, that one will do:
# machines without a network have whatever name they were set up with.
choose_toolchain() {
    local pinned
    pinned=$(sed -n 's/^channel = "\(.*\)"/\1/p' rust-toolchain.toml)
    if [ -z "${RUSTUP_TOOLCHAIN:-}" ] && command -v rustup >/dev/null && ! rustup toolchain list | grep -q "^$pinned-"; then
        if (cd / && rustc --version 2>/dev/null | grep -qF "rustc $pinned "); then
            RUSTUP_TOOLCHAIN=$(cd / && rustup show active-toolchain | cut -d' ' -f1)
            export RUSTUP_TOOLCHAIN
        fi
    fi
}
