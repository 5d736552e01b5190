"""The command `edge`. Imports of what a command does are inside it, so that `edge --help` answers at once."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from edge.settings.load import Settings, SettingsError

app = typer.Typer(
    help="Edge service for shop-floor data: MQTT in; OEE, yield and maintenance out.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # plain help: rich costs more to import than all the rest of it
    pretty_exceptions_enable=False,
)

ConfigDir = Annotated[
    Path, typer.Option("--config", metavar="DIR", help="Where edge.toml and plant.toml are.", show_default=True)
]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="SECTION.KEY=VALUE", help="A setting of edge.toml; may be repeated."),
]
Rate = Annotated[
    float,
    typer.Option(min=0, help="1: the past at once, then real time; more: so many times as fast; 0: only the past."),
]
Seed = Annotated[int, typer.Option(help="The same seed makes the same plant.")]
BackfillHours = Annotated[float, typer.Option("--backfill-hours", min=0, help="Hours of the past to publish first.")]
Seconds = Annotated[float | None, typer.Option("--seconds", min=0, help="Stop after so long.")]
CONFIG = Path("config")


@app.command()
def run(config: ConfigDir = CONFIG, overrides: Overrides = None) -> None:
    """Run the service until SIGTERM or Ctrl-C."""
    settings = _settings(config, overrides)
    from edge.service import run as run_service

    raise typer.Exit(run_service(settings))


@app.command()
def demo(
    config: ConfigDir = CONFIG,
    overrides: Overrides = None,
    rate: Rate = 1.0,
    seed: Seed = 1,
    backfill_h: BackfillHours = 8.0,
    port: Annotated[
        int | None, typer.Option(min=1, max=65_535, help="Of the page; default: api.port, or a free one.")
    ] = None,
    browser: Annotated[bool, typer.Option(help="Open the page in a browser, where there is a screen.")] = True,
    duration_s: Seconds = None,
) -> None:
    """Run a broker, a simulated plant, the service and its page in one go."""
    settings = _settings(config, overrides)
    from edge.demo import demo as run_demo

    raise typer.Exit(
        run_demo(
            settings,
            overrides=overrides or (),
            rate=rate,
            seed=seed,
            backfill_h=backfill_h,
            port=port,
            browser=browser,
            duration_s=duration_s,
        )
    )


@app.command()
def check(config: ConfigDir = CONFIG, overrides: Overrides = None) -> None:
    """Check the settings; on a mistake print file, line, key and value, and end with status 78. Plugins that cannot be
    used, what fails on a made-up hour or does not add up, and settings that no plugin has, are named; with them the
    service starts all the same."""
    from edge.host import load
    from edge.settings.references import advice
    from edge.trial import tried

    settings = _settings(config, overrides)
    plant, plugins = settings.plant, settings.service.plugins
    host = load(plugins.directory, disabled=plugins.disabled)
    typer.echo(
        f"{config}: all right (sites {len(plant.sites)}, lines {len(plant.lines)},"
        f" machines {len(plant.machine_paths())}, products {len(plant.products)})"
    )
    for text in advice(plant):
        typer.echo(f"{config / 'plant.toml'}: {text}")
    for text in host.unknown_settings(plant):
        typer.echo(f"{config / 'plant.toml'}: {text}")
    for name, why in host.broken.items():
        typer.echo(f"plugin {name}: {why}")
    for text in tried(host):
        typer.echo(text)


@app.command()
def simulate(
    config: ConfigDir = CONFIG,
    overrides: Overrides = None,
    rate: Rate = 1.0,
    seed: Seed = 1,
    backfill_h: BackfillHours = 8.0,
    duration_s: Annotated[float | None, typer.Option("--seconds", min=0, help="Stop after so long.")] = None,
    machines: Annotated[
        int, typer.Option(min=0, help="So many machines instead of those of plant.toml; 0: those.")
    ] = 0,
) -> None:
    """Publish a plausible plant to the broker: the lines and machines of plant.toml."""
    settings = _settings(config, overrides)
    from edge.simulate import simulate as run_simulation

    raise typer.Exit(
        run_simulation(settings, rate=rate, seed=seed, backfill_h=backfill_h, duration_s=duration_s, machines=machines)
    )


@app.command()
def replay(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="A recording (JSON lines).")
    ],
    config: ConfigDir = CONFIG,
    overrides: Overrides = None,
    speed: Annotated[float, typer.Option(min=0, help="1 is the pace of the recording, 0 flat out.")] = 1.0,
) -> None:
    """Publish a recording to the broker: one JSON object a line with topic, payload or payload_b64, t_ms."""
    settings = _settings(config, overrides)
    from edge.replay import replay as publish_recording

    raise typer.Exit(publish_recording(settings, file, speed=speed))


@app.command()
def rejected(
    config: ConfigDir = CONFIG,
    overrides: Overrides = None,
    reason: Annotated[str | None, typer.Option(help="Only those of a reason, such as unmapped.")] = None,
    asset: Annotated[str | None, typer.Option(help="Only those of a machine, line, area or site.")] = None,
) -> None:
    """Print messages that were rejected as a recording, for `edge replay` once what they need has been mended."""
    settings = _settings(config, overrides)
    from edge.rejected import rejected as print_rejected

    raise typer.Exit(print_rejected(settings, reason=reason, asset=asset))


@app.command()
def rebuild(config: ConfigDir = CONFIG, overrides: Overrides = None) -> None:
    """Build the store anew from the journal; the service must not be running."""
    settings = _settings(config, overrides)
    from edge.rebuild import rebuild as rebuild_store

    raise typer.Exit(rebuild_store(settings))


influx_app = typer.Typer(
    help="InfluxDB: set it up, compare it with the store, look at what it refused.", no_args_is_help=True
)
app.add_typer(influx_app, name="influx")


@influx_app.command("setup")
def influx_setup(
    config: ConfigDir = CONFIG,
    overrides: Overrides = None,
    admin_token_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Token of an admin; else INFLUX_TOKEN; a new server needs none.", exists=True
        ),
    ] = None,
    token_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to keep the service's token; default: influx.token_file.")
    ] = None,
    reader_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Make a token that only reads, such as Grafana's, and keep it.")
    ] = None,
    keep_days: Annotated[int, typer.Option(min=0, help="How long the bucket keeps points; 0: for good.")] = 0,
    hours_days: Annotated[int, typer.Option(min=0, help="How long hourly figures are kept; 0: for good.")] = 0,
) -> None:
    """Make bucket, retention, downsampling and tokens of few rights; may be run again."""
    import os

    settings = _settings(config, overrides)
    from edge.influx.commands import setup

    token = admin_token_file.read_text(encoding="utf-8").strip() if admin_token_file else os.environ.get("INFLUX_TOKEN")
    raise typer.Exit(
        setup(
            settings,
            admin_token=token or "",
            keep_days=keep_days,
            hours_days=hours_days,
            token_file=token_file,
            reader_file=reader_file,
        )
    )


@influx_app.command("verify")
def influx_verify(
    config: ConfigDir = CONFIG,
    overrides: Overrides = None,
    start: Annotated[str | None, typer.Option("--from", help="RFC 3339; default: a day before the end.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="RFC 3339; default: now.")] = None,
    exact: Annotated[bool, typer.Option("--exact", help="Compare every point, not only figures of hours.")] = False,
    repair: Annotated[bool, typer.Option(help="Send again what is missing or different.")] = True,
) -> None:
    """Compare what InfluxDB has with the store; status 1 where something was missing or different."""
    settings = _settings(config, overrides)
    from edge.influx.commands import verify

    raise typer.Exit(verify(settings, start=start, end=end, exact=exact, repair=repair))


@influx_app.command("dead")
def influx_dead(
    config: ConfigDir = CONFIG,
    overrides: Overrides = None,
    again: Annotated[bool, typer.Option("--send-again", help="Send them once more.")] = False,
    forget: Annotated[bool, typer.Option("--forget", help="Let them go.")] = False,
    limit: Annotated[int, typer.Option(min=0, help="How many to show.")] = 20,
) -> None:
    """Show points that InfluxDB refused for good, with the reason."""
    settings = _settings(config, overrides)
    from edge.influx.commands import dead

    raise typer.Exit(dead(settings, again=again, forget=forget, limit=limit))


class Importable(StrEnum):
    """What a CSV file can bring into the plant file."""

    products = "products"
    calendar = "calendar"


@app.command("import")
def import_(
    what: Annotated[Importable, typer.Argument(help="What the rows are.")],
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="A CSV file; columns: docs/settings.md.")],
    config: ConfigDir = CONFIG,
    write: Annotated[bool, typer.Option("--write", help="Write plant.toml anew, and keep the one before.")] = False,
) -> None:
    """Take products or a calendar from a CSV file: print them as TOML, or write them into plant.toml."""
    from edge.settings import imports
    from edge.settings.load import SettingsError
    from edge.settings.toml_text import toml_text

    try:
        taken = imports.products(file) if what is Importable.products else imports.calendar(file)
        data = imports.merged(config, taken)
        if not write:
            typer.echo(toml_text(taken.data), nl=False)
            return
        kept = imports.write(config, data)
    except SettingsError as error:
        _refuse(error, "nothing was written")
    typer.echo(f"{config / 'plant.toml'}: written" + (f"; the file before is {kept}" if kept else ""))


def _settings(config: Path, overrides: list[str] | None) -> "Settings":
    """The settings, or the end of the command: every problem on standard error, status 78."""
    from edge.settings.load import SettingsError, load

    try:
        return load(config, overrides or ())
    except SettingsError as error:
        _refuse(error, "nothing was started")


def _refuse(error: "SettingsError", so: str) -> NoReturn:
    for problem in error.problems:
        typer.echo(problem, err=True)
    count = len(error.problems)
    typer.echo(f"{count} problem{'' if count == 1 else 's'} in the settings: {so}", err=True)
    sys.exit(error.status)


def main() -> None:
    app()
