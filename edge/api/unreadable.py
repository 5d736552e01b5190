"""What is answered while the store cannot be read."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fastapi import FastAPI, Request
from starlette.responses import Response

from edge.api.problems import about, answer


def answer_unreadable(app: FastAPI, errors: Sequence[type[Exception]], tell: Callable[[], None]) -> None:
    """Answer `errors` of the store with 503 instead of a failure of ours, and `tell` whoever can mend it."""

    def unreadable(request: Request, error: Exception) -> Response:
        tell()
        return answer(about(503, "the store cannot be read and is being checked"), {"Retry-After": "5"})

    for kind in errors:
        app.add_exception_handler(kind, unreadable)
