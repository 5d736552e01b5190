"""What is remembered of the broker session over a restart: who we were there, and the last connection's number."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from edge.mqtt.options import MqttOptions


class Session(msgspec.Struct, frozen=True):
    """`identity` names broker and client: with another of either no session is to be expected. `filters` are what the
    broker has been asked for."""

    identity: str
    epoch: int
    filters: tuple[str, ...] = ()


def identity_of(options: MqttOptions) -> str:
    return f"{options.client_id}@{options.broker}"


def giving_up(options: MqttOptions, session: Session | None) -> MqttOptions:
    """The options, with what the session was asked for and nobody wants any more as `former`."""
    former = () if session is None else tuple(one for one in session.filters if one not in options.filters)
    return msgspec.structs.replace(options, former=former)


def read_session(directory: Path) -> Session | None:
    """None at the first start, or where the file is unreadable."""
    try:
        return msgspec.json.decode((directory / "session").read_bytes(), type=Session)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def write_session(directory: Path, session: Session) -> None:
    """Durably; the old one stays until the new one is whole. OSError where the disk will not."""
    fresh = directory / "session.new"
    with fresh.open("wb") as file:
        file.write(msgspec.json.encode(session))
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(directory / "session")
