"""The real programs rivergauge runs beside itself: found on this machine, else unpacked from Debian packages.

Nothing is installed system-wide: packages are downloaded with apt and unpacked, with the libraries they miss, under
`.cache/parts/`. The mirror's address is asked of apt.

    python -m rivergauge.parts mosquitto micropython     # find or fetch, one line each
"""

import argparse
import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["PARTS", "Part", "PartMissing", "cache_folder", "fetch", "find"]

PACKAGE_LIST_MAX_AGE_S = 24 * 3600
APT_TIMEOUT_S = 600
# Where a distribution lacks a package, this Debian suite's one is unpacked and started through its own loader.
FALLBACK_SUITE = "trixie"
DEBIAN_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


class PartMissing(Exception):
    """A program is not on this machine, or could not be fetched; the message says what, why and what to do."""


@dataclass(frozen=True)
class Part:
    """One program: its Debian packages, unpacked into a folder named after the first, and where it lies in them."""

    packages: tuple[str, ...]
    executable: str
    environment: str  # a variable that names another executable to use instead


_CHROMIUM = ("chromium", "chromium-driver", "fonts-dejavu-core")  # without a font a page would show no letters

# A machine without fonts has no configuration of them either; this one names the fonts unpacked beside it.
FONTS_CONFIGURATION = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir prefix="relative">usr/share/fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
"""

PARTS = {
    "micropython": Part(("micropython",), "usr/bin/micropython", "MICROPYTHON"),
    "mosquitto": Part(("mosquitto",), "usr/sbin/mosquitto", "MOSQUITTO"),
    "mosquitto_passwd": Part(("mosquitto",), "usr/bin/mosquitto_passwd", "MOSQUITTO_PASSWD"),
    "influxd": Part(("influxdb",), "usr/bin/influxd", "INFLUXD"),
    "victoria-metrics": Part(("victoria-metrics",), "usr/bin/victoria-metrics", "VICTORIA_METRICS"),
    "systemd-analyze": Part(("systemd",), "usr/bin/systemd-analyze", "SYSTEMD_ANALYZE"),
    "chromium": Part(_CHROMIUM, "usr/lib/chromium/chromium", "CHROMIUM"),
    "chromedriver": Part(_CHROMIUM, "usr/bin/chromedriver", "CHROMEDRIVER"),
}


def cache_folder() -> Path:
    """Return where fetched parts are kept: `.cache` of the checkout, else the user's cache folder."""
    project = Path(__file__).resolve().parent.parent
    if (project / "pyproject.toml").exists():
        return project / ".cache"
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "rivergauge"


def find(name: str) -> str:
    """Return the path of a program that is already here; raise PartMissing otherwise. Downloads nothing."""
    part = _part(name)
    named = os.environ.get(part.environment)
    if named:
        if not os.access(named, os.X_OK):
            raise PartMissing(f"{name}: ${part.environment} is {named!r}, which cannot be run; correct or unset it")
        return named
    search = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin", "/sbin"])
    found = shutil.which(name, path=search)
    if found:
        return found
    launcher = _launcher(name)
    if launcher.exists():
        return str(launcher)
    raise PartMissing(
        f"{name}: not on this machine; run `{sys.executable} -m rivergauge.parts {name}` (unpacks Debian's package"
        f" {part.packages[0]} into {cache_folder()}), or set ${part.environment}"
    )


def fetch(name: str) -> str:
    """Return the path of a program, unpacking its packages first where it is not here; raise PartMissing."""
    with contextlib.suppress(PartMissing):
        return find(name)
    part = _part(name)
    if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
        raise PartMissing(
            f"{name}: no apt on this machine to fetch it with; install it yourself or set ${part.environment}"
        )
    with _one_at_a_time():
        if not _launcher(name).exists():
            _unpack(name, part)
    return find(name)


def _part(name: str) -> Part:
    if name not in PARTS:
        raise PartMissing(f"{name}: no such part; known are {', '.join(PARTS)}")
    return PARTS[name]


def _launcher(name: str) -> Path:
    return cache_folder() / "parts" / "bin" / name


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "parts.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _unpack(name: str, part: Part) -> None:
    roots = [cache_folder() / "parts" / f"{part.packages[0]}{suffix}" for suffix in ("", f"-{FALLBACK_SUITE}")]
    root = next((root for root in roots if (root / part.executable).exists()), None)
    if root is None:
        apt, root = _Apt.of_this_distribution(), roots[0]
        missing = apt.closure(part.packages)
        if missing is None:
            apt, root = _Apt.of_fallback_suite(), roots[1]
            missing = apt.closure(part.packages)
        if missing is None:
            raise PartMissing(
                f"{name}: neither this distribution nor Debian {FALLBACK_SUITE} offers {', '.join(part.packages)};"
                f" install it yourself or set ${part.environment}"
            )
        # Also what dpkg thinks is installed: the program was looked for and is not there.
        apt.unpack(list(dict.fromkeys([*missing, *part.packages])), root)
    if not (root / part.executable).exists():
        raise PartMissing(f"{name}: Debian's {part.packages[0]} holds no {part.executable}; set ${part.environment}")
    _write_launcher(_launcher(name), root, part.executable, own_loader=root == roots[1])


