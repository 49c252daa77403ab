"""Builds the image of the Dockerfile without Docker, and runs it as an engine would: as its user, without rights, read-only.

buildah runs the Dockerfile's steps, each in a change of root. The base image is Debian's own Python in place of python:3.11-slim.
The packages of the locks are downloaded beforehand, with whatever pip is configured to use, and checked once more by the hashes
in the build. All of it is kept in ``.cache/image`` until something that goes into the image changes.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).parents[1]
CACHE = ROOT / ".cache" / "image"
BASE = "docker.io/library/python:3.11-slim"
IMAGE = "localhost/sms-mockserver"
SUITE = "bookworm"
"""The Debian whose Python is a 3.11."""

_START_INTERVAL = re.compile(r" --start-interval=\S+")
"""An option of HEALTHCHECK that buildah knows since 1.34, and Debian 12 has 1.28."""


class CannotBuild(Exception):
    """This machine lacks what building an image takes."""


@dataclass(frozen=True)
class Image:
    """An image that was built."""

    config: Mapping[str, Any]
    """What the image says of how it is run, as an engine is told: ``User``, ``Env``, ``Entrypoint``, ``Healthcheck`` and so on."""
    layers: tuple[int, ...]
    """The size of each layer in bytes, the base's first."""
    build_log: str

    @contextmanager
    def root(self, name: str = IMAGE) -> Iterator[Path]:
        """Give the image's files, or those of the base image, mounted on a folder."""
        with _lock():
            container = _buildah("from", "--pull-never", name)
            mounted = Path(_buildah("mount", container))
        try:
            yield mounted
        finally:
            with _lock():
                _buildah("rm", container)

    def environment(self, given: Mapping[str, str]) -> dict[str, str]:
        """Return the variables of a container: the image's, and those that it is given."""
        return {**dict(each.split("=", 1) for each in self.config["Env"]), **given}

    def command(self, *arguments: str) -> list[str]:
        """Return what a container runs that is given these arguments."""
        return [*self.config["Entrypoint"], *(arguments or self.config["Cmd"])]

    def health_command(self) -> list[str]:
        """Return what an engine runs in the container to see whether it is healthy."""
        kind, *words = self.config["Healthcheck"]["Test"]
        return words if kind == "CMD" else ["/bin/sh", "-c", *words]


class Network:
    """A network of its own: a container's ports are free in it, whatever else runs on the machine."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> Self:
        """Create it, with a loopback interface and nothing else."""
        run(["ip", "netns", "add", self._name])
        self.run(["ip", "link", "set", "lo", "up"])
        # As Docker has it since 20.10: any user may listen at any port.
        self.run(["sysctl", "-q", "-w", "net.ipv4.ip_unprivileged_port_start=0"])
        return self

    def __exit__(self, *_: object) -> None:
        """Remove it."""
        run(["ip", "netns", "delete", self._name])

    def inside(self, command: Sequence[str]) -> list[str]:
        """Return the command that runs this one in the network."""
        return ["ip", "netns", "exec", self._name, *command]

    def run(self, command: Sequence[str], **options: Any) -> subprocess.CompletedProcess[str]:
        """Run a command in the network."""
        return run(self.inside(command), **options)


@dataclass(frozen=True)
class Container:
    """How a container is run: ``docker run --read-only --cap-drop ALL --security-opt no-new-privileges``."""

    root: Path
    user: str
    """Of the form ``UID:GID``."""
    environment: Mapping[str, str]
    network: Network
    folder: str = "/"
    volumes: Mapping[str, Path] | None = None
    """The folder or file of this machine that is mounted, by the path in the container. All else but /tmp is read-only."""
    has_rights: bool = False
    """Whether root keeps the rights that an engine leaves it, such as reading what belongs to others."""
    hosts: Mapping[str, str] | None = None
    """Addresses by name, as an engine writes them into the container's /etc/hosts."""

    def inside(self, command: Sequence[str]) -> list[str]:
        """Return the command that runs this one in the container."""
        root = shlex.quote(str(self.root))
        steps = [
            f"mount --bind {root} {root}",
            f"mount -o remount,bind,ro {root}",
            f"mount -t tmpfs tmpfs {root}/tmp",
            f"mount -t proc proc {root}/proc",
            f"mount --rbind /dev {root}/dev",
        ]
        for path, source in (self.volumes or {}).items():
            target = f"{root}{shlex.quote(path)}"
            make = (
                f"mkdir -p {target}" if source.is_dir() else f"mkdir -p {target.rpartition('/')[0]} && touch {target}"
            )
            steps.insert(0, make)  # before the root is read-only, as an engine does
            steps.append(f"mount --bind {shlex.quote(str(source))} {target}")
        if self.hosts is not None:
            steps.insert(0, f"touch {root}/etc/hosts")
            lines = "".join(f"{address} {name}\\n" for name, address in self.hosts.items())
            steps.append(f"printf '{lines}' > {root}/tmp/hosts && mount --bind {root}/tmp/hosts {root}/etc/hosts")
        user, group = self.user.split(":")
        drop = (
            "--clear-groups" if self.has_rights else "--clear-groups --no-new-privs --inh-caps=-all --bounding-set=-all"
        )
        variables = [f"{name}={value}" for name, value in self.environment.items()]
        inner = ["env", "-i", "-C", self.folder, *variables, *command]
        steps.append(f"exec chroot {root} setpriv --reuid {user} --regid {group} {drop} {shlex.join(inner)}")
        new = ["unshare", "--mount", "--pid", "--fork", "--kill-child=TERM"]
        return self.network.inside([*new, "sh", "-ec", "\n".join(steps)])

    def run(self, command: Sequence[str], **options: Any) -> subprocess.CompletedProcess[str]:
        """Run a command in the container, and wait for its end."""
        return run(self.inside(command), check=False, **options)


