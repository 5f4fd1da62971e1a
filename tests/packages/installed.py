"""Installs the package into a copy of this system that is gone afterwards, starts its service, and removes it again.

    unshare --mount --propagation private python installed.py PACKAGE FOLDER

The copy is an overlay over `/`: the real dpkg, adduser and systemd helpers run, and what they write stays in a tmpfs of this mount
namespace. Prints `cannot: …` where the machine does not let us.
"""
import http.client
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tutorial"))
from processes import Program, free_port  # noqa: E402

SECONDS_MAX = 30
# Without the triggers of other packages: the index of manual pages takes half a minute.
DPKG = ["dpkg", "--no-triggers", "--force-unsafe-io"]
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}


def mount(*words):
    done = subprocess.run(["mount", *map(str, words)], capture_output=True, text=True)
    if done.returncode != 0:
        print(f"cannot: {done.stderr.strip()}")
        sys.exit(1)


def copy_of_the_system(folder):
    folder.mkdir(parents=True)
    mount("-t", "tmpfs", "-o", "size=1g", "tmpfs", folder)
    upper, work, root = (folder / name for name in ("upper", "work", "root"))
    for made in (upper, work, root):
        made.mkdir(mode=0o755)
    mount("-t", "overlay", "overlay", "-o", f"lowerdir=/,upperdir={upper},workdir={work}", root)
    mount("--rbind", "/dev", root / "dev")
    mount("-t", "proc", "proc", root / "proc")
    return root


class System:
    def __init__(self, root):
        self.root = root

    def run(self, *line, fails=False):
        done = subprocess.run(
            ["chroot", self.root, *map(str, line)], env=ENVIRONMENT, capture_output=True, text=True, timeout=SECONDS_MAX, cwd="/"
        )
        assert (done.returncode != 0) == fails, f"{line}: {done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def unit(self):
        """The keys of the service that say how it is started; a later one replaces an earlier."""
        text = (self.root / "usr/lib/systemd/system/aurix.service").read_text()
        return dict(re.findall(r"^([A-Z][A-Za-z]+)=(.*)$", text, re.MULTILINE))

    def start(self):
        """Starts the service as its unit says: user, folder, environment, command."""
        unit = self.unit()
        environment = dict(re.findall(r'^(AURIX_[A-Z_]+)="?(.*?)"?$', (self.root / unit["EnvironmentFile"][1:]).read_text(), re.MULTILINE))
        line = ["setpriv", f"--reuid={unit['User']}", f"--regid={unit['Group']}", "--init-groups", "--no-new-privs", "--inh-caps=-all",
                "env", "-C", unit["WorkingDirectory"], *unit["ExecStart"].split()]
        return Program(["chroot", str(self.root), *line], env=ENVIRONMENT | environment, cwd="/")


def ready(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS_MAX)
    connection.request("GET", "/readyz")
    response = connection.getresponse()
    return response.status, response.read()


def owner_and_mode(path):
    found = path.stat()
    return found.st_uid, found.st_gid, found.st_mode & 0o7777


def wait_until_ready(port, program):
    for _ in range(SECONDS_MAX * 10):
        try:
            if (said := ready(port))[0] == 200:
                return said
        except OSError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"/readyz did not answer 200:\n{program.output()}")


def main():
    package, folder = sys.argv[1:]
    root = copy_of_the_system(Path(folder))
    system = System(root)
    (root / "package.deb").write_bytes(Path(package).read_bytes())

    system.run(*DPKG, "--install", "/package.deb")
    user = system.run("getent", "passwd", "aurix").split(":")
    uid, gid = int(user[2]), int(user[3])
    assert user[5] == "/var/lib/aurix" and user[6].strip().endswith("nologin"), user
    data, settings = root / "var/lib/aurix", root / "etc/aurix/aurix.env"
    assert owner_and_mode(data) == (uid, gid, 0o700), owner_and_mode(data)
    assert owner_and_mode(settings) == (0, gid, 0o640), owner_and_mode(settings)
    assert (root / "etc/systemd/system/multi-user.target.wants/aurix.service").is_symlink(), "the service is not enabled"

    port = free_port()
    changed = settings.read_text().replace("AURIX_LISTEN=127.0.0.1:8080", f"AURIX_LISTEN=127.0.0.1:{port}")
    assert str(port) in changed
    settings.write_text(changed + f'AURIX_BASE_URL="http://127.0.0.1:{port}"\n')
    program = system.start()
    try:
        assert wait_until_ready(port, program) == (200, b"ready\n")
        program.wait_for(r"Aurix listens on", SECONDS_MAX)
        made = json.loads(system.run("aurix-admin", "--json", "project", "create", "A shop"))
        assert made["project_id"] in system.run("aurix-admin", "project", "list")
        files = {path.name: owner_and_mode(path) for path in data.iterdir()}
        assert {"aurix.db", "secret.key"} <= set(files), files
        assert all(found[:2] == (uid, gid) and found[2] & 0o077 == 0 for found in files.values()), files
        assert "run it as root" in system.run("setpriv", "--reuid=aurix", "--regid=aurix", "--clear-groups", "aurix-admin", "project", "list", fails=True)
    finally:
        code = program.stop()
    assert code == 0, program.output()

    # What a person changed survives an installation over it; data survives a removal.
    system.run(*DPKG, "--install", "--force-confold", "/package.deb")
    assert str(port) in settings.read_text() and owner_and_mode(settings) == (0, gid, 0o640)
    system.run(*DPKG, "--remove", "aurix")
    assert settings.exists() and not (root / "usr/bin/aurix").exists()
    assert "stay" in system.run(*DPKG, "--purge", "aurix")
    assert not settings.parent.exists() and (data / "aurix.db").exists()
    system.run("getent", "passwd", "aurix")

    # Without data nothing is left behind.
    system.run(*DPKG, "--install", "/package.deb")
    system.run("sh", "-c", "rm -r /var/lib/aurix/*")
    system.run(*DPKG, "--purge", "aurix")
    assert not data.exists()
    system.run("getent", "passwd", "aurix", fails=True)


if __name__ == "__main__":
    os.umask(0o022)
    main()
