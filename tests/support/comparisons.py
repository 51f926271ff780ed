"""Candidates of a comparison, and runs that look trained."""

from imdb_gru.config import build_config
from imdb_gru.runs.catalogue import create_run
from support.models import start_from_scratch

CONFIG = build_config(start_from_scratch({"data": {"path": "sample"}, "model": {"cell": "lstm", "units": 3}}), "test")


def finish(path, config=CONFIG, data_hash="a", **metrics):
    """A run that looks finished, without a model in it."""
    run = create_run(path, config)
    for file in run.sealed_paths[1:]:
        file.write_text("")
    run.seal({"interrupted": False, "best": {"epoch": 1}, "data": {"hash": data_hash}, **metrics})
    return run
