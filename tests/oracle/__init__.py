"""A second opinion: all numbers worked out slowly and plainly from the definitions, in one batch, by nothing of `edge`.

`numbers(plant, messages, paths, start, end, cut)` is the whole of it. The code follows the text of the definitions
ruling by ruling, looks at everything for every question, and keeps nothing.
"""

from tests.oracle.calendar import Calendar
from tests.oracle.messages import Fact, known, tally
from tests.oracle.numbers import numbers

__all__ = ["Calendar", "Fact", "known", "numbers", "tally"]