def build() -> Image:
    """Build the image, or find it as it was built before.

    Raises:
        CannotBuild: this process is not root's, a program is missing, or a step fails.
    """
    if os.geteuid() != 0:
        raise CannotBuild(
            "an image is built and run in changes of root, mounts and network namespaces: run this test as root"
        )
    missing = [name for name in ("buildah", "mmdebstrap", "unshare", "ip", "setpriv") if not shutil.which(name)]
    if missing:
        raise CannotBuild(f"{', '.join(missing)} missing: contract_tests/clients/install-programs installs them")
    with _lock():
        digest, description = _digest(), CACHE / "image.json"
        if description.exists():
            built = json.loads(description.read_text())
            if built.pop("digest") == digest:
                return Image(**built | {"layers": tuple(built["layers"])})
        if BASE not in _buildah("images", "--format", "{{.Name}}:{{.Tag}}").splitlines():
            _build_base()
        log = _build_image()
        inspected = json.loads(_buildah("inspect", "--type", "image", IMAGE))
        built = {
            "config": inspected["Docker"]["config"],
            "layers": [layer["size"] for layer in json.loads(inspected["Manifest"])["layers"]],
            "build_log": log,
        }
        description.write_text(json.dumps({"digest": digest, **built}))
        return Image(**built | {"layers": tuple(built["layers"])})


def run(
    command: Sequence[str], *, check: bool = True, environment: Mapping[str, str] | None = None, **options: Any
) -> subprocess.CompletedProcess[str]:
    """Run a program.

    Raises:
        CannotBuild: it fails, and ``check`` is true.
    """
    done = subprocess.run(
        command, text=True, capture_output=True, env={**os.environ, **(environment or {})}, cwd=ROOT, **options
    )
    if check and done.returncode:
        raise CannotBuild(
            f"{shlex.join(command)[:200]} ended with {done.returncode}:\n{(done.stdout + done.stderr)[-3000:]}"
        )
    return done


@contextmanager
def _lock() -> Iterator[None]:
    """Let one process at a time change what is in the cache."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _buildah(*arguments: str) -> str:
    driver = CACHE / "driver"
    if not driver.exists():
        driver.write_text(_find_driver())
    return run(_buildah_with(driver.read_text(), *arguments)).stdout.strip()


def _buildah_with(driver: str, *arguments: str) -> list[str]:
    places = ["--root", str(CACHE / driver), "--runroot", str(CACHE / f"{driver}-run"), "--storage-driver", driver]
    return ["buildah", *places, *arguments]


def _find_driver() -> str:
    """Return ``overlay``, or ``vfs``, which copies whole folders, where that cannot be mounted."""
    container = run(_buildah_with("overlay", "from", "scratch"), check=False)
    if container.returncode:
        return "vfs"
    name = container.stdout.strip()
    mounted = run(_buildah_with("overlay", "mount", name), check=False)
    run(_buildah_with("overlay", "rm", name))
    return "vfs" if mounted.returncode else "overlay"


def _build_base() -> None:
    """Make Debian with its Python, by apt and from where this machine's apt has its packages, the base image."""
    targets = [
        "apt-get",
        "indextargets",
        "--format",
        "$(SITE)",
        "Created-By: Packages",
        "Label: Debian",
        f"Codename: {SUITE}",
    ]
    mirror = run(targets).stdout.split()[:1]
    container = _buildah("from", "scratch")
    mounted = _buildah("mount", container)
    unneeded = [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in ("man", "doc", "locale")]
    run(
        [
            "mmdebstrap",
            "--mode=root",
            "--variant=minbase",
            "--include=python3,python3-venv",
            *unneeded,
            SUITE,
            mounted,
            *mirror,
        ]
    )
    Path(mounted, "usr/local/bin/python").symlink_to("/usr/bin/python3")
    _buildah("umount", container)
    _buildah("commit", "--quiet", "--rm", container, BASE)


def _build_image() -> str:
    """Run the Dockerfile, with the locked packages as the only ones that pip finds, and return what it said."""
    wheels = CACHE / "wheels"
    for lock in ("run", "build"):
        options = ["--quiet", "--only-binary", ":all:", "--require-hashes", "--dest", str(wheels)]
        run([sys.executable, "-m", "pip", "download", *options, "-r", f"locks/{lock}.txt"])
    (CACHE / "pip.conf").write_text("[global]\nno-index = true\nfind-links = /wheels\n")
    dockerfile, count = _START_INTERVAL.subn("", (ROOT / "Dockerfile").read_text())
    assert count == 1
    (CACHE / "Dockerfile").write_text(dockerfile)
    mounts = [f"--volume={CACHE / 'pip.conf'}:/etc/pip.conf:ro", f"--volume={wheels}:/wheels:ro"]
    how = ["--isolation=chroot", "--format=docker", "--pull-never", "--layers=false", *mounts]
    return _buildah("build", *how, "--file", str(CACHE / "Dockerfile"), "--tag", IMAGE, ".")


def _digest() -> str:
    """Return a digest of all that goes into the image."""
    copied = re.findall(r"^COPY (?!--from)(.*) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    files = [ROOT / "Dockerfile", ROOT / ".dockerignore"]
    for name in " ".join(copied).split():
        files += sorted((ROOT / name).rglob("*")) if (ROOT / name).is_dir() else [ROOT / name]
    digest = hashlib.sha256()
    for file in files:
        if file.is_file() and "__pycache__" not in file.parts:
            digest.update(f"{file.relative_to(ROOT)}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()
