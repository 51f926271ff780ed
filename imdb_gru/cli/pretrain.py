"""The `imdb-gru pretrain` command, which trains a next-word model."""

import click

from imdb_gru.cli._commands import Command
from imdb_gru.cli._training import TrainingOptions, start_training, training_options


@click.command(cls=Command, short_help="Train a next-word model, which needs no labels.")
@training_options("pretrain")
def pretrain(options: TrainingOptions) -> None:
    """Train a next-word model, which needs no labels, and save it in a run directory.

    Training uses all reviews outside the test split. 'imdb-gru next' uses the model to predict words.

    \b
    imdb-gru pretrain --data sample --set train.epochs=1
    """
    import imdb_gru

    start_training(options, imdb_gru.pretrain, imdb_gru.NextWordConfig)
