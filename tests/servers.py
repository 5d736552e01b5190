"""Programs of others that tests start (mosquitto, chromium): where they are, or that they are missing."""

from __future__ import annotations

import os
import shutil

PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/local/sbin:/usr/sbin"  # where Debian puts servers


class ServerMissing(Exception):
    """A test cannot run here; the message says what it needs. `installable`: a failure in CI, where it must be there;
    elsewhere, and where it cannot be had from Debian's packages, a skip that is named."""

    def __init__(self, message: str, *, installable: bool = True) -> None:
        super().__init__(message)
        self.installable = installable


def find(package: str, *programs: str) -> str:
    """The path of the first of `programs` (by default: named like the Debian package); ServerMissing without any."""
    for program in programs or (package,):
        if path := shutil.which(program, path=PATH):
            return path
    raise ServerMissing(f"{package} is not installed (sudo apt-get install {package})")
