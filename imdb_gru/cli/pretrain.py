"""imdb-gru pretrain: train a next-word model into a run directory."""

from pathlib import Path
from typing import Any

import click

from imdb_gru.cli.options import config_options, data_options, merge_data_options, open_config_source, say


@click.command()
@config_options
@data_options
@click.option("--run", "run_path", type=click.Path(path_type=Path), metavar="DIR", help="Where to write the run.")
@click.option("--resume", type=click.Path(path_type=Path), metavar="DIR", help="Continue a run that was stopped.")
@click.option("--overwrite", is_flag=True, help="Replace the run that stands at --run.")
def pretrain(
    config_path: Path | None,
    overrides: tuple[str, ...],
    data: str | None,
    text_column: str | None,
    label_column: str | None,
    run_path: Path | None,
    resume: Path | None,
    overwrite: bool,
) -> None:
    """Train a next-word model on reviews without their labels.

    \b
    imdb-gru pretrain --data sample --set train.epochs=1
    """
    from imdb_gru.config import NextWordConfig, load_config
    from imdb_gru.run import Run, create_run
    from imdb_gru.text.corpus import encode_corpus, load_pretraining_reviews

    own = merge_data_options([], data, text_column, label_column)
    config = load_config(resume / "config.yaml" if resume else config_path, [*overrides, *own], NextWordConfig)
    source = open_config_source(config.data)
    say(f"reading {source.name}")
    reviews = load_pretraining_reviews(source, config)
    vocabulary = Run(resume).load_vocabulary() if resume else None
    corpus = encode_corpus(source, config, reviews, vocabulary)
    run = Run(resume) if resume else create_run(run_path, config, overwrite=overwrite)
    if not resume:
        corpus.vocabulary.save(run.vocabulary_path)
    from imdb_gru.training.next_word_trainer import NextWordTrainer

    trainer = NextWordTrainer(run, config, corpus)
    say(trainer.engine_line)
    if resume:
        trainer.restore()
    trainer.train(_report_epoch)


def _report_epoch(record: dict[str, Any]) -> None:
    say(str(record))
