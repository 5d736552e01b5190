"""Every file in `broken/` is a settings file with mistakes, and says in its head what `edge check` must answer.

`# file:` is the file it stands for; the other one is the one of `config/`. `# expect:` is one problem: line, key,
value, nearest valid one, message, with `-` where there is none. The problems must be these, all of them, in order."""

import shutil
from pathlib import Path

import pytest

from edge.settings.load import SettingsError, load

CASES = sorted((Path(__file__).parent / "broken").glob("*.toml"))
CONFIG = Path(__file__).parents[2] / "config"


def heads(case: Path, word: str) -> list[str]:
    mark = f"# {word}: "
    return [line.removeprefix(mark) for line in case.read_text().splitlines() if line.startswith(mark)]


def test_there_are_at_least_twenty() -> None:
    assert len(CASES) >= 20


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_a_mistake_is_named_with_file_line_key_value_and_what_would_be_right(case: Path, tmp_path: Path) -> None:
    for file in ("edge.toml", "plant.toml"):
        shutil.copy(CONFIG / file, tmp_path)
    broken = tmp_path / heads(case, "file")[0]
    shutil.copy(case, broken)

    with pytest.raises(SettingsError) as refused:
        load(tmp_path, environ={})

    found = refused.value.problems
    rows = [(p.line, p.key, p.value, p.nearest, p.message) for p in found]
    assert [" | ".join(str(cell or "-") for cell in row) for row in rows] == heads(case, "expect")
    assert {p.file for p in found} == {str(broken)}
    assert refused.value.status == 78
