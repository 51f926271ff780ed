"""imdb-gru train: train a model into a run directory."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imdb_gru.cli.options import (
    INTERRUPTED,
    anchor_data,
    config_options,
    data_options,
    json_option,
    merge_data_options,
    open_config_source,
    print_table,
    say,
)

if TYPE_CHECKING:
    from imdb_gru.config import Config
    from imdb_gru.run import Run
    from imdb_gru.text.corpus import Corpus

DIRECTORY = click.Path(path_type=Path, file_okay=False)


@click.command()
@config_options
@data_options
@click.option("--run", "run_path", type=click.Path(path_type=Path), metavar="DIR", help="Where to write the run.")
@click.option("--resume", type=DIRECTORY, metavar="DIR", help="Continue a run that was stopped.")
@click.option("--overwrite", is_flag=True, help="Replace the run that stands at --run.")
@click.option("--dry-run", is_flag=True, help="Show data, model, memory and config; train nothing.")
@json_option
def train(
    config_path: Path | None,
    overrides: tuple[str, ...],
    data: str | None,
    text_column: str | None,
    label_column: str | None,
    run_path: Path | None,
    resume: Path | None,
    overwrite: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Train a model, and write it with all that later commands need into a run directory.

    \b
    imdb-gru train --data sample --set train.epochs=2
    """
    if resume and (config_path or overrides or run_path or overwrite or dry_run):
        raise click.UsageError("--resume continues with the run's own config: use it without the other options")
    if overwrite and not run_path:
        raise click.UsageError("--overwrite replaces the run at --run: name it")
    own_data = merge_data_options([], data, text_column, label_column)
    if resume:
        _resume(resume, own_data, as_json)
    else:
        config = _load_config(config_path, [*overrides, *own_data])
        if dry_run:
            _show_plan(config, _load_corpus(config, None), as_json)
        else:
            _start(run_path, config, overwrite, as_json)


def _resume(path: Path, own_data: list[str], as_json: bool) -> None:
    from imdb_gru.run import Run

    run = Run(path)
    run.check_resumable("sentiment")
    config = _load_config(run.config_path, own_data)
    _train(run, config, _load_corpus(config, run), resumed=True, as_json=as_json)


def _start(path: Path | None, config: "Config", overwrite: bool, as_json: bool) -> None:
    from imdb_gru.run import check_free, create_run

    if path:
        check_free(path, overwrite=overwrite)
    corpus = _load_corpus(config, None)
    run = create_run(path, config, overwrite=overwrite)
    corpus.vocabulary.save(run.vocabulary_path)
    _train(run, config, corpus, resumed=False, as_json=as_json)


def _load_config(path: Path | None, overrides: list[str]) -> "Config":
    from imdb_gru.config import load_config

    config = anchor_data(load_config(path, overrides))
    _check_extras(config)
    return config


def _check_extras(config: "Config") -> None:
    from imdb_gru.errors import MissingExtraError

    if config.train.tensorboard:
        try:
            import tensorboard  # noqa: F401
        except ImportError as error:
            raise MissingExtraError("train.tensorboard", "tensorboard") from error


def _load_corpus(config: "Config", resumed: "Run | None") -> "Corpus":
    from imdb_gru.text.corpus import encode_corpus, load_training_reviews

    source = open_config_source(config.data)
    say(f"reading {source.name}")
    reviews = load_training_reviews(source, config)
    vocabulary = resumed.load_vocabulary() if resumed and resumed.vocabulary_path.exists() else None
    corpus = encode_corpus(source, config, reviews, vocabulary)
    figures = corpus.statistics
    say(
        f"{figures['train']} reviews to train on, {figures['validation']} held out; "
        f"{figures['truncated_share']:.1%} cut to {config.text.length} words; "
        f"{figures['vocabulary']} ids, {figures['unknown_share']:.1%} of words unknown"
    )
    return corpus


def _train(run: "Run", config: "Config", corpus: "Corpus", *, resumed: bool, as_json: bool) -> None:
    say(f"training into {run.path} (Ctrl-C stops after the batches at hand and keeps the best epoch)")
    from imdb_gru.training.trainer import Trainer

    trainer = Trainer(run, config, corpus)
    say(f"engine: {trainer.engine}, {trainer.engine_reason}")
    if resumed:
        trainer.restore()
        say(f"resuming after epoch {trainer.progress.epoch} of {config.train.epochs}")
    try:
        metrics = trainer.train(_report_epoch)
    except KeyboardInterrupt:
        say(f"stopped before an epoch was done; start over with: imdb-gru train --resume {run.path}")
        raise
    if as_json:
        click.echo(json.dumps({"run": str(run.path), **metrics}))
    else:
        _print_result(run, metrics)
    if metrics["interrupted"]:
        say(f"stopped; continue with: imdb-gru train --resume {run.path}")
        raise click.exceptions.Exit(INTERRUPTED)


def _report_epoch(record: dict[str, Any]) -> None:
    parts = [f"loss {record['loss']:.4f}", f"accuracy {record['accuracy']:.2%}"]
    if "validation_loss" in record:
        parts += [f"validation loss {record['validation_loss']:.4f}", f"accuracy {record['validation_accuracy']:.2%}"]
    say(f"epoch {record['epoch']}: {', '.join(parts)}, {record['seconds']:.0f} s")


def _print_result(run: "Run", metrics: dict[str, Any]) -> None:
    best = metrics["best"]
    rows = [("best epoch", f"{best['epoch']} of {metrics['epochs']}")]
    if "validation_accuracy" in best:
        rows.append(("validation accuracy", f"{best['validation_accuracy']:.2%}"))
        rows.append(("validation log loss", f"{best['validation_loss']:.4f}"))
    rows += [("training", f"{metrics['seconds']:.0f} s"), ("run", str(run.path))]
    print_table(rows)


def _show_plan(config: "Config", corpus: "Corpus", as_json: bool) -> None:
    from imdb_gru.training.model import choose_engine
    from imdb_gru.training.plan import estimate_memory, summarise_model

    engine, reason = choose_engine(config)
    summary, parameters = summarise_model(config, corpus)
    memory = estimate_memory(config, parameters, corpus)
    if as_json:
        plan = {
            "data": corpus.statistics,
            "parameters": parameters,
            "memory_bytes": memory,
            "engine": engine,
            "config": config.model_dump(),
        }
        click.echo(json.dumps(plan))
        return
    print_table([(name.replace("_", " "), str(value)) for name, value in corpus.statistics.items()], title="data")
    click.echo(f"\nmodel\n{summary}")
    click.echo(f"parameters: {parameters:,}; memory in training: about {memory / 2**20:,.0f} MiB")
    click.echo(f"engine: {engine}, {reason}\n")
    click.echo(config.to_yaml(), nl=False)