def _write_launcher(launcher: Path, root: Path, executable: str, *, own_loader: bool) -> None:
    libraries = sorted({str(path.parent.relative_to(root)) for path in root.rglob("lib*.so*")})
    search = ":".join(f"$root/{folder}" for folder in libraries)
    if own_loader:
        loader = next(iter(sorted(root.rglob("ld-linux*.so*"))), None)
        if loader is None:
            raise PartMissing(
                f"{launcher.name}: the unpacked packages hold no program loader; set its environment variable"
            )
        start = f'exec "$root/{loader.relative_to(root)}" --library-path "{search}" "$root/{executable}" "$@"'
    else:
        start = f'LD_LIBRARY_PATH="{search}${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}" exec "$root/{executable}" "$@"'
    if (root / "usr/share/fonts").is_dir():
        (root / "fonts.conf").write_text(FONTS_CONFIGURATION)
        start = f'[ -e /etc/fonts/fonts.conf ] || export FONTCONFIG_FILE="$root/fonts.conf"\n{start}'
    launcher.parent.mkdir(parents=True, exist_ok=True)
    unfinished = launcher.with_suffix(".new")
    # No dirname: the bench starts MicroPython at every wake of a station, and a fork there costs more than the rest.
    unfinished.write_text(f'#!/bin/sh\nroot="${{0%/*}}/../{root.name}"\n{start}\n')
    unfinished.chmod(0o755)
    unfinished.replace(launcher)


class _Apt:
    """apt with package lists and downloads of its own, so that no root and no change to the system is needed."""

    def __init__(self, folder: Path, options: list[str]) -> None:
        self.folder = folder
        self.options = [f"Dir::State::lists={folder}/lists", f"Dir::Cache={folder}/cache", *options]
        for sub in ("lists/partial", "cache/archives/partial"):
            (folder / sub).mkdir(parents=True, exist_ok=True)
        updated = folder / "updated"
        if not updated.exists() or time.time() - updated.stat().st_mtime > PACKAGE_LIST_MAX_AGE_S:
            done = self._run(["update"])
            if done.returncode != 0:
                raise PartMissing(f"apt could not read the package lists: {_last_line(done.stderr)}; check the network")
            updated.touch()

    @classmethod
    def of_this_distribution(cls) -> "_Apt":
        return cls(cache_folder() / "apt" / "native", [])

    @classmethod
    def of_fallback_suite(cls) -> "_Apt":
        folder = cache_folder() / "apt" / FALLBACK_SUITE
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "sources.list").write_text(
            f"deb [signed-by={DEBIAN_KEYRING}] {_debian_mirror()} {FALLBACK_SUITE} main\n"
        )
        # As if nothing were installed: the suite's own C library is wanted beside the program.
        (folder / "nothing-installed").touch()
        return cls(
            folder,
            [
                f"Dir::Etc::sourcelist={folder}/sources.list",
                "Dir::Etc::sourceparts=/dev/null",
                f"Dir::State::status={folder}/nothing-installed",
            ],
        )

    def closure(self, packages: tuple[str, ...]) -> list[str] | None:
        """Return the packages that installing these would add, or None where one is not offered."""
        done = self._run(["install", "--simulate", "--no-install-recommends", *packages])
        if done.returncode != 0:
            return None
        return [line.split()[1] for line in done.stdout.splitlines() if line.startswith("Inst ")]

    def unpack(self, packages: list[str], root: Path) -> None:
        """Download these packages and unpack them into `root`; `root` is there only when all of them are in it."""
        unfinished = root.with_name(f"{root.name}.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        archives = unfinished / "archives"
        archives.mkdir(parents=True)
        done = self._run(["download", *packages], archives)
        found = sorted(archives.glob("*.deb"))
        if done.returncode != 0 or len(found) != len(packages):
            raise PartMissing(
                f"apt could not download {', '.join(packages)}: {_last_line(done.stderr)}; check the network"
            )
        for archive in found:
            extracted = subprocess.run(
                ["dpkg", "-x", str(archive), str(unfinished)],
                capture_output=True,
                text=True,
                timeout=APT_TIMEOUT_S,
                check=False,
            )
            if extracted.returncode != 0:
                raise PartMissing(
                    f"{archive.name} could not be unpacked: {_last_line(extracted.stderr)}; is the disk full?"
                )
        shutil.rmtree(archives)
        shutil.rmtree(root, ignore_errors=True)
        unfinished.rename(root)

    def _run(self, words: list[str], folder: Path | None = None) -> subprocess.CompletedProcess[str]:
        options = [argument for option in self.options for argument in ("-o", option)]
        environment = {**os.environ, "LC_ALL": "C"}
        return subprocess.run(
            ["apt-get", "-q", *options, *words],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=APT_TIMEOUT_S,
            check=False,
        )


def _debian_mirror() -> str:
    """Return the address this machine's apt fetches Debian from."""
    asked = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(SITE) $(REPO_URI) $(CODENAME)", "Created-By: Packages"],
        capture_output=True,
        text=True,
        timeout=APT_TIMEOUT_S,
        check=False,
    )
    for line in asked.stdout.splitlines():
        site, repository, codename = [*line.split(), "", "", ""][:3]
        if repository.rstrip("/").endswith("/debian") and "-" not in codename:
            return repository or site
    raise PartMissing(f"apt names no Debian mirror to fetch {FALLBACK_SUITE} packages from")


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "apt said nothing"


def main() -> int:
    """Find or fetch the parts named; exit status 1 where one cannot be had."""
    parser = argparse.ArgumentParser(
        prog="python -m rivergauge.parts", description=(__doc__ or "").partition("\n\n")[0]
    )
    parser.add_argument("names", nargs="+", metavar="PART", help=f"one or more of {', '.join(PARTS)}")
    status = 0
    for name in parser.parse_args().names:
        try:
            print(f"{name}: {fetch(name)}", flush=True)
        except PartMissing as missing:
            print(missing, file=sys.stderr, flush=True)
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
