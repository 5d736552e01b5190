"""The service file (config/edge.toml): where it listens, what it keeps, and how much of it."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator

from edge.clock import from_datetime
from edge.settings.mappings import MappingSettings
from edge.settings.values import LEVEL, LEVEL_HINT, Day, Name, NotNegative, Positive, Strict, as_level, refusal

MQTT_PORTS = {"mqtt": 1883, "mqtts": 8883}
HTTP_PORTS = {"http": 8086, "https": 443}
MAX_PORT = 65_535
HOST_PORT = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^:\[\]]*)(?::(?P<port>[^:]*))?")
SECRETS = {("mqtt", "password"): "password_file", ("influx", "token"): "token_file"}

FilePath = Annotated[Path, Field(strict=False)]
Secret = Annotated[SecretStr | None, Field(exclude=True, repr=False)]
Port = Annotated[int, Field(ge=1, le=MAX_PORT)]


def _checked(url: str, ports: Mapping[str, int]) -> SplitResult:
    """The parts of a URL whose scheme is one of `ports`, with a host and without a user; raises a refusal otherwise."""
    parts = urlsplit(url if "://" in url else f"//{url}")
    scheme = parts.scheme if parts.scheme in ports else next(iter(ports))
    match = HOST_PORT.fullmatch(parts.netloc.rpartition("@")[2])
    host, port = (match["host"], match["port"] or "") if match else ("", "")
    number = int(port) if port.isdecimal() and 0 < int(port) <= MAX_PORT else ports[scheme]
    near = f"{scheme}://{host or '127.0.0.1'}:{number}"
    if parts.scheme not in ports:
        raise refusal(f"must begin with {' or '.join(f'{one}://' for one in ports)}", near=near)
    if "@" in parts.netloc:
        raise refusal("must not hold a user or password: they have settings of their own", near=near)
    if port and port != str(number):
        raise refusal(f"must have a port from 1 to {MAX_PORT}", near=near)
    if not host:
        raise refusal("must name a host", near=near)
    return parts


def _mqtt_url(url: str) -> str:
    parts = _checked(url, MQTT_PORTS)
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise refusal("must end after host and port", near=f"{parts.scheme}://{parts.netloc}")
    return url


def _http_url(url: str) -> str:
    if url:
        _checked(url, HTTP_PORTS)
    return url


def _root(text: str) -> str:
    levels = text.split("/")
    if not all(LEVEL.fullmatch(level) for level in levels):
        mended = "/".join(as_level(level) or level for level in levels if level.strip("+#"))
        raise refusal(f"must be levels of {LEVEL_HINT} with / between, without + and #", near=mended or None)
    return text


def _protocol(value: Any) -> Any:
    return "5" if value == 5 and not isinstance(value, bool) else value  # protocol = 5 reads naturally


class ServiceSection(Strict):
    data_dir: FilePath = Path("data")
    log_format: Literal["console", "json"] = "console"
    log_level: Literal["debug", "info", "warning", "error"] = "info"


class MqttSettings(Strict):
    """The broker. `password` comes from EDGE__MQTT__PASSWORD or `password_file`, never from the file."""

    url: Annotated[str, AfterValidator(_mqtt_url)] = "mqtt://127.0.0.1:1883"
    protocol: Annotated[Literal["5", "3.1.1"], BeforeValidator(_protocol)] = "5"
    client_id: Name = "shopfloor-edge"
    root: Annotated[str, AfterValidator(_root)] = "shopfloor/v1"
    username: Name | None = None
    password: Secret = None
    password_file: FilePath | None = None
    ca_file: FilePath | None = None
    cert_file: FilePath | None = None
    key_file: FilePath | None = None
    receive_maximum: int = Field(default=1000, ge=1, le=65_535)
    keep_alive_s: int = Field(default=15, ge=1, le=65_535)
    session_expiry_s: int = Field(default=7 * 86_400, ge=0, le=4_294_967_295)
    max_packet_bytes: int = Field(default=1_048_576, ge=1024, le=268_435_455)
    received_property: bool = False

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        parts = urlsplit(self.url)
        return parts.port or MQTT_PORTS[parts.scheme]

    @property
    def tls(self) -> bool:
        return urlsplit(self.url).scheme == "mqtts"

    @model_validator(mode="after")
    def _certificates_fit(self) -> "MqttSettings":
        if (self.cert_file is None) != (self.key_file is None):
            there, missing = ("cert_file", "key_file") if self.key_file is None else ("key_file", "cert_file")
            raise refusal(f"needs mqtt.{missing} beside it", at=(there,))
        given = [name for name in ("ca_file", "cert_file") if getattr(self, name) is not None]
        if given and not self.tls:
            near = self.url.replace("mqtt://", "mqtts://", 1)
            raise refusal(f"must begin with mqtts:// where mqtt.{given[0]} is set", near=near, at=("url",))
        return self


class JournalSettings(Strict):
    """How the journal is cut, committed and thinned; whole closed segments go when any retention limit is passed."""

    segment_mb: Positive = 256.0
    segment_hours: Positive = 24.0
    retention_days: Positive = 30.0
    retention_gb: Positive = 20.0
    max_gb: Positive = 100.0
    reserve_mb: NotNegative = 16.0

    @model_validator(mode="after")
    def _limits_fit(self) -> "JournalSettings":
        if self.max_gb < self.retention_gb:
            raise refusal(f"must not be less than journal.retention_gb ({self.retention_gb:g})", at=("max_gb",))
        return self


class StoreSettings(Strict):
    """How many days each kind of derived record is kept."""

    readings_days: Positive = 30.0
    minute_days: Positive = 400.0
    hour_days: Positive = 3650.0
    events_days: Positive = 3650.0
    history: Literal["embedded", "influx"] = "embedded"
    assessments_days: Positive = 400.0


class ApiSettings(Strict):
    host: Name = "127.0.0.1"
    port: Port = 8080


class InfluxSettings(Strict):
    """The time series server; an empty `url` is off. `token` comes from EDGE__INFLUX__TOKEN or `token_file`."""

    url: Annotated[str, AfterValidator(_http_url)] = ""
    org: Name = "shopfloor"
    bucket: Name = "shopfloor"
    token: Secret = None
    token_file: FilePath | None = None
    windows_every_s: Positive = 15.0

    def current_token(self) -> str:
        """The token as it is now: a file may have been written anew since the start. OSError without it."""
        if self.token_file is not None:
            return self.token_file.read_text(encoding="utf-8").strip()
        return "" if self.token is None else self.token.get_secret_value()


class PluginSettings(Strict):
    """Which plugins there are, and whose monitors run in the service's own process."""

    directory: FilePath = Path("plugins.d")
    disabled: Annotated[tuple[Name, ...], Field(strict=False)] = ()
    in_process: Annotated[tuple[Name, ...], Field(strict=False)] = ("maintenance",)
    memory_mb: Positive = 256.0


