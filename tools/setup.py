"""Sets up what `make demo` and `make test` need: a virtual environment, the pinned packages, and a few Debian programs.

Only the standard library is used, because this runs before anything is installed. A second run finds its stamp and
ends at once. `python3 tools/setup.py demo` leaves out what only tests need; `--no-system` installs no Debian package.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCK = ROOT / "requirements.lock"
STAMP = VENV / "setup.stamp"  # the pins and projects that this environment was made from
REFUSED = VENV / "system.refused"  # Debian packages that could not be installed, so that nobody waits for them twice

OLDEST, NEWEST = (3, 11), (3, 13)
SBIN = "/usr/local/sbin:/usr/sbin"  # Debian puts mosquitto there, and a user's PATH often lacks it

PROGRAMS = {
    "mosquitto": (("mosquitto",), "the tests with a real broker are skipped, and the demo uses amqtt"),
    "mosquitto-clients": (("mosquitto_pub",), "the commands of the documentation that publish cannot be typed"),
    "curl": (("curl",), "the commands of the documentation that ask over HTTP cannot be typed"),
    "chromium": (("chromium", "chromium-browser", "google-chrome"), "the tests of the page are skipped"),
}
"""Debian package: the programs of which one must be on PATH, and what is missing without it."""

WANTED = {"demo": ("mosquitto", "mosquitto-clients", "curl"), "test": ("mosquitto", "chromium")}


class SetupError(Exception):
    """The set-up cannot go on; the message says what the user can do."""


def main() -> int:
    """Exit status 0 when everything is ready, 2 with a message where the user has to do something."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("purpose", choices=sorted(WANTED), nargs="?", default="test")
    parser.add_argument("--no-system", action="store_true", help="install no Debian packages")
    arguments = parser.parse_args()
    try:
        use_fitting_python()
        if not is_current():
            make_environment(arguments.no_system)
            install_packages()
        provide_programs(WANTED[arguments.purpose], arguments.no_system)
    except SetupError as error:
        say(f"set-up stopped: {error}")
        return 2
    return 0


def say(text: str) -> None:
    print(f"setup: {text}", flush=True)


# --- Python and the packages ---------------------------------------------------------------------


def use_fitting_python() -> None:
    """Start again under a Python of the supported range if this one is outside of it and another is on PATH."""
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        return
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        other = shutil.which(f"python3.{minor}")
        if other and subprocess.run([other, "-c", ""], check=False, capture_output=True).returncode == 0:
            os.execv(other, [other, *sys.argv])
    found = ".".join(str(part) for part in sys.version_info[:2])
    if sys.version_info[:2] < OLDEST:
        raise SetupError(
            f"Python 3.11 or newer is needed, this is {found}; install one, or run: make PYTHON=python3.13"
        )
    say(f"Python {found} is newer than what is tested (3.11 to 3.13)")


def projects() -> list[Path]:
    """The core and every plugin folder; each is a distribution of its own."""
    return [ROOT, *sorted(file.parent for file in ROOT.glob("plugins/*/pyproject.toml"))]


def fingerprint() -> str:
    """Changes with whatever decides what is installed: pins, project files, place of the checkout, this file."""
    digest = hashlib.sha256(str(ROOT).encode())
    for file in (LOCK, Path(__file__), *(folder / "pyproject.toml" for folder in projects())):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def is_current() -> bool:
    if not STAMP.is_file() or STAMP.read_text().strip() != fingerprint():
        return False
    return PYTHON.exists()  # false as well where the Python it links to has gone


def make_environment(no_system: bool) -> None:
    """Create `.venv` unless there is one that works."""
    if VENV.exists() and environment_works():
        return
    bare = importlib.util.find_spec("ensurepip") is None and not install_venv_package(no_system)
    say(f"creating {VENV.name} with Python {sys.version.split()[0]}")
    source = getattr(sys, "_base_executable", sys.executable)
    without = ["--without-pip"] if bare else []
    run_or_stop([source, "-m", "venv", "--clear", *without, str(VENV)], "the virtual environment could not be created")
    if bare:
        bring_pip()


def environment_works() -> bool:
    test = f"import sys, pip; sys.exit(sys.version_info[:2] < {OLDEST})"
    try:
        return subprocess.run([PYTHON, "-c", test], check=False, capture_output=True).returncode == 0
    except OSError:
        return False


