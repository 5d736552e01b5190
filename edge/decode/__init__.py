"""From a journal record to events, or to a rejection with its reason; pure, never raising for any topic or bytes."""

from edge.decode.message import Decoded, decode
from edge.decode.rejection import REASONS, Rejection
from edge.decode.settings import DecodeSettings

__all__ = ["REASONS", "DecodeSettings", "Decoded", "Rejection", "decode"]
