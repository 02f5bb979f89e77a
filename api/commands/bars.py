"""Progress on standard error, while somebody looks at it."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tqdm import tqdm


@contextmanager
def bar(name: str, total: int | None = None, unit: str = "") -> Iterator[Callable[[int], None]]:
    """A bar; what it gives takes how far things are, from the beginning."""
    is_seen = sys.stderr.isatty()
    with tqdm(
        desc=name, total=total, unit=unit, unit_scale=True, file=sys.stderr, disable=not is_seen, leave=False
    ) as drawn:

        def show(done: int) -> None:
            drawn.update(done - drawn.n)

        yield show
