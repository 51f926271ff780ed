"""Own what the commands that train have in common: their options, a run's start and resumption, what is said of it."""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import click

from imdb_gru.cli.limits import check_extras, check_memory, explain_memory
from imdb_gru.cli.options import (
    FOLDER_PATH,
    PATH,
    anchor_paths,
    answer_signals,
    config_options,
    data_options,
    json_option,
    merge_data_options,
    open_config_source,
    print_table,
    say,
)

if TYPE_CHECKING:
    from imdb_gru.config import Task
    from imdb_gru.run import Run
    from imdb_gru.sources.review import Source
    from imdb_gru.text.corpus import Corpus, TrainingReviews
    from imdb_gru.text.vocabulary import Vocabulary

HEARD = "heard: stopping after the batches at hand, or once the engine is compiled where this is its first use"


def training_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add all options of a command that trains, in the names of `Lesson.run`."""
    for option in (
        json_option,
        click.option("--dry-run", is_flag=True, help="Show data, model, memory and config; train nothing."),
        click.option("--overwrite", is_flag=True, help="Replace the run that stands at --run."),
        click.option("--resume", type=FOLDER_PATH, metavar="DIR", help="Continue a run that was stopped."),
        click.option("--run", "run_path", type=PATH, metavar="DIR", help="Where to write the run."),
        data_options,
        config_options,
    ):
        command = option(command)
    return command


class Lesson(ABC):
    """What one command trains; a config is of its kind throughout."""

    task: ClassVar["Task"]
    promise: ClassVar[str]
    """What Ctrl-C does."""
    require_labels: ClassVar[bool]

    @abstractmethod
    def load_config(self, path: Path | None, overrides: list[str]) -> Any:
        """Read a config of the lesson's kind."""

    def complete_config(self, config: Any) -> Any:
        """Return a new run's config with what the command's own options say."""
        return config

    def open_place(self) -> AbstractContextManager[None]:
        """Return what stays open as long as the training runs."""
        return nullcontext()

    @abstractmethod
    def load_reviews(self, source: "Source", config: Any) -> "TrainingReviews":
        """Read the reviews, held-out ones apart."""

    def load_vocabulary(self, config: Any) -> "Vocabulary | None":  # noqa: ARG002 - what follows a config may need it
        """Return the vocabulary to use, None for one made from the reviews."""
        return None

    @abstractmethod
    def build_trainer(self, run: "Run", config: Any, corpus: "Corpus") -> Any:
        """Build what trains."""

    @abstractmethod
    def describe_model(self, config: Any, corpus: "Corpus") -> tuple[str, int, int]:
        """Return the model's summary, its count of parameters, and the bytes that training takes."""

    @abstractmethod
    def describe_epoch(self, record: dict[str, Any]) -> list[str]:
        """Return an epoch's figures as they are told."""

    @abstractmethod
    def describe_best(self, best: dict[str, Any]) -> list[tuple[str, str]]:
        """Return the best epoch's figures as rows of a table."""

    @abstractmethod
    def describe_start(self, run: "Run") -> str:
        """Say what becomes of a run that was stopped before its first epoch was done."""

    def run(
        self,
        *,
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
        """Do what the command's options ask for."""
        if resume and (config_path or overrides or run_path or overwrite or dry_run):
            raise click.UsageError("--resume continues with the run's own config: use it without the other options")
        if overwrite and not run_path:
            raise click.UsageError("--overwrite replaces the run at --run: name it")
        own_data = merge_data_options([], data, text_column, label_column)
        if resume:
            self._resume(resume, own_data, as_json)
            return
        config = self.complete_config(self._load_config(config_path, [*overrides, *own_data]))
        if dry_run:
            self._show_plan(config, self._load_corpus(config, None), as_json)
        else:
            self._start(run_path, config, overwrite, as_json)

    def _resume(self, path: Path, own_data: list[str], as_json: bool) -> None:
        from imdb_gru.config import COMMANDS
        from imdb_gru.lock import claim
        from imdb_gru.run import Run
        from imdb_gru.runs import check_writable
        from imdb_gru.sources import check_data_found

        check_writable(path, "be resumed", f"train a new run from it with 'imdb-gru {COMMANDS[self.task]}'")
        run = Run(path)
        run.check_found()
        with claim(path), self.open_place():
            run.check_resumable(self.task)
            config = self._load_config(run.config_path, own_data)
            if not own_data:
                check_data_found(str(run), config.data)
            corpus = self._load_corpus(config, run)
            self._train(self._build_trainer(run, config, corpus), resumed=True, as_json=as_json)

    def _start(self, path: Path | None, config: Any, overwrite: bool, as_json: bool) -> None:
        from imdb_gru.lock import claim
        from imdb_gru.run import Run
        from imdb_gru.runs import check_free, create_run, name_run

        path = path or name_run(config)
        with claim(path), self.open_place():
            check_free(path, overwrite=overwrite)
            trainer = self._build_trainer(Run(path), config, self._load_corpus(config, None))
            create_run(path, config, overwrite=overwrite)
            self._train(trainer, resumed=False, as_json=as_json)

    def _load_config(self, path: Path | None, overrides: list[str]) -> Any:
        config = anchor_paths(self.load_config(path, overrides))
        check_extras(config)
        return config

    def _load_corpus(self, config: Any, resumed: "Run | None") -> "Corpus":
        from imdb_gru.text.corpus import encode_corpus

        source = open_config_source(config.data, require_labels=self.require_labels)
        say(f"reading {source.name}")
        reviews = self.load_reviews(source, config)
        stored = resumed is not None and resumed.vocabulary_path.exists()
        vocabulary = resumed.load_vocabulary() if resumed and stored else self.load_vocabulary(config)
        corpus = encode_corpus(source, config, reviews, vocabulary)
        figures = corpus.statistics
        if reviews.counts:
            say("read " + ", ".join(f"{count} reviews of split {split}" for split, count in reviews.counts.items()))
        say(
            f"{figures['train']} reviews to train on, {figures['validation']} held out; "
            f"{figures['truncated_share']:.1%} cut to {config.text.length} words; "
            f"{figures['vocabulary']} ids, {figures['unknown_share']:.1%} of words unknown"
        )
        if config.train.validation_split and not figures["validation"]:
            say("no reviews are held out: there are too few, or too few different ones; figures are of training alone")
        if repeated := figures["repeated_validation"]:
            say(
                f"held-out reviews that stand word for word among those to train on: {repeated}; "
                "so much do validation figures flatter (imdb-gru data check names some)"
            )
        return corpus

    def _build_trainer(self, run: "Run", config: Any, corpus: "Corpus") -> Any:
        check_memory(config, corpus)
        with explain_memory():
            return self.build_trainer(run, config, corpus)

    def _train(self, trainer: Any, *, resumed: bool, as_json: bool) -> None:
        from imdb_gru.environment import find_changes

        run: Run = trainer.run
        run.keep_vocabulary(trainer.corpus.vocabulary)
        say(f"training into {run} (Ctrl-C {self.promise})")
        say(trainer.engine_line)
        if resumed:
            trainer.restore()
            progress = trainer.progress
            within = f" and {progress.batch} batches of the next" if progress.batch else ""
            say(f"resuming after epoch {progress.epoch} of {trainer.config.train.epochs}{within}")
            *_, before = [{}, *run.load_environments()]
            changes = find_changes(before.get("environment", {}), trainer.environment)
            if trainer.config.train.deterministic and changes:
                told = ", ".join(f"{name} {before} then, {here} here" for name, (before, here) in changes.items())
                say(f"the weights may not be, to the bit, those of a run never stopped: {told}")
        try:
            with answer_signals(HEARD), explain_memory():
                metrics = trainer.train(self._report_epoch)
        except KeyboardInterrupt:
            say(self.describe_start(run))
            raise
        if as_json:
            click.echo(json.dumps({"run": str(run), **metrics}))
        else:
            self._print_result(run, metrics)
        if metrics["interrupted"]:
            say(f"stopped; continue with: {run.resumption}")
            raise click.exceptions.Exit(trainer.stop.exit_code)

    def _report_epoch(self, record: dict[str, Any]) -> None:
        say(f"epoch {record['epoch']}: {', '.join(self.describe_epoch(record))}, {record['seconds']:.0f} s")

    def _print_result(self, run: "Run", metrics: dict[str, Any]) -> None:
        best = metrics["best"]
        print_table(
            [
                ("best epoch", f"{best['epoch']} of {metrics['epochs']}"),
                *self.describe_best(best),
                ("training", f"{metrics['seconds']:.0f} s"),
                ("run", str(run)),
            ]
        )

    def _show_plan(self, config: Any, corpus: "Corpus", as_json: bool) -> None:
        from imdb_gru.training.model import choose_engine, choose_precision, describe_engine

        engine, reason = choose_engine(config)
        precision = choose_precision(config, engine)
        check_memory(config, corpus)
        summary, parameters, memory = self.describe_model(config, corpus)
        if as_json:
            plan = {
                "data": corpus.statistics,
                "parameters": parameters,
                "memory_bytes": memory,
                "engine": engine,
                "precision": precision,
                "config": config.model_dump(),
            }
            click.echo(json.dumps(plan))
            return
        figures = [(name, "-" if value is None else str(value)) for name, value in corpus.statistics.items()]
        print_table([(name.replace("_", " "), value) for name, value in figures], title="data")
        click.echo(f"\nmodel\n{summary}")
        click.echo(f"parameters: {parameters:,}; memory in training: about {memory / 2**20:,.0f} MiB")
        click.echo(describe_engine(engine, reason, precision) + "\n")
        click.echo(config.to_yaml(), nl=False)
