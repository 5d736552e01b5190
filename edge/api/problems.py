"""Errors as problem+json (RFC 9457): they name the parameter, what it was, and what would be right."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from edge.api.headers import SECURITY
from edge.errors import QueryError

logger = logging.getLogger("edge.api")
MEDIA_TYPE = "application/problem+json"
SHOWN_VALUE = 200  # characters of a wrong value that are given back


class Problem(msgspec.Struct, omit_defaults=True):
    """What every error answers: `parameter`, `value` and `expected` where one parameter is to blame."""

    type: str
    title: str
    status: int
    detail: str
    parameter: str | None = None
    value: Any = None
    expected: str | None = None


class Refusal(Exception):
    """A request that is understood, and refused for a reason that lies in no parameter."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers


def answer(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """The problem as an answer, with the headers that a failing application would not get otherwise."""
    return Response(
        msgspec.json.encode(problem),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers={"Cache-Control": "no-store", **SECURITY, **(headers or {})},
    )


def about(status: int, detail: str, *, kind: str = "", **members: Any) -> Problem:
    """A problem titled by its status; `kind` ends the type, which is the status phrase otherwise."""
    title = HTTPStatus(status).phrase
    kind = kind or title.lower().replace(" ", "-")
    return Problem(type=f"urn:shopfloor-edge:problem:{kind}", title=title, status=status, detail=detail, **members)


def of_parameter(
    parameter: str, value: object, detail: str, expected: str | None, *, status: int = 400, kind: str = ""
) -> Problem:
    kind = kind or ("not-found" if status == 404 else "invalid-parameter")
    return about(status, detail, kind=kind, parameter=parameter, value=_shown(value), expected=expected)


def of_validation(error: Mapping[str, Any]) -> Problem:
    """One of pydantic's errors: our own carry the whole story in `ctx`, its built-in ones say what should be."""
    ctx = error.get("ctx", {})
    location = [str(part) for part in error["loc"]]
    parameter = ctx.get("parameter") or (location[1] if len(location) > 1 else location[0])
    value = ctx["value"] if "value" in ctx else error.get("input")
    if "message" not in ctx:
        return of_parameter(
            parameter, value, f"{parameter} is not valid", error["msg"].removeprefix("Input should be ")
        )
    return of_parameter(parameter, value, ctx["message"], ctx["expected"], kind=ctx.get("kind", ""))


def install(app: FastAPI) -> None:
    """Let every error of this application be answered as a problem."""
    app.add_exception_handler(QueryError, _query_error)
    app.add_exception_handler(Refusal, _refusal)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _failure)


def _shown(value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    text = value if isinstance(value, str) else str(value)
    return text if len(text) <= SHOWN_VALUE else text[:SHOWN_VALUE] + "…"


def _query_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, QueryError)
    return answer(of_parameter(error.parameter, error.value, error.message, error.expected, status=error.status))


def _refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return answer(about(error.status, error.detail), error.headers)


def _validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return answer(of_validation(error.errors()[0]))


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        problem = about(404, f"there is nothing at {_shown(request.url.path)}", expected="a path that /docs lists")
    elif error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "")
        problem = about(405, f"{request.method} is not possible here", expected=allowed or None)
    else:
        problem = about(error.status_code, str(error.detail))
    return answer(problem, error.headers)


def _failure(request: Request, error: Exception) -> Response:
    """A fault of ours: the log has it under a number, the client gets the number and nothing else.

    The server logs the traceback right after, because the error goes on to it."""
    number = secrets.token_hex(4)
    logger.error("request failed, number %s: %s %s: %r", number, request.method, request.url.path, error)
    return answer(about(500, f"the service failed at this request; its log has the reason under {number}"))
