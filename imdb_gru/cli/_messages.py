"""Messages on stderr while a command works."""

import os
import sys
from typing import TYPE_CHECKING, TextIO

import click

if TYPE_CHECKING:
    from imdb_gru.events import Event, Stopped


def say(message: str) -> None:
    """Print a message on stderr; if nobody reads stderr any more, discard it."""
    from imdb_gru.system.escaping import neutralise

    try:
        click.echo(neutralise(message), err=True)
    except BrokenPipeError:
        silence(sys.stderr)


def silence(stream: TextIO) -> None:
    """Discard everything written to a stream, including what Python has buffered and writes when it exits."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


class EventPrinter:
    """An observer that prints events on stderr, and keeps the event `Stopped` if there is one."""

    def __init__(self) -> None:
        self.stopped: Stopped | None = None

    def __call__(self, event: "Event") -> None:
        """Print an event."""
        from imdb_gru.events import Stopped

        for line in str(event).splitlines():
            say(line)
        if isinstance(event, Stopped):
            self.stopped = event
