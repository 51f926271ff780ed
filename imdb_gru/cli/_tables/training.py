"""Tables for the plan and the result of a training run."""

from typing import TYPE_CHECKING

import click

from imdb_gru.cli._tables.table import print_line, print_table

if TYPE_CHECKING:
    from imdb_gru.runs.run import Run
    from imdb_gru.tasks.folds import CrossValidation
    from imdb_gru.tasks.training import Plan


def print_run(run: "Run") -> None:
    """Print the metrics of a training run."""
    metrics = run.load_metrics()
    best = metrics.best
    rows = [("best epoch", f"{best.epoch} of {metrics.epochs}")]
    if best.validation_perplexity is not None:
        rows.append(("validation perplexity", f"{best.validation_perplexity:.1f}"))
    if best.validation_accuracy is not None:
        share = metrics.data.positive_share_validation
        majority = "" if share is None else f"  (majority class {max(share, 1 - share):.2%})"
        rows.append(("validation accuracy", f"{best.validation_accuracy:.2%}{majority}"))
    if best.validation_loss is not None:
        rows.append(("validation loss", f"{best.validation_loss:.4f}"))
    print_table([*rows, ("training", f"{metrics.seconds:.0f} s"), ("run", str(run))])


def print_cross_validation(result: "CrossValidation") -> None:
    """Print the metrics of a cross-validation for each fold and for all reviews together."""
    rows = [
        (str(number), str(fold.n), f"{fold.accuracy:.2%}", f"{fold.log_loss:.4f}")
        for number, fold in enumerate(result.folds, 1)
    ]
    print_table(rows, ("fold", "reviews", "accuracy", "log loss"))
    pooled = result.pooled
    low, high = pooled.accuracy_interval
    click.echo()
    print_table(
        [
            ("mean of the folds", f"{result.accuracy_mean:.2%} ± {result.accuracy_deviation:.2%}"),
            (f"all {pooled.n} reviews", f"{pooled.accuracy:.2%}  (95 % interval {low:.2%} to {high:.2%})"),
            ("majority class", f"{pooled.majority_accuracy:.2%}  (always the more frequent label)"),
        ]
    )
    click.echo()


def print_plan(plan: "Plan") -> None:
    """Print the data, model, memory, engine and config of a planned training run."""
    from imdb_gru.events import EngineChosen

    figures = [(name, "-" if value is None else str(value)) for name, value in plan.data.to_dict().items()]
    print_table([(name.replace("_", " "), value) for name, value in figures], title="data")
    click.echo(f"\nmodel\n{plan.summary}")
    print_line(f"parameters: {plan.parameters:,}; memory for training: about {plan.memory_bytes / 2**20:,.0f} MiB")
    print_line(str(EngineChosen(plan.engine, plan.reason, plan.precision)))
    click.echo()
    click.echo(plan.config.to_yaml(), nl=False)
