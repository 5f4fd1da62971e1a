"""The files of deploy/: the Debian package is installed and its service started, and the others are read as their tools read them.

Needs AURIX_BIN (the program) and a Python that has what requirements.txt names. What a machine cannot do is skipped, with the reason.
"""
import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
sys.path[:0] = [str(DEPLOY / "deb")]
import commands  # noqa: E402
from checks import Skipped, run  # noqa: E402

PROGRAM = os.environ["AURIX_BIN"]
EXPOSURE_MAX = 2.0
SECONDS_MAX = 60
KUBERNETES = ["1.25", "1.30", "1.34"]
# Modes of what the package installs; everything else is 644.
MODES = {"usr/bin/aurix": 0o755, "usr/sbin/aurix-admin": 0o755, "etc/aurix/aurix.env": 0o640}
INCLUDE = re.compile(r'include_(?:str|bytes)!\(\s*"([^"]+)"')
FOLDER = Path(tempfile.mkdtemp(prefix="aurix-packages."))


def output_of(*line, **options):
    done = subprocess.run(line, capture_output=True, text=True, timeout=SECONDS_MAX, **options)
    assert done.returncode == 0, f"{' '.join(map(str, line))}: {done.stdout}{done.stderr}"
    return done.stdout


def wanted(program, skip="is not installed"):
    """Where a program is; skips the test without it."""
    for place in (str(Path(sys.executable).parent), None):
        if found := shutil.which(program, path=place):
            return found
    raise Skipped(f"{program} {skip}")


@cache
def settings():
    return commands.settings_of(PROGRAM).variables


@cache
def package():
    """The Debian package of the program, and its files."""
    wanted("dpkg-deb")
    path = output_of(DEPLOY / "deb" / "build", PROGRAM, FOLDER / "out", env=os.environ | {"DEB_COMPRESSION": "none"}).strip()
    output_of("dpkg-deb", "-R", path, FOLDER / "tree")
    return Path(path), FOLDER / "tree"


def deploy_files():
    names = output_of("git", "ls-files", "--cached", "--others", "--exclude-standard", "deploy", cwd=ROOT)
    return [ROOT / name for name in names.splitlines()]


def every_setting_that_is_named_exists():
    assert len(settings()) > 20, settings()
    named = {}
    for path in deploy_files():
        for name in re.findall(r"\bAURIX_[A-Z_]*[A-Z]\b", path.read_text()):
            named.setdefault(name, path)
    assert "AURIX_DATABASE" in named
    unknown = {name: path for name, path in named.items() if name not in settings()}
    assert not unknown, unknown
    values = yaml.safe_load((DEPLOY / "helm/aurix/values.yaml").read_text())
    assert {f"AURIX_{name}" for name in values["settings"]} <= settings()


def the_service_is_confined():
    analyze = wanted("systemd-analyze")
    unit = DEPLOY / "systemd" / "aurix.service"
    said = output_of(analyze, "security", "--offline=true", "--no-pager", unit)
    exposure = float(re.search(r"Overall exposure level for aurix.service: ([0-9.]+)", said)[1])
    print(f"figure: exposure of aurix.service by systemd-analyze: {exposure} of 10")
    assert exposure <= EXPOSURE_MAX, said
    # Not its status: it looks for /usr/bin/aurix, which need not be here.
    said = subprocess.run([analyze, "verify", "--man=no", unit], capture_output=True, text=True, timeout=SECONDS_MAX)
    wrong = [line for line in (said.stdout + said.stderr).splitlines() if "aurix.service:" in line and "is not executable" not in line]
    assert not wrong, wrong


