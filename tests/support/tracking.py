"""A tracker that records its calls, and the training that is tracked."""

from support.models import start_from_scratch
from support.sessions import open_session


class Ledger:
    """A tracker that records its calls in lists shared by all tracked runs."""

    title = "Ledger"

    def __init__(self, kept, run, config, known):
        self.kept = kept
        kept.append(("start", known, config.model.units, run.path.name))
        self.identity = {"tracker": "mlflow", "id": known["id"] if known else f"run {len(kept)}"}

    def log(self, figures, epoch):
        self.kept.append(("epoch", epoch, dict(figures)))

    def end(self, figures, epoch, ending):
        self.kept.append(("end", epoch, dict(figures), ending))


def open_tracked(path, track="mlflow", run=None, **train):
    """Open a small training whose config names a tracker; `run` is resumed."""
    from imdb_gru.config import build_config

    values = {
        "data": {"path": "sample", "limit": 100},
        "text": {"length": 40},
        "model": {"embedding": 6, "units": 5},
        "train": {"epochs": 2, "batch_size": 16, "track": track, **train},
    }
    return open_session(path, build_config(start_from_scratch(values), "test"), run=run)
