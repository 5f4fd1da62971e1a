#!/usr/bin/env python3
"""Holds Cargo.lock to deny.toml: licences, sources, and no wildcard versions. Holds npm's lock files to the same list.

Says in a second what `cargo deny check licenses bans sources` would say after minutes of building it.
Reads the licences that packages declare; it does not compare licence texts, which cargo-deny does.

Nothing below tests/clients is part of Aurix or shipped with it: tests run these programs as they are, from package registries.
"""
import json
import re
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CRATES_IO = "registry+https://github.com/rust-lang/crates.io-index"  # its name in Cargo.lock, whatever mirror serves it
TOKEN = re.compile(r"[()]|[^\s()]+")
# What npm's packages may be under besides: permissive, too, but of no crate of ours.
NPM_ALLOWED = {"BSD-0-Clause", "BlueOak-1.0.0", "Python-2.0", "Unlicense"}
# Run by tests alone.
NPM_TOOLS = {"axe-core": "MPL-2.0"}
# These say MIT in their texts, and declare it in a way that lock files do not take over.
NPM_MIT = {"busboy", "cli-table", "passport-http-bearer", "passport-oauth2-client-password", "passport-strategy", "pause", "streamsearch"}
NPM_LOCKS = ["package-lock.json", "tests/clients/package-lock.json"]


def allows(expression, allowed):
    """Whether an SPDX expression can be met with allowed licences alone. `A/B` is how old crates write `A OR B`."""
    tokens = TOKEN.findall(expression.replace("/", " OR "))

    def either():
        met = both()
        while tokens[:1] == ["OR"]:
            tokens.pop(0)
            met = both() or met
        return met

    def both():
        met = one()
        while tokens[:1] == ["AND"]:
            tokens.pop(0)
            met = one() and met
        return met

    def one():
        if not tokens:
            raise ValueError(f"not a licence expression: {expression!r}")
        token = tokens.pop(0)
        if token == "(":
            met = either()
            if tokens[:1] != [")"]:
                raise ValueError(f"not a licence expression: {expression!r}")
            tokens.pop(0)
            return met
        if tokens[:1] == ["WITH"]:
            token = f"{token} WITH {tokens[1] if len(tokens) > 1 else ''}"
            del tokens[:2]
        return token in allowed

    met = either()
    if tokens:
        raise ValueError(f"not a licence expression: {expression!r}")
    return met


def complaints(package, allowed):
    """What is wrong with one package of `cargo metadata`, as sentences."""
    name = f"{package['name']} {package['version']}"
    if package["source"] is not None:
        if package["source"] != CRATES_IO:
            yield f"{name} comes from {package['source']}: only crates.io may be a source"
        licence = package["license"]
        try:
            if not licence or not allows(licence, allowed):
                yield f"{name} is under {licence or 'no declared licence'}: not on the list in deny.toml"
        except ValueError as error:
            yield f"{name}: {error}"
    else:
        for dependency in package["dependencies"]:
            if dependency["req"] == "*":
                yield f"{name} asks for any version of {dependency['name']}: name the oldest that works"


def npm_complaints(packages, allowed):
    """What is wrong with the packages of a lock file of npm, as sentences."""
    for path, package in packages.items():
        name = path.rpartition("node_modules/")[2]
        if not name:
            continue
        licence = package.get("license") or ("MIT" if name in NPM_MIT else None)
        try:
            is_met = licence and (licence == NPM_TOOLS.get(name) or allows(licence, allowed | NPM_ALLOWED))
        except ValueError:
            is_met = False
        if not is_met:
            yield f"{name} {package['version']} is under {licence or 'no declared licence'}: not on the list"


def check_the_check():
    """The rules themselves, on packages that break them."""
    allowed = {"MIT", "Apache-2.0", "Unicode-3.0"}
    for expression, expected in [
        ("MIT", True),
        ("GPL-3.0", False),
        ("MIT OR GPL-3.0", True),
        ("MIT/GPL-3.0", True),
        ("MIT AND GPL-3.0", False),
        ("GPL-3.0 OR MIT AND Apache-2.0", True),
        ("(MIT OR Apache-2.0) AND Unicode-3.0", True),
        ("(MIT OR Apache-2.0) AND OpenSSL", False),
        ("Apache-2.0 WITH LLVM-exception", False),
        ("Apache-2.0 WITH LLVM-exception OR MIT", True),
    ]:
        assert allows(expression, allowed) is expected, expression
    good = {"name": "a", "version": "1.0.0", "license": "MIT", "dependencies": [],
            "source": CRATES_IO}
    own = {"name": "b", "version": "1.0.0", "license": "MIT", "source": None, "dependencies": []}
    assert not list(complaints(good, allowed)) and not list(complaints(own, allowed))
    for bad in [
        good | {"license": None},
        good | {"license": "MIT OR"},
        good | {"source": "git+https://example.com/a"},
        own | {"dependencies": [{"name": "a", "req": "*"}]},
    ]:
        assert len(list(complaints(bad, allowed))) == 1, bad
    good = {"version": "1.0.0", "license": "MIT"}
    assert not list(npm_complaints({"": {}, "node_modules/a": good, "node_modules/a/node_modules/pause": good | {"license": None}}, allowed))
    for name, licence in [("a", None), ("a", "GPL-3.0"), ("a", "SEE LICENSE IN LICENSE.md"), ("a", "MPL-2.0")]:
        assert len(list(npm_complaints({f"node_modules/{name}": good | {"license": licence}}, allowed))) == 1, name


def main():
    check_the_check()
    allowed = set(tomllib.loads((ROOT / "deny.toml").read_text())["licenses"]["allow"])
    command = ["cargo", "metadata", "--format-version", "1", "--locked", "--all-features"]
    metadata = json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)
    packages = metadata["packages"]
    found = [sentence for package in packages for sentence in complaints(package, allowed)]
    locks = {name: json.loads((ROOT / name).read_text())["packages"] for name in NPM_LOCKS}
    found += [f"{name}: {sentence}" for name, lock in locks.items() for sentence in npm_complaints(lock, allowed)]
    for sentence in found:
        print(sentence)
    twice = sorted(name for name, count in Counter(package["name"] for package in packages).items() if count > 1)
    print(f"figure: {len(packages)} crates for all platforms, {len(twice)} of them in more than one version: {' '.join(twice)}")
    counts = ", ".join(f"{len(packages) - 1} in {name}" for name, packages in locks.items())
    print(f"figure: packages of npm: {counts}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
