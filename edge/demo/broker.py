"""Which broker the demo runs: mosquitto where there is one, else amqtt, which comes with the extra `demo`."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from pathlib import Path
from typing import NamedTuple

MOSQUITTO = "mosquitto"
BESIDE_PATH = ("/usr/sbin", "/usr/local/sbin")  # where Debian keeps it, and a user's PATH often does not look
LINES = (
    "allow_anonymous true",
    "persistence false",
    "max_queued_messages 1000000",
    "max_inflight_messages 1000",
    "max_packet_size 1048576",
    "log_dest stderr",
    "log_type error",
    "log_type warning",
)


class BrokerPlan(NamedTuple):
    """How to start a broker, and the MQTT version that it speaks."""

    name: str
    command: tuple[str, ...]
    protocol: str


def find_mosquitto() -> str | None:
    """Its path; None where it is not installed."""
    search = os.pathsep.join([os.environ.get("PATH", os.defpath), *BESIDE_PATH])
    return shutil.which(MOSQUITTO, path=search)


def plan_broker(port: int, folder: Path) -> BrokerPlan | None:
    """A broker on loopback at `port`, configured in `folder`; None where neither broker is installed."""
    executable = find_mosquitto()
    if executable is not None:
        file = folder / "mosquitto.conf"
        user = ["user root"] if os.geteuid() == 0 else []  # a change of user would cut the tie to its parent's life
        file.write_text("\n".join((f"listener {port} 127.0.0.1", *user, *LINES)) + "\n", encoding="utf-8")
        return BrokerPlan(MOSQUITTO, (executable, "-c", str(file)), "5")
    if importlib.util.find_spec("amqtt") is not None:
        return BrokerPlan("amqtt", (sys.executable, "-m", "edge.demo.amqtt_broker", str(port)), "3.1.1")
    return None