def the_package_has_its_files_with_their_modes():
    path, tree = package()
    found = {str(file.relative_to(tree)): file for file in tree.rglob("*") if file.is_file() and not file.is_symlink()}
    for name in [*MODES, "usr/lib/systemd/system/aurix.service", "usr/share/doc/aurix/copyright", "usr/share/man/man1/aurix.1.gz",
                 "usr/share/man/man8/aurix-admin.8.gz", "usr/share/bash-completion/completions/aurix",
                 "usr/share/zsh/vendor-completions/_aurix", "usr/share/fish/vendor_completions.d/aurix.fish"]:
        assert name in found, name
    listed = output_of("dpkg-deb", "-c", path).splitlines()
    assert all(line.split()[1] == "root/root" for line in listed), listed
    for name, file in found.items():
        if not name.startswith("DEBIAN/"):
            assert file.stat().st_mode & 0o777 == MODES.get(name, 0o644), name
    assert all(folder.stat().st_mode & 0o777 == 0o755 for folder in [tree, *tree.rglob("*")] if folder.is_dir())
    for line in (tree / "DEBIAN/md5sums").read_text().splitlines():
        digest, name = line.split("  ")
        assert hashlib.md5(found[name].read_bytes()).hexdigest() == digest, name
    assert (tree / "DEBIAN/conffiles").read_text() == "/etc/aurix/aurix.env\n"


def the_package_needs_what_the_program_is_linked_with():
    _, tree = package()
    control = (tree / "DEBIAN/control").read_text()
    linked = output_of("ldd", PROGRAM)
    needs = re.search(r"^Depends: (.*)$", control, re.MULTILINE)[1]
    for library, name in [("libc.so.6", "libc6"), ("libgcc_s.so.1", "libgcc-s1"), ("libz.so.1", "zlib1g")]:
        assert (library in linked) == bool(re.search(rf"\b{name}\b", needs)), (linked, needs)


def the_manual_and_the_completion_know_every_command():
    _, tree = package()
    completion = tree / "usr/share/bash-completion/completions/aurix"
    root = commands.read(PROGRAM)
    assert len(list(root.all())) > 40
    for command in root.all():
        page = gzip.decompress((tree / f"usr/share/man/man1/{'-'.join(['aurix', *command.words])}.1.gz").read_bytes()).decode()
        assert ".SH NAME" in page and ".SH SYNOPSIS" in page, command.words
    pages = [gzip.decompress((tree / f"usr/share/man/man1/{name}.1.gz").read_bytes()).decode() for name in ["aurix", "aurix-settings"]]
    missing = [name for name in settings() if not any(name in page for page in pages)]
    assert not missing, missing
    if man := shutil.which("man"):
        assert "SYNOPSIS" in output_of(man, "-l", tree / "usr/share/man/man1/aurix-webhook-add.1.gz", env=os.environ | {"MANPAGER": "cat"})

    def completed(*words):
        script = f'source {completion}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _aurix "$1" "${{COMP_WORDS[COMP_CWORD]}}" "${{COMP_WORDS[COMP_CWORD - 1]}}"; ' \
            'printf "%s\\n" "${COMPREPLY[@]}"'
        return output_of("bash", "-c", script, "bash", *words).split()

    assert completed("aurix", "chan") == ["channel"]
    assert completed("aurix", "channel", "a") == ["add"]
    assert completed("aurix-admin", "webhook", "ad") == ["add"]
    assert completed("aurix", "webhook", "add", "--project", "b3c8", "--u") == ["--url"]


def the_licences_of_all_crates_are_in_it():
    _, tree = package()
    text = (tree / "usr/share/doc/aurix/copyright").read_text()
    texts = gzip.decompress((tree / "usr/share/doc/aurix/THIRD-PARTY.txt.gz").read_bytes()).decode()
    assert "Permission is hereby granted, free of charge" in texts and "Apache License" in texts and "SIL OPEN FONT LICENSE" in texts
    bill = json.loads(gzip.decompress((tree / "usr/share/doc/aurix/aurix.cdx.json.gz").read_bytes()))
    names = {part["name"] for part in bill["components"]}
    assert {"tokio", "libsqlite3-sys", "SQLite", "Inter"} <= names, names
    assert not names & {"proptest", "rqrr", "standardwebhooks"}, "what only tests need"
    for part in bill["components"]:
        assert part.get("licenses") or part["name"].startswith("icons"), part
        name = f"{part['name']} {part.get('version', '')}".rstrip()
        assert f" {name}: " in text and f"{name}: " in texts, name
    refs = {part["bom-ref"] for part in bill["components"]} | {bill["metadata"]["component"]["bom-ref"]}
    assert all(ref in refs for edge in bill["dependencies"] for ref in [edge["ref"], *edge["dependsOn"]])
    assert all(line.startswith((" ", "Format", "Upstream", "Source", "Files", "Copyright", "License", "Comment")) or not line
               for line in text.splitlines()), "not a machine-readable copyright file"


