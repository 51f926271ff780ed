"""Run the command line as `python -m imdb_gru`."""

from imdb_gru.cli import main

main()
