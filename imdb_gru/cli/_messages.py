"""Messages printed to stderr while a command runs."""

import os
import sys
from typing import TYPE_CHECKING, TextIO

import click

if TYPE_CHECKING:
    from imdb_gru.events import Event, Stopped


def say(message: str) -> None:
    """Print a message to stderr, or discard the message if the program that reads stderr has closed the pipe."""
    from imdb_gru.system.escaping import neutralise

    try:
        click.echo(neutralise(message), err=True)
    except BrokenPipeError:
        silence(sys.stderr)


def silence(stream: TextIO) -> None:
    """Discard everything written to a stream, including buffered output that Python would write on exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


class EventPrinter:
    """An observer that prints events to stderr and stores the `Stopped` event, if any."""

    def __init__(self) -> None:
        self.stopped: Stopped | None = None

    def __call__(self, event: "Event") -> None:
        """Print an event."""
        from imdb_gru.events import Stopped

        for line in str(event).splitlines():
            say(line)
        if isinstance(event, Stopped):
            self.stopped = event