def an_installed_package_serves():
    path, _ = package()
    if os.geteuid() != 0:
        raise Skipped("needs root, to install the package into a copy of this system")
    for program in ("unshare", "setpriv", "adduser"):
        wanted(program)
    inside = [wanted("unshare"), "--mount", "--propagation", "private", sys.executable, "-B", str(Path(__file__).parent / "installed.py")]
    done = subprocess.run([*inside, str(path), str(FOLDER / "root")], capture_output=True, text=True, timeout=SECONDS_MAX)
    if reason := re.search(r"^cannot: (.*)$", done.stdout, re.MULTILINE):
        raise Skipped(reason[1])
    assert done.returncode == 0, done.stdout + done.stderr


def the_container_file_is_well_formed():
    said = subprocess.run([wanted("hadolint"), "--no-color", DEPLOY / "docker/Dockerfile"], capture_output=True, text=True, timeout=SECONDS_MAX)
    assert said.returncode == 0, said.stdout + said.stderr


def the_container_is_built_from_all_that_the_program_includes():
    kept = [line[1:] for line in (DEPLOY / "docker/Dockerfile.dockerignore").read_text().splitlines() if line.startswith("!")]
    assert all((ROOT / name).exists() for name in kept), kept
    for source in (ROOT / "src").rglob("*.rs"):
        for included in INCLUDE.findall(source.read_text().split("#[cfg(test)]")[0]):
            name = (source.parent / included).resolve().relative_to(ROOT)
            assert any(name.is_relative_to(folder) for folder in kept), f"{source}: {name} is not in the image's context"


def the_compose_files_are_whole():
    for name in ("sqlite", "postgres"):
        path = DEPLOY / f"docker/compose.{name}.yaml"
        compose = yaml.safe_load(path.read_text())
        assert set(compose) - {"x-node"} <= {"name", "services", "volumes", "networks"}, set(compose)
        for service, parts in compose["services"].items():
            assert "image" in parts, service
            if build := parts.get("build"):
                context = (path.parent / build["context"]).resolve()
                assert context == ROOT and (context / build["dockerfile"]).is_file()
                assert parts["read_only"] and parts["cap_drop"] == ["ALL"]
            for needed in parts.get("depends_on", []):
                assert needed in compose["services"], needed
            for volume in parts.get("volumes", []):
                source = volume.split(":")[0]
                assert (path.parent / source).is_file() if source.startswith(".") else source in compose["volumes"], source
    nodes = {f"{service}:8080" for service, parts in compose["services"].items() if parts["image"] == "aurix"}
    balanced = re.search(r"reverse_proxy (.*) \{", (DEPLOY / "docker/Caddyfile").read_text())[1].split()
    assert set(balanced) == nodes and len(nodes) == 2


def the_balancer_takes_its_file():
    caddy = wanted("caddy")
    output_of(caddy, "validate", "--adapter", "caddyfile", "--config", DEPLOY / "docker/Caddyfile",
              env=os.environ | {"SITE_HOST": "aurix.example.com", "HOME": str(FOLDER)})


def rendered(chart, values):
    with chart.Chart.load(str(DEPLOY / "helm/aurix")) as loaded:
        files = loaded.render(values, name="shop", namespace="default")
    documents = [document for name, text in files.items() if name.endswith(".yaml") for document in yaml.safe_load_all(text) if document]
    return {(document["kind"], document["metadata"]["name"]): document for document in documents}


