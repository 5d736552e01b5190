"""What is written here is written to memory: these tests wait for flushes all the time."""

from tests.ram import tmp_path

__all__ = ["tmp_path"]
