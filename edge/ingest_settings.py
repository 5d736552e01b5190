"""The ingest process's configuration, from the settings of the service."""

from __future__ import annotations

from pathlib import Path

from edge.ingest.config import IngestConfig
from edge.journal.limits import GIB, MIB, JournalLimits
from edge.mapping import covers, subscription
from edge.mqtt.options import MqttOptions
from edge.settings.service import JournalSettings, ServiceSettings


def ingest_config(settings: ServiceSettings, journal: Path) -> IngestConfig:
    """What the ingest process is told at its start; `journal` is the directory of the journal."""
    return IngestConfig(journal=str(journal), mqtt=_mqtt(settings), limits=_limits(settings.journal))


def filters(settings: ServiceSettings) -> tuple[str, ...]:
    """What to subscribe to: our own topics, and those of the mappings that lie elsewhere. None lies within another,
    since some brokers deliver a message once for each."""
    every = dict.fromkeys([f"{settings.mqtt.root}/#", *(subscription(mapping.topic) for mapping in settings.mappings)])
    return tuple(one for one in every if not any(other != one and covers(other, one) for other in every))


def _mqtt(settings: ServiceSettings) -> MqttOptions:
    mqtt = settings.mqtt
    return MqttOptions(
        url=mqtt.url,
        client_id=mqtt.client_id,
        filters=filters(settings),
        protocol=mqtt.protocol,
        username=mqtt.username,
        secret=mqtt.password.get_secret_value() if mqtt.password and not mqtt.password_file else None,
        password_file=_text(mqtt.password_file),
        ca_file=_text(mqtt.ca_file),
        cert_file=_text(mqtt.cert_file),
        key_file=_text(mqtt.key_file),
        receive_maximum=mqtt.receive_maximum,
        keep_alive_s=mqtt.keep_alive_s,
        session_expiry_s=mqtt.session_expiry_s,
        max_packet_bytes=mqtt.max_packet_bytes,
        received_property=mqtt.received_property,
    )


def _limits(journal: JournalSettings) -> JournalLimits:
    return JournalLimits(
        segment_bytes=round(journal.segment_mb * MIB),
        segment_age_s=journal.segment_hours * 3600,
        retention_bytes=round(journal.retention_gb * GIB),
        retention_age_s=journal.retention_days * 86_400,
        max_bytes=round(journal.max_gb * GIB),
        reserve_bytes=round(journal.reserve_mb * MIB),
    )


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)