def the_chart_makes_valid_objects():
    try:
        import helm_python
        import kubernetes_validate
    except ImportError:
        raise Skipped("tests/packages/chart-requirements.txt is not installed") from None
    found = helm_python.lint(str(DEPLOY / "helm/aurix"))
    assert not found["errors"] and all(message["severity"] < 2 for message in found["messages"]), found
    postgres = {"database": {"kind": "postgres", "existingSecret": "aurix"}, "replicas": 3,
                "ingress": {"enabled": True, "className": "nginx", "tlsSecret": "tls"},
                "secretSettings": {"SMTP_URL": {"secret": "mail", "key": "url"}}}
    for values, replicas in [({}, 1), ({"replicas": 5}, 1), (postgres, 3)]:
        objects = rendered(helm_python, values)
        for document in objects.values():
            for version in KUBERNETES:
                kubernetes_validate.validate(document, version, strict=True)
        spec = objects["StatefulSet", "shop-aurix"]["spec"]
        container = spec["template"]["spec"]["containers"][0]
        assert spec["replicas"] == replicas
        assert ("PodDisruptionBudget", "shop-aurix") in objects or replicas == 1
        assert container["securityContext"]["readOnlyRootFilesystem"] and spec["template"]["spec"]["securityContext"]["runAsNonRoot"]
        assert (container["livenessProbe"]["httpGet"]["path"], container["readinessProbe"]["httpGet"]["path"]) == ("/healthz", "/readyz")
        names = [variable["name"] for variable in container["env"]]
        assert len(names) == len(set(names)) and set(names) <= settings(), names
    traced = rendered(helm_python, {"environment": {"OTEL_TRACES_SAMPLER_ARG": 0.1}})["StatefulSet", "shop-aurix"]
    assert {"name": "OTEL_TRACES_SAMPLER_ARG", "value": "0.1"} in traced["spec"]["template"]["spec"]["containers"][0]["env"]
    for refused in [{"environment": {"AURIX_LISTEN": "x"}}, {"database": {"kind": "postgres"}}, {"database": {"kind": "mysql"}}, {"settings": {"LISTEN": "x"}}]:
        try:
            rendered(helm_python, refused)
        except helm_python.errors.HelmError:
            continue
        raise AssertionError(f"the chart takes {refused}")


def the_static_build_says_what_it_needs():
    # Without the tools, as on a machine that has just been set up.
    folder = FOLDER / "bin"
    folder.mkdir()
    for program in ("bash", "uname", "dirname", "env", "sed"):
        (folder / program).symlink_to(shutil.which(program))
    done = subprocess.run([DEPLOY / "static", "aarch64"], capture_output=True, text=True, timeout=SECONDS_MAX, env={"PATH": str(folder)})
    assert done.returncode == 1 and "rustup target add aarch64-unknown-linux-musl" in done.stderr, done.stderr


def packages_are_built_with_traces():
    said = subprocess.run([PROGRAM, "ready", "--otlp-endpoint=-"], capture_output=True, text=True, timeout=SECONDS_MAX)
    assert said.returncode == 2 and "AURIX_OTLP_ENDPOINT" in said.stderr and "built without" not in said.stderr, said.stderr
    for name in ["static", "docker/Dockerfile"]:
        built = re.findall(r"cargo build .*", (DEPLOY / name).read_text())
        assert built and all("--features otlp" in line for line in built), built
    # One that was built without is refused.
    other = FOLDER / "without-traces"
    other.write_text("#!/bin/sh\necho 'AURIX_OTLP_ENDPOINT: this program was built without traces' >&2\nexit 2\n")
    other.chmod(0o755)
    done = subprocess.run([DEPLOY / "deb" / "build", other, FOLDER / "none"], capture_output=True, text=True, timeout=SECONDS_MAX)
    assert done.returncode == 1 and "--features otlp" in done.stderr, done.stderr


TESTS = [
    every_setting_that_is_named_exists, the_service_is_confined, the_package_has_its_files_with_their_modes,
    the_package_needs_what_the_program_is_linked_with, the_manual_and_the_completion_know_every_command, the_licences_of_all_crates_are_in_it,
    an_installed_package_serves, the_container_file_is_well_formed, the_container_is_built_from_all_that_the_program_includes,
    the_compose_files_are_whole, the_balancer_takes_its_file, the_chart_makes_valid_objects, the_static_build_says_what_it_needs,
    packages_are_built_with_traces,
]

if __name__ == "__main__":
    try:
        sys.exit(run("packages", TESTS))
    finally:
        shutil.rmtree(FOLDER, ignore_errors=True)
