"""`edge demo`: broker, simulated plant, service and page in one command, and nothing left behind."""

from edge.demo.demo import demo

__all__ = ["demo"]
