"""Run a command several times beside busy loops: what is green only on an idle machine shows itself.

    python3 scripts/busy.py LOOPS TIMES COMMAND...

Ends with status 1 after the first run that fails. Standard library only; ``make test-long`` calls it.
"""

# ruff: noqa: S603  (runs what its caller names)

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_LOOP = "import os\nparent = os.getppid()\nwhile os.getppid() == parent: sum(range(100_000))"


def main(arguments: list[str]) -> int:
    loops, times, *command = arguments
    with busy(int(loops)):
        for number in range(1, int(times) + 1):
            print(f"busy: run {number} of {times}, beside {loops} busy loops", flush=True)
            if subprocess.run(command, check=False).returncode != 0:
                print(f"busy: run {number} failed", flush=True)
                return 1
    return 0


@contextmanager
def busy(loops: int) -> Iterator[None]:
    """So many cores taken; the loops end by themselves when this process does."""
    running = [subprocess.Popen([sys.executable, "-c", _LOOP]) for _ in range(loops)]
    try:
        yield
    finally:
        for each in running:
            each.kill()
            each.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
