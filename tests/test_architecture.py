"""What keeps the code as it was meant: imports one way, one place per library, small files, nothing swallowed."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from itertools import chain
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PLUGINS = sorted(ROOT.glob("plugins/*/edge_*"))
PRODUCT = sorted(file for part in (ROOT / "edge", *PLUGINS) for file in part.rglob("*.py"))

MAX_FILE, MAX_FUNCTION = 400, 50

BROAD_EXCEPTS = {
    "edge/influx/outbox.py": "whatever the sender meets must not end it: it begins again from durable positions",
    "edge/fence.py": "the fence around plugins: whatever one raises is counted, and hurts only itself",
    "edge/host.py": "the same while they are loaded",
    "edge/trial.py": "the same while `edge check` tries them: what they raise is what is told",
}
"""Files that may catch Exception without raising it again, and why."""

PLACES = {
    "aiomqtt": ["edge/mqtt/"],
    "amqtt": ["edge/demo"],
    "apsw": [
        "edge/journal/",
        "edge/store/",
        "edge/influx/",
        "edge/processing/",
        "edge/cells.py",
        "edge/plants.py",
        "edge/query/",
    ],
    "fastapi": ["edge/api/", "edge/web/"],
    "influxdb_client": ["edge/influx"],
    "mqtt5": ["edge/mqtt/"],
    "numpy": ["plugins/maintenance/edge_maintenance/train"],
    "paho": ["edge/publisher.py"],
    "pluggy": ["edge/hookspecs.py", "edge/host.py"],
    "prometheus_client": ["edge/api/metrics.py"],
    "pyarrow": ["edge/api/parquet.py"],
    "pydantic": ["edge/settings/", "edge/api/"],
    "pydantic_core": ["edge/settings/", "edge/api/"],
    "sklearn": ["plugins/maintenance/edge_maintenance/train"],
    "starlette": ["edge/api/", "edge/web/"],
    "threadpoolctl": ["plugins/maintenance/edge_maintenance/train"],
    "typer": ["edge/cli.py"],
    "urllib3": ["edge/influx/writing.py"],
    "uvicorn": ["edge/api/server.py"],
    "uvloop": ["edge/service", "edge/ingest/"],
}
"""Outside library: where it may be imported, so that swapping it touches that place. msgspec may be everywhere."""

MACHINE_BOUND = re.compile(
    r"pypi[.]org|python[h]osted|registry[.]npm|crates[.]io|proxy[.]golang|deb[.]debian|repo1?[.]maven"
    r"|(?<![\w.])/(?:[w]ork|[r]oot|[h]ome)/"
)
"""Hosts of package registries and paths of one machine (a letter in brackets, so that this line is not one of them)."""

BROUGHT_ALONG = {"starlette", "pydantic_core", "urllib3"}
"""Libraries that come with another (fastapi, pydantic, influxdb-client) in the version that this one needs."""

LOADED_BY_OTHERS = {"jinja2", "tzdata"}
"""Dependencies that nothing here imports: starlette's templates need the one, Python's time zones the other."""

MODULES = {"paho_mqtt": "paho", "scikit_learn": "sklearn"}
"""Distributions whose module has another name."""

HEAVY = ("fastapi", "prometheus_client", "pydantic", "uvicorn")


@cache
def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text())


def place(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def imports(file: Path) -> Iterator[tuple[int, str]]:
    """Line and full name of each module that is imported."""
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.lineno, node.module


def loaded_by(module: str) -> set[str]:
    """Top-level modules in memory after importing `module` in a new interpreter."""
    code = f"import sys, {module}; print(*{{name.split('.')[0] for name in sys.modules}})"
    return set(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split())


def test_import_contracts_are_kept() -> None:
    # In a process of its own, because it switches every logger off that is there.
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_outside_library_has_one_place() -> None:
    own = {*sys.stdlib_module_names, "edge", "msgspec", *(folder.name for folder in PLUGINS)}
    strays = [
        f"{place(file)}:{line}: {name}"
        for file in PRODUCT
        for line, name in imports(file)
        if (library := name.split(".")[0]) not in own and not place(file).startswith(tuple(PLACES.get(library, ["?"])))
    ]
    assert strays == []


def test_dependencies_are_those_that_are_imported() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    used = {name.split(".")[0] for file in ROOT.glob("edge/**/*.py") for _, name in imports(file)}
    used -= {*sys.stdlib_module_names, "edge", *BROUGHT_ALONG}
    extras = project["optional-dependencies"]
    assert used - names_of([*project["dependencies"], *extras["influx"], *extras["demo"], *extras["parquet"]]) == set()
    assert names_of(project["dependencies"]) - used == LOADED_BY_OTHERS


def names_of(requirements: list[str]) -> set[str]:
    """Module names of requirements."""
    packages = {re.split(r"[<>=!~; \[]", text)[0].replace("-", "_") for text in requirements}
    return {MODULES.get(package, package) for package in packages}


def test_plugin_imports_only_what_a_third_party_may() -> None:
    strays = [
        f"{place(file)}:{line}: {name}"
        for folder in PLUGINS
        for file in folder.rglob("*.py")
        for line, name in imports(file)
        if name.split(".")[0] not in {*sys.stdlib_module_names, folder.name, *brought_by(folder)} and name != "edge"
    ]
    assert strays == []


def brought_by(folder: Path) -> set[str]:
    """Modules of the distributions that a plugin names as its dependencies, also those of its extras."""
    project = tomllib.loads((folder.parent / "pyproject.toml").read_text())["project"]
    extras = project.get("optional-dependencies", {}).values()
    return names_of([*project["dependencies"], *chain.from_iterable(extras)]) - {"shopfloor_edge"}


def test_core_imports_no_plugin() -> None:
    names = {folder.name for folder in PLUGINS}
    assert names
    assert [place(file) for file in ROOT.glob("edge/**/*.py") for _, name in imports(file) if name in names] == []


def test_ingest_loads_nothing_heavy() -> None:
    assert loaded_by("edge.ingest.__main__") & set(HEAVY) == set()


def test_command_line_loads_nothing_heavy_before_it_is_needed() -> None:
    assert loaded_by("edge.cli") & {*HEAVY, "apsw", "asyncio", "rich"} == set()


def test_files_are_small() -> None:
    lengths = {place(file): len(file.read_text().splitlines()) for file in PRODUCT}
    assert {name: n for name, n in lengths.items() if n > MAX_FILE} == {}


def test_functions_are_small() -> None:
    long = [
        f"{place(file)}:{node.lineno}: {node.name} has {length} lines"
        for file in PRODUCT
        for node in ast.walk(tree(file))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or node.lineno) - node.lineno + 1) > MAX_FUNCTION
    ]
    assert long == []


def test_broad_except_only_where_it_has_a_reason() -> None:
    broad = {
        place(file)
        for file in PRODUCT
        for node in ast.walk(tree(file))
        if isinstance(node, ast.ExceptHandler) and catches_all(node.type) and not raises_again(node)
    }
    assert broad == set(BROAD_EXCEPTS)


def catches_all(caught: ast.expr | None) -> bool:
    if isinstance(caught, ast.Tuple):
        return any(catches_all(part) for part in caught.elts)
    return caught is None or (isinstance(caught, ast.Name) and caught.id in ("Exception", "BaseException"))


def raises_again(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def test_module_opens_with_a_sentence() -> None:
    assert [place(file) for file in PRODUCT if tree(file).body and not ast.get_docstring(tree(file))] == []


def test_no_file_names_a_registry_or_a_path_of_one_machine() -> None:
    found = [
        f"{place(file)}:{number}"
        for file in repository_files()
        for number, line in enumerate(text_of(file).splitlines(), 1)
        if MACHINE_BOUND.search(line)
    ]
    assert found == []


def repository_files() -> list[Path]:
    """What git keeps or would keep: neither ignored files nor those of other people's libraries."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    try:
        names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    except (FileNotFoundError, subprocess.CalledProcessError):  # an unpacked archive, or a machine without git
        names = [place(file) for file in ROOT.rglob("*") if not file.relative_to(ROOT).parts[0].startswith(".")]
    return [ROOT / name for name in names if "/vendored/" not in name and (ROOT / name).is_file()]


def text_of(file: Path) -> str:
    """The text; empty for pictures and other binary files."""
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""
