"""imdb-gru next: say which word a next-word model expects, or let it write on."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imdb_gru.cli._options import PATH, Command, json_option, open_run, print_table
from imdb_gru.cli._texts import input_option, open_reader
from imdb_gru.cli._training import Narrator

if TYPE_CHECKING:
    from imdb_gru.corpus.encoded import EncodedText
    from imdb_gru.models.next_word import NextWordModel, Sampling, Timestep

COUNT, COUNT_A_TIMESTEP = 10, 3


@click.command("next", cls=Command)
@click.argument("text", required=False)
@click.option(
    "--run",
    "run_path",
    type=PATH,
    metavar="DIR",
    help="The run of 'imdb-gru pretrain' to use; without it, the newest complete one under runs/, "
    "else the one that ships with the package.",
)
@click.option(
    "-k",
    "--count",
    type=click.IntRange(min=1),
    metavar="K",
    help=f"List the K likeliest words [default: {COUNT}, with --timesteps {COUNT_A_TIMESTEP}].",
)
@click.option("--timesteps", is_flag=True, help="Show what was expected after every word, and what came.")
@click.option(
    "--generate", type=click.IntRange(min=1), metavar="N", help="Write on, N words at most, or to the review's end."
)
@click.option(
    "--temperature",
    type=click.FloatRange(min=0),
    metavar="X",
    help="How freely to write: 0 takes the likeliest word always [default: 1].",
)
@click.option("--top", type=click.IntRange(min=1), metavar="K", help="Write with the K likeliest words only.")
@click.option("--seed", type=click.IntRange(min=0), metavar="N", help="Write something else with another [default: 0].")
@input_option
@click.option("--text-column", metavar="NAME", help="A table's column of texts, where its name is uncommon.")
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
    input_path: Path | None,
    text_column: str | None,
    as_json: bool,
) -> None:
    """Say which words are likely to come next in a review, as a run of 'imdb-gru pretrain' has learnt it.

    <end> is the end of the review, <unknown> any word that the run's vocabulary does not hold.

    \b
    imdb-gru next "The first half is funny, but the"
    imdb-gru next --generate 40 --temperature 0.7 "To me this film"
    """
    _check_modes(count, timesteps, generate, temperature, top, seed)
    texts = () if text is None else (text,)
    reader = open_reader(texts, input_path, text_column, "next")
    from imdb_gru.models.bulk import count_seen
    from imdb_gru.models.next_word import NextWordModel, Sampling

    model = NextWordModel.load(open_run(run_path, "next_word"))
    for option, wanted in (("--count", count), ("--top", top)):
        if wanted is not None and wanted > model.choices:
            raise click.UsageError(f"{option} {wanted}: this run knows {model.choices} words that can come next")
    sampling = Sampling(1.0 if temperature is None else temperature, top, seed or 0)
    texts_read = map(model.encode, reader.follow("reading on"))
    for number, encoded in enumerate(count_seen(texts_read, model.config.text, reader, Narrator(), warn_empty=False)):
        if number and not as_json and not generate:
            click.echo()
        if generate:
            _write_on(model, encoded, generate, sampling, as_json=as_json)
        elif timesteps:
            _follow(model, encoded, count or COUNT_A_TIMESTEP, as_json=as_json)
        else:
            _show_next(model, encoded, count or COUNT, as_json=as_json, many=text is None)


def _check_modes(
    count: int | None,
    timesteps: bool,
    generate: int | None,
    temperature: float | None,
    top: int | None,
    seed: int | None,
) -> None:
    if generate and (timesteps or count):
        raise click.UsageError("--generate writes on: use it without --timesteps and --count")
    if not generate and any(option is not None for option in (temperature, top, seed)):
        raise click.UsageError("--temperature, --top and --seed go with --generate")
    if temperature is not None and not math.isfinite(temperature):
        raise click.UsageError(f"--temperature {temperature}: name a number from 0, such as 0.7")


def _print_json(text: str, **figures: Any) -> None:
    from imdb_gru.system.escaping import dump_json

    click.echo(dump_json({"text": text, **figures}))


def _show_next(model: "NextWordModel", text: "EncodedText", count: int, *, as_json: bool, many: bool) -> None:
    candidates = model.find_likeliest(model.predict_last(text.ids), count)
    if as_json:
        _print_json(text.text, next=[candidate._asdict() for candidate in candidates])
        return
    from imdb_gru.system.escaping import neutralise

    if many:
        click.echo(neutralise(text.text))
    click.echo("probability  next word")  # no rich table: loading rich takes as long as the answer
    for token, probability in candidates:
        click.echo(f"{probability:11.4f}  {neutralise(token)}")


def _follow(model: "NextWordModel", text: "EncodedText", count: int, *, as_json: bool) -> None:
    steps, perplexity = model.follow(text, count)
    if as_json:
        records = [
            {"timestep": number, **step._asdict(), "likeliest": [candidate._asdict() for candidate in step.likeliest]}
            for number, step in enumerate(steps)
        ]
        _print_json(text.text, timesteps=records, perplexity=perplexity)
        return
    columns = ("timestep", "token", "next word", "rank", "probability", "likeliest there")
    print_table([_describe(number, step) for number, step in enumerate(steps)], columns)
    if perplexity is not None:
        click.echo(f"\nperplexity {perplexity:.1f} of {text.read} {'word' if text.read == 1 else 'words'}")


def _describe(number: int, step: "Timestep") -> tuple[str, ...]:
    from imdb_gru.system.escaping import neutralise

    came = ("-", "-", "-")
    if step.next_token is not None:
        came = (neutralise(step.next_token), f"{step.rank:,}", f"{step.probability:.4f}")
    likeliest = "  ".join(f"{neutralise(token)} {probability:.3f}" for token, probability in step.likeliest)
    return (str(number), neutralise(step.token), *came, likeliest)


def _write_on(model: "NextWordModel", text: "EncodedText", count: int, sampling: "Sampling", *, as_json: bool) -> None:
    from imdb_gru.system.escaping import neutralise
    from imdb_gru.text.tokenizer import join_tokens

    generated = list(model.generate(text.ids, count, sampling))
    continuation = join_tokens([candidate.token for candidate in generated], text.text)
    if as_json:
        _print_json(
            text.text,
            generated=[candidate._asdict() for candidate in generated],
            continuation=continuation,
            ended=len(generated) < count,
        )
    else:
        click.echo(neutralise(text.text + continuation))
