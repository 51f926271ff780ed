"""The entry point of the command line, for `imdb-gru` and for `python -m imdb_gru`."""

import sys


def main() -> None:
    """Run the command line; exit without a traceback if Ctrl-C is pressed, even while modules are being imported."""
    try:
        from imdb_gru.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.stderr.write("Stopped.\n")
        sys.exit(130)


if __name__ == "__main__":
    main()
