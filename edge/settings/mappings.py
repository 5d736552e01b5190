"""How messages of other families are read: `[[mappings]]` of the service file."""

from collections.abc import Callable, Iterator
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from edge.events import STATES
from edge.mapping import MEMBERS, NAMED, Mapping, Scalar, States, Time, names_in, pattern_of, place_of
from edge.settings.nearest import nearest
from edge.settings.values import LEVEL, LEVEL_HINT, Name, Strict, Zone, as_level, refusal

NEEDED = {
    "state": ("state",), "unit": ("serial", "result"), "order": ("order", "action"), "product": ("product",),
    "scrap": ("qty",), "alarm": ("code",), "maintenance": ("component",),
}  # fmt: skip
LEVELS = 4
COUNTER = ("members", "counter")
WORDS: dict[str, tuple[str, ...]] = {
    "state": tuple(sorted(STATES)),
    "counter": ("total", "bad"),
    "result": ("pass", "fail", "abort"),
    "action": ("create", "start", "finish", "deliver"),
}
INCREMENTS = ("total", "bad", "qty")  # told apart from a repetition by nothing but their time or name


def _read_by(read: Callable[[str], object]) -> AfterValidator:
    def check(text: str) -> str:
        try:
            read(text)
        except ValueError as error:
            raise refusal(str(error)) from None
        return text

    return AfterValidator(check)


def _constant_or_place(text: str) -> object:
    return text if text.startswith("=") else place_of(text)


def _kind(kind: str) -> str:
    if kind not in MEMBERS:
        raise refusal(f"must be a kind of message: {', '.join(MEMBERS)}", near=nearest(kind, MEMBERS))
    return kind


Topic = Annotated[Name, _read_by(pattern_of)]
Spot = Annotated[str, _read_by(place_of)]
Source = Annotated[str, _read_by(_constant_or_place)]


class MappingSettings(Strict):
    """One way from a topic to events of one kind."""

    topic: Topic
    asset: Name
    kind: Annotated[str, AfterValidator(_kind)]
    each: Spot | None = None
    where: dict[Spot, Scalar] = Field(default_factory=dict)
    names: dict[Annotated[str, Field(pattern=r"^[A-Za-z]\w*$")], Spot] = Field(default_factory=dict)
    members: dict[str, Source] = Field(default_factory=dict)
    signals: dict[str, Spot] = Field(default_factory=dict)
    values: dict[str, dict[str, Scalar]] = Field(default_factory=dict)
    time: Time = "ms"
    timezone: Zone = "UTC"
    states: States = "own"

    def plain(self) -> Mapping:
        """The same as decoding takes it."""
        return Mapping(**self.model_dump())

    @model_validator(mode="after")
    def _asset_is_a_machine(self) -> "MappingSettings":
        levels = self.asset.split("/")
        if len(levels) != LEVELS:
            raise refusal("must be site/area/line/machine, with {names} in it", at=("asset",))
        for level in levels:
            if not LEVEL.fullmatch(NAMED.sub("x", level)):
                raise refusal(
                    f"level `{level}` must be {LEVEL_HINT}, or a {{name}}", near=as_level(level), at=("asset",)
                )
        return self

    @model_validator(mode="after")
    def _members_fit(self) -> "MappingSettings":
        known = MEMBERS[self.kind]
        for table in ("members", "values"):
            for name in getattr(self, table):
                if name not in known:
                    message = f"is no member of {self.kind}; there are {', '.join(known)}"
                    raise refusal(message, near=nearest(name, known), at=(table, name))
        missing = [name for name in NEEDED.get(self.kind, ()) if name not in self.members]
        if missing:
            raise refusal(f"needs `{missing[0]}`, as every {self.kind} does", at=("members",))
        if self.kind == "reading" and not self.signals:
            raise refusal('is missing: a reading needs it, such as { temperature = "data.t" }', at=("signals",))
        if self.kind != "reading" and self.signals:
            raise refusal("belongs to a mapping of kind reading", at=("signals",))
        return self

    @model_validator(mode="after")
    def _words_are_known(self) -> "MappingSettings":
        """What a member of few words can become is one of them: a slip is found now, and not message by message."""
        for at, word in self._words():
            known = WORDS[at[1]] if self.kind != "maintenance" else ()
            if (
                known
                and word not in known
                and str(word)[:7] != "packml:"
                and not (isinstance(word, str) and "{" in word)
            ):
                raise refusal(f"must be one of {', '.join(known)}", near=nearest(str(word), known), at=at)
        source = self.members.get("counter")
        if source in WORDS["counter"]:
            raise refusal("would be looked for in the payload: a constant begins with =", near=f"={source}", at=COUNTER)
        return self

    def _words(self) -> Iterator[tuple[tuple[str, ...], Scalar]]:
        """What members of few words are given as constants and by `values`, and where it stands."""
        for name in WORDS:
            text = self.members.get(name, "")
            if text.startswith("="):
                yield ("members", name), text[1:]
            for key, word in self.values.get(name, {}).items():
                yield ("values", name, key), word

    @model_validator(mode="after")
    def _names_are_known(self) -> "MappingSettings":
        known = names_in(self.topic) | set(self.names)
        for at, text in self._templates():
            for name in sorted(names_in(text) - known):
                raise refusal(f"{{{name}}} stands neither in `topic` nor in `names`", near=nearest(name, known), at=at)
        return self

    def _templates(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """What may have names in it, and where it stands."""
        yield ("asset",), self.asset
        for name, text in self.members.items():
            if text.startswith("="):
                yield ("members", name), text
        for name in self.signals:
            yield ("signals", name), name

    @model_validator(mode="after")
    def _what_counts_has_a_time(self) -> "MappingSettings":
        told = "ts" in self.members or "id" in self.members or {"boot", "seq"} <= set(self.members)
        counts = next((name for name in INCREMENTS if name in self.members), None)
        if counts and not told:
            raise refusal(
                f"needs `ts` or `id` beside `{counts}`: without, nobody can tell a message that comes twice"
                " from two (a counter's level, with `counter` and `value`, needs neither)", at=("members",),
            )  # fmt: skip
        return self
