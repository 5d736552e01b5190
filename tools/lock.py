"""Writes requirements.lock: every package the project needs, pinned, with hashes, for Python 3.11 to 3.13.

One file in three sections: what runs in production, what builds the project, what tests and demonstrates it. The
sections start with the lines `# --- runtime`, `# --- build` and `# --- development`, so that an image can take only the
first two. Needs the network; `make lock` runs it.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
BUILD = ("hatchling", "editables")  # editables: hatchling needs it for `pip install --editable`
RUNTIME_EXTRAS = ("influx",)
EXTRAS = (*RUNTIME_EXTRAS, "demo", "dev", "parquet")

HEAD = """\
# Pinned versions with the hashes of their files, for Python 3.11 to 3.13. Written by `make lock`, never by hand.
# What may be used instead of a pin is in pyproject.toml.
"""


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        venv.create(place / "venv", with_pip=True)
        subprocess.run([place / "venv/bin/python", "-m", "pip", "install", "--quiet", "uv"], check=True)
        LOCK.write_text(compose(place))
    return 0


def compose(place: Path) -> str:
    """The text of the lock; each section leaves out what a section before it has pinned."""
    (place / "build.in").write_text("\n".join(BUILD) + "\n")
    runtime = resolve(place, [*(f"--extra={name}" for name in RUNTIME_EXTRAS), str(ROOT / "pyproject.toml")])
    (place / "runtime.txt").write_text("".join(runtime.values()))
    everything = resolve(
        place,
        [
            *(f"--extra={name}" for name in EXTRAS),
            f"--constraint={place / 'runtime.txt'}",
            str(ROOT / "pyproject.toml"),
            str(place / "build.in"),
        ],
    )
    (place / "all.txt").write_text("".join(everything.values()))
    build = resolve(place, [f"--constraint={place / 'all.txt'}", str(place / "build.in")])
    sections = {"runtime": runtime, "build": build, "development": everything}
    text, seen = HEAD, set[str]()
    for title, pins in sections.items():
        text += f"\n# --- {title}\n" + "".join(pin for name, pin in pins.items() if name not in seen)
        seen |= pins.keys()
    return text


def resolve(place: Path, arguments: list[str]) -> dict[str, str]:
    """Package name -> its pin with marker and hashes, or its pins where they differ from Python to Python."""
    command = [
        str(place / "venv/bin/uv"),
        "pip",
        "compile",
        "--universal",
        "--python-version=3.11",
        "--generate-hashes",
        "--fork-strategy=fewest",  # one version for every Python, so that all of them compute and check the same
    ]
    command += ["--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links", "--quiet", *arguments]
    text = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout
    pins = re.findall(r"^([A-Za-z0-9._-]+)(==.*(?:\n[ \t]+.*)*\n)", text, flags=re.MULTILINE)
    found: dict[str, str] = {}
    for name, rest in pins:
        found[name] = found.get(name, "") + name + rest
    return found


if __name__ == "__main__":
    sys.exit(main())
