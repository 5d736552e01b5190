"""The valid name that somebody most likely meant."""

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(word: str, options: Iterable[str], *, cutoff: float = 0.5) -> str | None:
    """The option most like `word`, whatever its case; None where nothing comes near."""
    by_lower = {option.lower(): option for option in sorted(options, reverse=True)}
    found = get_close_matches(word.lower(), by_lower, n=1, cutoff=cutoff)
    return by_lower[found[0]] if found else None
