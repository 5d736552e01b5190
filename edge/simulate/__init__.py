"""A plausible plant that never was: lines, shifts, stops, changeovers, scrap, tests, sensors, a bearing that wears."""

from edge.simulate.feed import simulate
from edge.simulate.plant import Plant

__all__ = ["Plant", "simulate"]
