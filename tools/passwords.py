"""Makes the passwords that docker-compose.yml needs, and those of the machines; there are no default ones.

    python3 tools/passwords.py init                        what the containers need, once
    python3 tools/passwords.py add demo/packing/l1/m001    a user for a machine; prints its password, once
    python3 tools/passwords.py remove demo/packing/l1/m001
    python3 tools/passwords.py list

All of it lies in `secrets/`, which only its owner can enter. Only the standard library is used.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import os
import re
import secrets
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "secrets"
TOKENS = ("mqtt_password", "mqtt_health_password", "influx_password", "influx_admin_token", "grafana_password")
SERVICE_USERS = {"@edge": "mqtt_password", "@health": "mqtt_health_password"}
USERS = "mosquitto_users"
ASSET = re.compile(r"[A-Za-z0-9_.-]{1,64}(/[A-Za-z0-9_.-]{1,64}){0,3}")
ITERATIONS = 101  # mosquitto's default; the passwords are 192 random bits, which no stretching makes better


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where they lie (default: secrets/)")
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("init", help="make what is missing; what is there stays")
    actions.add_parser("list", help="users of the broker")
    for name, text in (("add", "new user with a new password"), ("remove", "take a user away")):
        action = actions.add_parser(name, help=text)
        action.add_argument("asset", type=asset_path, help="site/area/line/machine, or a line for its gateway")
    given = parser.parse_args(arguments)
    if given.action == "init":
        initialise(given.folder)
    elif given.action == "list":
        print("\n".join(read_users(given.folder)))
    elif given.action == "add":
        print(add_user(given.folder, given.asset, new_token()))
    elif not remove_user(given.folder, given.asset):
        print(f"there is no user {given.asset}", file=sys.stderr)
        return 1
    return 0


def asset_path(text: str) -> str:
    if not ASSET.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no asset path: one to four levels of A-Z a-z 0-9 _ . - with /")
    return text


def initialise(folder: Path) -> None:
    """Make the folder, the tokens and the service's users; nothing that exists is changed."""
    for name in TOKENS:
        if not (folder / name).exists():
            write(folder / name, new_token())
    users = read_users(folder)
    for user, token in SERVICE_USERS.items():
        if user not in users:
            add_user(folder, user, (folder / token).read_text())
    print(f"ready: {folder}")


def new_token() -> str:
    return secrets.token_urlsafe(24)


def add_user(folder: Path, user: str, password: str) -> str:
    """Write the user with the hash of `password`, instead of an older entry; returns the password."""
    users = read_users(folder)
    users[user] = hashed(password)
    write_users(folder, users)
    return password


def remove_user(folder: Path, user: str) -> bool:
    users = read_users(folder)
    known = users.pop(user, None) is not None
    write_users(folder, users)
    return known


def hashed(password: str) -> str:
    """In mosquitto's form 7: PBKDF2 with SHA-512, as `$7$iterations$salt$hash`."""
    salt = os.urandom(12)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ITERATIONS)
    return f"$7${ITERATIONS}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


def read_users(folder: Path) -> dict[str, str]:
    """User -> hash."""
    file = folder / USERS
    lines = file.read_text().splitlines() if file.exists() else []
    return dict(line.split(":", 1) for line in lines if ":" in line)


def write_users(folder: Path, users: dict[str, str]) -> None:
    write(folder / USERS, "".join(f"{user}:{digest}\n" for user, digest in sorted(users.items())))


def write(file: Path, text: str) -> None:
    """Whole or not at all. The file is open, as users have other numbers in a container; its folder is closed."""
    file.parent.mkdir(mode=0o700, exist_ok=True)
    new = file.with_suffix(".new")
    new.write_text(text)
    new.chmod(0o644)
    new.replace(file)


if __name__ == "__main__":
    sys.exit(main())
