"""imdb-gru train: train a classifier into a run directory."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import click

from imdb_gru.cli.options import say
from imdb_gru.cli.training import Lesson, training_options

if TYPE_CHECKING:
    from imdb_gru.config import Config, Task
    from imdb_gru.run import Run
    from imdb_gru.sources.review import Source
    from imdb_gru.text.corpus import Corpus, TrainingReviews
    from imdb_gru.text.vocabulary import Vocabulary
    from imdb_gru.training.trainer import Trainer


@click.command()
@training_options
def train(**options: Any) -> None:
    """Train a model, and write it with all that later commands need into a run directory.

    \b
    imdb-gru train --data sample --set train.epochs=2
    """
    Sentiment().run(**options)


class Sentiment(Lesson):
    """A classifier, from labelled reviews."""

    task: ClassVar["Task"] = "sentiment"
    promise = "stops after the batches at hand and keeps the best epoch"
    require_labels = True

    def load_config(self, path: Path | None, overrides: list[str]) -> "Config":
        """Read a classifier's config."""
        from imdb_gru.config import load_config

        return load_config(path, overrides)

    def load_reviews(self, source: "Source", config: "Config") -> "TrainingReviews":
        """Read labelled reviews."""
        from imdb_gru.text.corpus import load_training_reviews

        return load_training_reviews(source, config)

    def load_vocabulary(self, config: "Config") -> "Vocabulary | None":
        """Return that of the next-word run to start from, if there is one."""
        from imdb_gru.config import find_departures
        from imdb_gru.pretrained import load_pretrained

        pretrained = load_pretrained(config)
        if pretrained:
            say(f"starting from {config.model.pretrained}")
            return pretrained.vocabulary
        departures = ", ".join(find_departures(config.model_dump()))
        say(f"starting from nothing{departures and f' (the model in the package has another {departures})'}")
        return None

    def build_trainer(self, run: "Run", config: "Config", corpus: "Corpus") -> "Trainer":
        """Build a classifier in training."""
        from imdb_gru.errors import RunError
        from imdb_gru.pretrained import load_pretrained
        from imdb_gru.training.trainer import Trainer

        pretrained = load_pretrained(config)
        if pretrained and pretrained.vocabulary.words != corpus.vocabulary.words:
            name = config.model.pretrained
            raise RunError(f"{name} is not what {run} started from: put it back, or train the run again")
        return Trainer(run, config, corpus, pretrained)

    def describe_model(self, config: "Config", corpus: "Corpus") -> tuple[str, int, int]:
        """Return Keras's summary, the parameters, and the bytes."""
        from imdb_gru.training.plan import estimate_memory, summarise_model

        summary, parameters = summarise_model(config, corpus)
        return summary, parameters, estimate_memory(config, parameters, corpus)

    def describe_epoch(self, record: dict[str, Any]) -> list[str]:
        """Return loss and accuracy."""
        parts = [f"loss {record['loss']:.4f}", f"accuracy {record['accuracy']:.2%}"]
        if "validation_loss" not in record:
            return parts
        validation = f"validation loss {record['validation_loss']:.4f}"
        return [*parts, validation, f"accuracy {record['validation_accuracy']:.2%}"]

    def describe_best(self, best: dict[str, Any]) -> list[tuple[str, str]]:
        """Return the validation figures, if there are any."""
        if "validation_accuracy" not in best:
            return []
        return [
            ("validation accuracy", f"{best['validation_accuracy']:.2%}"),
            ("validation log loss", f"{best['validation_loss']:.4f}"),
        ]

    def describe_start(self, run: "Run") -> str:
        """Say that nothing of the first epoch is kept."""
        return f"stopped before an epoch was done; start over with: {run.resumption}"
