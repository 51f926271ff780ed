"""The `imdb-gru next` command, which predicts the next word of a text or continues the text."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imdb_gru.cli._commands import Command
from imdb_gru.cli._data_options import input_options
from imdb_gru.cli._messages import EventPrinter
from imdb_gru.cli._options import PATH, Integer, Number, json_option, number_option, open_run
from imdb_gru.cli._texts import open_reader

if TYPE_CHECKING:
    from imdb_gru.config import DataConfig
    from imdb_gru.corpus.encoded import EncodedText
    from imdb_gru.models.next_word import NextWordModel, Sampling

COUNT, COUNT_A_TIMESTEP = 10, 3


@click.command("next", cls=Command, short_help="Predict the next word of a review, or continue the review.")
@click.argument("text", required=False)
@click.option(
    "--run",
    "run_path",
    type=PATH,
    metavar="DIR",
    help="The run to use, created by 'imdb-gru pretrain' [default: the newest complete next-word run under runs/; "
    "otherwise, the model in the package].",
)
@click.option(
    "-k",
    "--count",
    type=Integer(min=1),
    metavar="K",
    help=f"List the K most likely words [default: {COUNT}; with --timesteps, {COUNT_A_TIMESTEP}].",
)
@click.option(
    "--timesteps",
    is_flag=True,
    help="Show which words the model expected after each word, and which word actually followed.",
)
@number_option("--generate", "Continue the text by N words, or until the model ends the review.")
@click.option(
    "--temperature",
    type=Number(min=0),
    metavar="X",
    help="The randomness of the continuation; 0 always chooses the most likely word [default: 1].",
)
@number_option("--top", "Choose each word of the continuation from the K most likely words.", metavar="K")
@number_option("--seed", "The seed of the continuation [default: 0].", least=0)
@input_options()
@json_option
def next_word(
    text: str | None,
    run_path: Path | None,
    count: int | None,
    timesteps: bool,
    generate: int | None,
    temperature: float | None,
    top: int | None,
    seed: int | None,
    file: "DataConfig | None",
    as_json: bool,
) -> None:
    """Predict which words come next in a review, using a run created by 'imdb-gru pretrain'.

    <end> is the end of the review, and <unknown> is any word outside the run's vocabulary. A model that was trained
    with text.direction=backward predicts the previous word instead, and <end> is the beginning of the review.

    \b
    imdb-gru next "The first half is funny, but the"
    imdb-gru next --generate 40 --temperature 0.7 "To me this film"
    """
    _check_modes(count, timesteps, generate, temperature, top, seed)
    reader = open_reader(() if text is None else (text,), file, "next")
    from imdb_gru.models.bulk import count_seen
    from imdb_gru.models.next_word import NextWordModel, Sampling

    model = NextWordModel.load(open_run(run_path, "next_word"))
    _check_choices(model, count, top)
    sampling = Sampling(1.0 if temperature is None else temperature, top, seed or 0)
    texts = map(model.encode, reader.follow("reading"))
    for number, encoded in enumerate(count_seen(texts, model.config.text, reader, EventPrinter(), warn_empty=False)):
        if number and not as_json and not generate:
            click.echo()
        if generate:
            _continue(model, encoded, generate, sampling, as_json=as_json)
        elif timesteps:
            _follow(model, encoded, count or COUNT_A_TIMESTEP, as_json=as_json)
        else:
            _show_next(model, encoded, count or COUNT, as_json=as_json, many=text is None)


def _check_choices(model: "NextWordModel", count: int | None, top: int | None) -> None:
    for option, wanted in (("--count", count), ("--top", top)):
        if wanted is not None and wanted > model.choices:
            raise click.UsageError(f"{option} {wanted}: this run has only {model.choices} possible next words")


def _check_modes(
    count: int | None, timesteps: bool, generate: int | None, temperature: float | None, *others: int | None
) -> None:
    if generate and (timesteps or count):
        raise click.UsageError("--generate cannot be used with --timesteps or --count")
    if not generate and any(option is not None for option in (temperature, *others)):
        raise click.UsageError("--temperature, --top and --seed need --generate")
    if temperature is not None and not math.isfinite(temperature):
        raise click.UsageError(f"--temperature {temperature}: give a number of at least 0, such as 0.7")


def _print_json(model: "NextWordModel", text: str, **figures: Any) -> None:
    from imdb_gru.system.escaping import dump_json
    from imdb_gru.text.direction import record_direction

    click.echo(dump_json({"text": text, **record_direction(model.config.text.direction), **figures}))


def _show_next(model: "NextWordModel", text: "EncodedText", count: int, *, as_json: bool, many: bool) -> None:
    candidates = model.find_likeliest(model.predict_last(text.ids), count)
    if as_json:
        _print_json(model, text.text, next=[candidate._asdict() for candidate in candidates])
        return
    from imdb_gru.cli._tables.next_word import print_likeliest

    print_likeliest(candidates, text.text if many else None, model.config.text.direction)


def _follow(model: "NextWordModel", text: "EncodedText", count: int, *, as_json: bool) -> None:
    steps, perplexity = model.follow(text, count)
    if as_json:
        records = [
            {"timestep": number, **step._asdict(), "likeliest": [candidate._asdict() for candidate in step.likeliest]}
            for number, step in enumerate(steps)
        ]
        _print_json(model, text.text, timesteps=records, perplexity=perplexity)
        return
    from imdb_gru.cli._tables.next_word import print_timesteps

    print_timesteps(steps, model.config.text.direction)
    if perplexity is not None:
        click.echo(f"\nperplexity {perplexity:.1f} over {text.read} {'word' if text.read == 1 else 'words'}")


def _continue(model: "NextWordModel", text: "EncodedText", count: int, sampling: "Sampling", *, as_json: bool) -> None:
    from imdb_gru.system.escaping import neutralise

    generated = list(model.generate(text.ids, count, sampling))
    continuation = model.write(text, generated)
    if as_json:
        _print_json(
            model,
            text.text,
            generated=[candidate._asdict() for candidate in generated],
            continuation=continuation,
            ended=len(generated) < count,
        )
    else:
        backward = model.config.text.direction == "backward"
        click.echo(neutralise(continuation + text.text if backward else text.text + continuation))
