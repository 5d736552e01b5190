"""The error of a question that cannot be answered as asked: it names the parameter and what would be right."""

from __future__ import annotations


class QueryError(Exception):
    """A question with a wrong parameter (status 400) or about something that does not exist (status 404).

    `message` says what is wrong, `expected` what would be right; both are shown to the client, so they hold nothing
    internal."""

    def __init__(
        self, parameter: str, value: object, message: str, status: int = 400, *, expected: str | None = None
    ) -> None:
        super().__init__(message)
        self.parameter = parameter
        self.value = value
        self.message = message
        self.status = status
        self.expected = expected
