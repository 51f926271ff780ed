"""What a person is told on stderr while a command works."""

import os
import sys
from typing import TYPE_CHECKING, TextIO

import click

if TYPE_CHECKING:
    from imdb_gru.events import Event, Stopped


def say(message: str) -> None:
    """Tell the person something that is not a result; if nobody reads stderr any more, the work goes on without it."""
    from imdb_gru.system.escaping import neutralise

    try:
        click.echo(neutralise(message), err=True)
    except BrokenPipeError:
        silence(sys.stderr)


def silence(stream: TextIO) -> None:
    """Send what is written to a stream to nowhere, including what Python still holds back and writes at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


class EventPrinter:
    """Prints events on stderr, and remembers the one that says that the training was stopped."""

    def __init__(self) -> None:
        self.stopped: Stopped | None = None

    def __call__(self, event: "Event") -> None:
        """Print an event."""
        from imdb_gru.events import Stopped

        for line in str(event).splitlines():
            say(line)
        if isinstance(event, Stopped):
            self.stopped = event
