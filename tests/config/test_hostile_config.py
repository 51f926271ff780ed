import os
import threading

import pytest
from support.hostile import ESCAPES, HARMFUL, bounded

from imdb_gru.config import load_any_config, load_config, parse_override
from imdb_gru.errors import ConfigError

LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
MERGES = "a: &a {x: 1}\n" + "".join(
    f"{new}: &{new}\n  <<: [{', '.join([f'*{old}'] * 10)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


def refuse(tmp_path, content, message, mib=256):
    path = tmp_path / "c.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with bounded(mib, seconds=10), pytest.raises(ConfigError, match=message) as error:
        load_any_config(path)
    assert len(str(error.value)) < 15_000
    assert not HARMFUL & set(str(error.value))


@pytest.mark.parametrize("content", [LAUGHS, MERGES, f"- {LAUGHS}".replace("\n", "\n  "), "a: &a [*a]\n"])
def test_aliases_that_multiply_are_refused(tmp_path, content):
    refuse(tmp_path, content, "is not valid YAML: .*must not contain aliases")


@pytest.mark.parametrize(
    "value",
    [
        "!!python/object/apply:os.mkdir [proof-of-code-run]",
        "!!python/name:os.system",
        "!other 1",
        "!!int a",
        "!!float a",
        "!!bool a",
        "!!timestamp a",
        "!!binary é",
        "!!map 5",
        "!!set [1]",
        "!!omap 5",
        "2001-99-99",
        "1" * 5000,
        "{[1]: 2}",
        "{{a: 1}: 2}",
    ],
)
def test_values_of_other_kinds_run_nothing_and_are_told(tmp_path, value):
    refuse(tmp_path, f"train:\n  seed: {value}\n", "is not valid YAML|has an error")
    assert not (tmp_path / "proof-of-code-run").exists()


@pytest.mark.parametrize("value", ["0x" + "f" * 5000, "0b" + "1" * 20000, "1e400", "[" * 90 + "]" * 90, "x" * 100_000])
def test_values_too_large_to_show_are_told_in_short(tmp_path, value):
    refuse(tmp_path, f"train:\n  seed: {value}\n", "train.seed: ")


@pytest.mark.parametrize("depth", [150, 250, 320, 330, 10_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ("{a: ", "}")])
def test_deep_nesting_is_told(tmp_path, depth, opening, closing):
    refuse(tmp_path, f"train: {opening * depth}{closing * depth}", "is not valid YAML|is nested|has an error")


def test_a_long_config_is_refused(tmp_path):
    refuse(tmp_path, "#" * (2**20 + 1), "more than 1,048,576 bytes")


def test_thousands_of_keys_are_told_in_short_and_in_time(tmp_path):
    refuse(
        tmp_path,
        "".join(f"key{number}: 1\n" for number in range(3000)),
        r"3000 errors(.|\n)*and 2950 more",
    )


def test_keys_and_values_with_escapes_are_told_harmlessly(tmp_path):
    codes = ESCAPES.encode("unicode_escape").decode()
    refuse(tmp_path, f'"key{codes}": 1\ntrain: {{"a{codes}\\nb": 1, seed: "{codes}"}}\n', "3 errors")


def test_an_override_of_other_kinds_is_told():
    for value in ("[" * 5000, "!!int a", "2001-99-99"):
        with pytest.raises(ConfigError, match="the value is not valid YAML"):
            parse_override(f"train.seed={value}")


def test_a_pipe_that_a_person_names_is_read(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=lambda: path.write_text("train: {epochs: 7}"))
    writer.start()
    assert load_config(path).train.epochs == 7
    writer.join(10)
