"""imdb-gru pretrain: train a next-word model into a run directory."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import click

from imdb_gru.cli.options import Command
from imdb_gru.cli.training import Lesson, training_options

if TYPE_CHECKING:
    from imdb_gru.config import NextWordConfig, Task
    from imdb_gru.run import Run
    from imdb_gru.sources.review import Source
    from imdb_gru.text.corpus import Corpus, TrainingReviews
    from imdb_gru.training.next_word_trainer import NextWordTrainer


@click.command(cls=Command)
@training_options
def pretrain(**options: Any) -> None:
    """Train a next-word model, which needs no labels, and write it into a run directory.

    It learns from all reviews but those of a test split; 'imdb-gru next' puts texts to it.

    \b
    imdb-gru pretrain --data sample --set train.epochs=1
    """
    NextWord().run(**options)


class NextWord(Lesson):
    """A next-word model, from reviews with or without labels."""

    task: ClassVar["Task"] = "next_word"
    promise = "stops after the batch at hand, and --resume goes on from there"
    require_labels = False

    def load_config(self, path: Path | None, overrides: list[str]) -> "NextWordConfig":
        """Read a next-word model's config."""
        from imdb_gru.config import NextWordConfig, load_config

        return load_config(path, overrides, NextWordConfig)

    def load_reviews(self, source: "Source", config: "NextWordConfig") -> "TrainingReviews":
        """Read reviews of all splits but test."""
        from imdb_gru.text.corpus import load_pretraining_reviews

        return load_pretraining_reviews(source, config)

    def build_trainer(self, run: "Run", config: "NextWordConfig", corpus: "Corpus") -> "NextWordTrainer":
        """Build a next-word model in training."""
        from imdb_gru.training.next_word_trainer import NextWordTrainer

        return NextWordTrainer(run, config, corpus)

    def describe_model(self, config: "NextWordConfig", corpus: "Corpus") -> tuple[str, int, int]:
        """Return Keras's summary, the parameters, and the bytes."""
        from imdb_gru.training.plan import estimate_next_word_memory, summarise_next_word_model

        summary, parameters = summarise_next_word_model(config, corpus)
        return summary, parameters, estimate_next_word_memory(config, parameters, corpus)

    def describe_epoch(self, record: dict[str, Any]) -> list[str]:
        """Return perplexity and speed."""
        parts = [f"perplexity {record['perplexity']:.1f}"]
        if "validation_perplexity" in record:
            parts.append(f"held-out perplexity {record['validation_perplexity']:.1f}")
        return [*parts, f"{record['words_per_second']:,} words/s"]

    def describe_best(self, best: dict[str, Any]) -> list[tuple[str, str]]:
        """Return the held-out figures, if there are any."""
        if "validation_perplexity" not in best:
            return []
        return [
            ("held-out perplexity", f"{best['validation_perplexity']:.1f}"),
            ("held-out loss", f"{best['validation_loss']:.4f}"),
        ]

    def describe_start(self, run: "Run") -> str:
        """Say that the batches done are kept."""
        return f"stopped within the first epoch; continue with: {run.resumption}"
