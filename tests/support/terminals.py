"""Run the command line in a pseudo-terminal of a given width."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios

STYLES = re.compile(r"\x1b\[[0-9;]*m")


def call_in_terminal(columns, *arguments, styles=False):
    """Run the command line; return the lines that it wrote to its terminal, without colours unless `styles` is set."""
    reading, writing = pty.openpty()
    fcntl.ioctl(writing, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    environment = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "LINES", "NO_COLOR")}
    process = subprocess.Popen(
        [sys.executable, "-m", "imdb_gru", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=writing,
        stderr=subprocess.PIPE,
        env={**environment, "TERM": "xterm-256color"},
    )
    os.close(writing)
    written = b""
    while chunk := _read(reading):
        written += chunk
    os.close(reading)
    assert process.stderr is not None
    with process.stderr as errors:
        message = errors.read().decode()
    assert process.wait() == 0, message
    text = written.decode().replace("\r\n", "\n")
    return (text if styles else STYLES.sub("", text)).split("\n")


def _read(terminal):
    try:
        return os.read(terminal, 65536)
    except OSError:  # which Linux raises once the process has closed its side
        return b""