class EventSettings(Strict):
    """Bounds on what a message may say."""

    clock_ahead_tolerance_s: NotNegative = 60.0
    far_future_s: Positive = 366 * 86_400.0
    oldest: Day = date(2000, 1, 1)
    max_payload_bytes: int = Field(default=262_144, ge=1)
    lateness_limit_s: NotNegative = 86_400.0

    @property
    def oldest_us(self) -> int:
        """Start of the oldest day believed, in UTC, as microseconds since 1970."""
        return from_datetime(datetime(self.oldest.year, self.oldest.month, self.oldest.day, tzinfo=UTC))


class MonitorSettings(Strict):
    """How machines are watched: in event time, so that nothing depends on when messages are taken."""

    reorder_s: NotNegative = 2.0
    bundle_s: NotNegative = 120.0
    tick_s: NotNegative = 60.0
    history_s: Positive = 300.0


class ServiceSettings(Strict):
    service: ServiceSection = ServiceSection()
    mqtt: MqttSettings = MqttSettings()
    journal: JournalSettings = JournalSettings()
    store: StoreSettings = StoreSettings()
    api: ApiSettings = ApiSettings()
    influx: InfluxSettings = InfluxSettings()
    plugins: PluginSettings = PluginSettings()
    monitors: MonitorSettings = MonitorSettings()
    events: EventSettings = EventSettings()
    mappings: Annotated[tuple[MappingSettings, ...], Field(strict=False)] = ()

    @model_validator(mode="after")
    def _payloads_fit_in_packets(self) -> "ServiceSettings":
        limit = self.mqtt.max_packet_bytes
        if self.events.max_payload_bytes > limit:
            raise refusal(f"must not be more than mqtt.max_packet_bytes ({limit})", at=("events", "max_payload_bytes"))
        return self

    @model_validator(mode="after")
    def _history_is_somewhere(self) -> "ServiceSettings":
        if self.store.history == "influx" and not self.influx.url:
            raise refusal("needs influx.url beside it", near="embedded", at=("store", "history"))
        return self
