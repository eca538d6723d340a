# shellcheck shell=bash
# What every kind of package says of this version; read by the scripts beside it, from the top of the repository.

# need PROGRAM PACKAGE...: fails with one line unless all programs are there; PACKAGE is Debian's.
need() {
    command -v "$1" >/dev/null || { echo "${0##*/}: $1 not found: install it (Debian: $2)" >&2; exit 1; }
}

version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
[ -n "$version" ] || { echo "${0##*/}: Cargo.toml has no version" >&2; exit 1; }
# The date of everything in a package, so that two builds of one commit are the same bytes.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || stat -c %Y Cargo.toml)}
export SOURCE_DATE_EPOCH

# machine_of PROGRAM: what its ELF header says it runs on, in the words of uname -m.
machine_of() {
    case $(od -An -v -tx1 -N20 "$1" 2>/dev/null | tr -d ' \n') in
        7f454c460201*3e00) echo x86_64 ;;
        7f454c460201*b700) echo aarch64 ;;
        *) echo "${0##*/}: $1 is no program for x86_64 or aarch64" >&2; return 1 ;;
    esac
}

# debian_of MACHINE: the name that Debian and container images have for it.
debian_of() {
    case $1 in
        x86_64) echo amd64 ;;
        aarch64) echo arm64 ;;
        *) echo "${0##*/}: $1 is neither x86_64 nor aarch64" >&2; return 1 ;;
    esac
}
