"""What can stop a replay, in words for the person who started it."""


class CannotStart(Exception):
    """The files or the server do not fit; nothing was sent. `mistakes` has one line for each."""

    def __init__(self, summary: str, mistakes: list[str] | None = None):
        self.mistakes = mistakes or []
        super().__init__("\n".join([summary, *(f"  - {line}" for line in self.mistakes)]))


class NoAnswer(Exception):
    """The server gave no usable answer for as long as our patience lasts."""
