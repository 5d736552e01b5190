"""From the errors of pydantic to findings: plain words, and the nearest valid key or value."""

import types
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from edge.settings.nearest import nearest
from edge.settings.problems import Finding, Path

WORDS = {
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "string_type": "must be text, in quotes",
    "path_type": "must be a path, in quotes",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
    "tuple_type": "must be an array, in [ ]",
    "finite_number": "must be a finite number",
    "greater_than": "must be greater than {gt:g}",
    "greater_than_equal": "must be {ge:g} or more",
    "less_than": "must be less than {lt:g}",
    "less_than_equal": "must be {le:g} or less",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length} characters",
    "too_short": "must not be empty",
    "missing": "is missing and has no default",
    "literal_error": "must be {expected}",
}
LISTED = 10
MEANT = {"true": "true", "yes": "true", "on": "true", "1": "true", "false": "false", "no": "false", "off": "false"}


def findings(model: type[BaseModel], raw: Mapping[str, Any], error: ValidationError) -> list[Finding]:
    """What is wrong with `raw`, read as `model`; one finding for each error of pydantic."""
    return [_finding(model, raw, details) for details in error.errors(include_url=False)]


def _finding(model: type[BaseModel], raw: Mapping[str, Any], details: ErrorDetails) -> Finding:
    path, kind, context = details["loc"], details["type"], details.get("ctx", {})
    if path and path[-1] == "[key]":
        return Finding(path[:-1], None, _words(details), context.get("nearest"))
    if kind == "edge":
        path = (*path, *context["at"])
        return Finding(path, value_at(raw, path), context["message"], context["nearest"])
    value = None if kind == "missing" else details["input"]
    if kind == "extra_forbidden":
        keys = known_keys(annotation_at(model, path[:-1]))
        near = nearest(str(path[-1]), keys)
        rest = "" if near and len(keys) > LISTED else f"; there are {', '.join(keys)}"
        return Finding(path, value, f"is no key here{rest}", near)
    return Finding(path, value, _words(details), _meant(kind, value, annotation_at(model, path)))


def _words(details: ErrorDetails) -> str:
    words = WORDS.get(details["type"])
    return (
        words.format(**details.get("ctx", {})).replace("'", '"')
        if words
        else details["msg"].removeprefix("Value error, ")
    )


def _meant(kind: str, value: Any, annotation: Any) -> str | None:
    if kind == "literal_error":
        return nearest(str(value), [option for option in get_args(annotation) if isinstance(option, str)])
    if not isinstance(value, str):
        return f'"{value}"' if kind == "string_type" and isinstance(value, int | float) else None
    if kind == "bool_type":
        return MEANT.get(value.lower())
    if kind in ("int_type", "float_type") and _is_number(value):
        return value.strip()
    return None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def value_at(raw: Any, path: Path) -> Any:
    """The raw value at a path; None where there is none."""
    for step in path:
        try:
            raw = raw[step]
        except (LookupError, TypeError):
            return None
    return raw


def known_keys(annotation: Any) -> list[str]:
    """The keys that a table of this type may have in a file, in their order."""
    if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
        return []
    return [field.alias or name for name, field in annotation.model_fields.items() if not field.exclude]


def annotation_at(model: Any, path: Path) -> Any:
    """The type that stands at a path of `model`, without Annotated and None; None where the path leads nowhere."""
    for step in path:
        model = _below(model, step)
    return plain(model)


def _below(annotation: Any, step: str | int) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        field = field_of(annotation, str(step))
        return plain(field.annotation) if field else None
    arguments = get_args(annotation)
    if get_origin(annotation) is dict:
        return plain(arguments[1])
    return plain(arguments[0]) if get_origin(annotation) is tuple else None


def field_of(model: type[BaseModel], key: str) -> FieldInfo | None:
    """The field that a key of a file stands for."""
    for name, field in model.model_fields.items():
        if key in (name, field.alias):
            return field
    return None


def plain(annotation: Any) -> Any:
    """A type without Annotated and without None beside it."""
    if get_origin(annotation) is Annotated:
        return plain(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        left = [one for one in get_args(annotation) if one is not types.NoneType]
        return plain(left[0]) if len(left) == 1 else annotation
    return annotation


def takes_text(annotation: Any) -> bool:
    """Whether a value of this type is written as text: then `--set` and the environment need no quotes."""
    if get_origin(annotation) is Literal:
        return True
    return isinstance(annotation, type) and not issubclass(annotation, bool | int | float)
