#!/usr/bin/env python3
"""Prints a program's architecture and the packages that it needs, as Debian names them: read off the ELF file, so that no tool is needed."""
import mmap
import re
import struct
import sys

ARCHITECTURES = {62: "amd64", 183: "arm64", 243: "riscv64"}
LIBRARIES = {b"libgcc_s.so.1": "libgcc-s1", b"libz.so.1": "zlib1g"}


def main():
    with open(sys.argv[1], "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as program:
        if program[:4] != b"\x7fELF":
            sys.exit(f"{sys.argv[1]} is no Linux program")
        machine = struct.unpack_from("<H", program, 18)[0]
        if machine not in ARCHITECTURES:
            sys.exit(f"{sys.argv[1]} is for the machine {machine}, which is not known here")
        versions = {tuple(map(int, found.split(b"."))) for found in re.findall(rb"GLIBC_(2\.[0-9]+)\0", program)}
        needs = [f"libc6 (>= {'.'.join(map(str, max(versions)))})"] if versions else []
        needs += [package for library, package in LIBRARIES.items() if program.find(library + b"\0") >= 0 and versions]
    print(ARCHITECTURES[machine], ", ".join(needs))


if __name__ == "__main__":
    main()