def venv_package() -> str:
    """Debian and Ubuntu keep `ensurepip`, without which no virtual environment has pip, in a package of its own."""
    own = Path("/usr/bin/python3").resolve() == Path(sys.executable).resolve()
    return "python3-venv" if own else f"python3.{sys.version_info[1]}-venv"


def install_venv_package(no_system: bool) -> bool:
    """Whether this Python has `ensurepip` now."""
    if no_system or not install_debian([venv_package()]):
        return False
    importlib.invalidate_caches()
    return True


def bring_pip() -> None:
    """Put pip into `.venv` where nothing can be installed: anybody may download a Debian package and unpack it."""
    say("bringing pip from the Debian package python3-pip-whl")
    with tempfile.TemporaryDirectory(prefix="edge-setup-") as folder:
        Path(folder, "lists/partial").mkdir(parents=True)  # lists of our own: a new machine has none
        apt = ["apt-get", "-qq", f"-oDir::State::lists={folder}/lists", f"-oDir::Cache={folder}/cache"]
        if succeeds([*apt, "update"], folder) and succeeds([*apt, "download", "python3-pip-whl"], folder):
            for package in Path(folder).glob("*.deb"):
                succeeds(["dpkg-deb", "-x", str(package), folder])
        for wheel in Path(folder).glob("usr/share/python-wheels/pip-*.whl"):
            if succeeds([str(PYTHON), f"{wheel}/pip", "install", "--no-index", str(wheel)]):
                return
    raise SetupError(f"this Python has no ensurepip; install the Debian package: sudo apt-get install {venv_package()}")


def install_packages() -> None:
    """Install the pinned packages, each checked against its hash, then this checkout in editable form."""
    STAMP.unlink(missing_ok=True)
    pins = sum("==" in line for line in LOCK.read_text().splitlines())
    say(f"installing {pins} pinned packages (the first time takes a minute)")
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run_or_stop([*pip, "--require-hashes", "--requirement", str(LOCK)], "the packages could not be installed")
    editable = [part for folder in projects() for part in ("--editable", str(folder))]
    run_or_stop([*pip, "--no-deps", "--no-build-isolation", *editable], "this checkout could not be installed")
    STAMP.write_text(fingerprint() + "\n")


def run_or_stop(command: list[str], problem: str) -> None:
    if subprocess.run(command, check=False, stdin=subprocess.DEVNULL).returncode != 0:
        raise SetupError(f"{problem} (what failed is printed above)")


# --- programs from Debian ------------------------------------------------------------------------


def provide_programs(packages: tuple[str, ...], no_system: bool) -> None:
    """Install the Debian packages whose programs are missing, or say what will be missing without them."""
    missing = [package for package in packages if not is_present(package)]
    if missing and not no_system and not was_refused(missing):
        installed = install_debian(missing)
        missing = [package for package in missing if not is_present(package)]
        if missing and not installed:
            REFUSED.write_text("\n".join(missing) + "\n")
    for package in missing:
        programs, loss = PROGRAMS[package]
        say(f"{programs[0]} is missing: {loss}. Install it with: sudo apt-get install {package}")


def is_present(package: str) -> bool:
    path = f"{os.environ.get('PATH', os.defpath)}:{SBIN}"
    return any(shutil.which(program, path=path) for program in PROGRAMS[package][0])


def was_refused(packages: list[str]) -> bool:
    """Whether all of them failed before; CI tries every time."""
    if os.environ.get("CI") or not REFUSED.is_file():
        return False
    return set(packages) <= set(REFUSED.read_text().split())


def install_debian(packages: list[str]) -> bool:
    """True when apt-get installed them; False without apt-get or the right to use it."""
    prefix = root_prefix()
    if prefix is None or not shutil.which("apt-get"):
        return False
    say(f"installing the Debian packages {' '.join(packages)}")
    apt = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "-o", "DPkg::Lock::Timeout=120"]
    install = [*apt, "install", "-y", "--no-install-recommends", *packages]
    if succeeds(install):
        return True
    return succeeds([*apt, "update"]) and succeeds(install)  # a new machine has no lists yet, an old one stale ones


def root_prefix() -> list[str] | None:
    """What makes a command run as root: nothing, sudo where it asks no password, or None where there is no way."""
    if os.geteuid() == 0:
        return []
    return ["sudo", "-n"] if shutil.which("sudo") and succeeds(["sudo", "-n", "true"]) else None


def succeeds(command: list[str], folder: str | None = None) -> bool:
    try:
        result = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, capture_output=True, cwd=folder)
    except OSError:  # there is no such program
        return False
    return result.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
