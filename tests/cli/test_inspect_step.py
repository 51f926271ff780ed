"""`imdb-gru inspect step` on the model in the package; its printed numbers are put into a calculator."""

import functools
import json
import math
import re

import pytest

TEXT = "A dull start, but a superb ending."
TOLERANCE = 5e-4


@pytest.fixture
def step(inspect_bundled):
    return functools.partial(inspect_bundled, "step")


def calculate(numbers):
    python = numbers.replace("×", "*").replace("σ", "sigma").replace("tanh", "math.tanh")
    return eval(python, {"math": math, "sigma": lambda x: 1 / (1 + math.exp(-x))})


def read_equations(out):
    """Return each equation's symbol, formula, numbers, middle step (if any) and value."""
    pattern = re.compile(r"^(\S+) +=( .*?)   (\w[\w ]*)\n +=( .*)\n +=( .* =)? (-?[\d.]+)$", re.MULTILINE)
    return [
        (symbol, formula.strip(), name, numbers.strip(), middle.strip(" ="), float(value))
        for symbol, formula, name, numbers, middle, value in pattern.findall(out)
    ]


def read_products(out):
    """Return the sum of each product as it is in the numbers of its equation."""
    products = {}
    for _, formula, _, numbers, middle, _ in read_equations(out):
        if middle:
            symbols = re.findall(r"[WUbc]_\w(?: x_t| h_\{t-1\})?|r_t", formula)
            figures = re.findall(r"(- |-|)([\d.]+)", numbers)
            products |= {
                symbol: -float(figure) if sign else float(figure)
                for symbol, (sign, figure) in zip(symbols, figures, strict=True)
            }
    return products


def test_a_calculator_gives_every_printed_state_from_the_printed_state_before(step, packaged):
    followed = packaged.inspect(TEXT).cells[0].states
    worked_out = 0.0
    for word in range(10):
        out = step("--word", word, "--unit", 7, TEXT).out
        (previous,) = re.findall(r"^h_\{t-1\} = (-?[\d.]+):", out, re.MULTILINE)
        assert float(previous) == pytest.approx(worked_out, abs=TOLERANCE)
        equations = read_equations(out)
        assert [equation[:3] for equation in equations] == [
            ("z_t", "σ(W_z x_t + U_z h_{t-1} + b_z)", "update gate"),
            ("r_t", "σ(W_r x_t + U_r h_{t-1} + b_r)", "reset gate"),
            ("h'_t", "tanh(W_h x_t + r_t ⊙ (U_h h_{t-1} + c_h) + b_h)", "candidate"),
            ("h_t", "z_t ⊙ h_{t-1} + (1 − z_t) ⊙ h'_t", "state"),
        ]
        for *_, numbers, middle, value in equations:
            worked_out = calculate(numbers)
            assert worked_out == pytest.approx(value, abs=TOLERANCE)
            assert not middle or calculate(middle) == pytest.approx(value, abs=TOLERANCE)
        assert previous in equations[-1][3]
        assert equations[-1][-1] == pytest.approx(followed[word][7], abs=6e-5)


def test_the_largest_terms_are_listed_and_add_up(step):
    out = step("--word", 4, "--unit", 7, "--terms", 2, TEXT).out
    lines = out.splitlines()
    assert lines[0] == 'word 4 ",": unit 7 of layer 1, forward (GRU)'
    assert lines[1].endswith(': after word 3 "start"')
    start = next(number for number, line in enumerate(lines) if line.startswith("product "))
    assert lines[start].split("  ")[0] == "product"
    rows = [re.split(r"  +", line) for line in lines[start + 1 :] if line]
    products = read_products(out)
    assert len(rows) == 3 * 2 * 3
    for number in range(6):
        first, second, others = rows[3 * number : 3 * number + 3]
        assert {row[0] for row in (first, second, others)} == {first[0]}
        assert re.fullmatch("input [0-9]+" if first[0].startswith("W") else "unit [0-9]+", first[1])
        assert others[1:4] == [f"{126 if first[0].startswith('W') else 510} others", "-", "-"]
        assert abs(float(first[4])) >= abs(float(second[4]))
        for _, _, weight, value, product in (first, second):
            assert float(weight) * float(value) == pytest.approx(float(product), abs=2e-4)
        total = sum(float(row[4]) for row in (first, second, others))
        assert total == pytest.approx(products[first[0]], abs=2e-4)


def test_the_start_token_is_a_word_and_unknown_words_are_marked(step):
    lines = step("--word", 0, "--unit", 7, TEXT).out.splitlines()
    assert lines[:2] == [
        'word 0 "<start>": unit 7 of layer 1, forward (GRU)',
        "h_{t-1} = 0.0000: before any word",
    ]
    assert step("--word", 1, "Blorptastic film").out.startswith('word 1 "blorptastic" (unknown): unit ')
    assert step("").out.startswith('word 0 "<start>": ')


def test_json_holds_the_same(step):
    record = json.loads(step("--json", "--word", 4, "--unit", 7, "--terms", 1, TEXT).out)
    shown = read_equations(step("--word", 4, "--unit", 7, TEXT).out)
    (unit,) = record["units"]
    assert (record["word"], record["token"], unit["unit"]) == (4, ",", 7)
    for equation, (symbol, formula, _, numbers, _, value) in zip(unit["equations"], shown, strict=True):
        assert (equation["symbol"], equation["equation"], equation["numbers"]) == (symbol, formula, numbers)
        assert equation["value"] == pytest.approx(value, abs=6e-5)
    assert len(unit["equations"][0]["inputs"]["largest"]) == 1


def test_several_texts_are_blocks_below_their_text(step, tmp_path):
    (tmp_path / "texts.txt").write_text(f"{TEXT}\n\nFine.\n")
    lines = step("--input", "texts.txt").out.splitlines()
    assert lines[0] == TEXT
    assert lines[1].startswith('word 9 "."')
    assert lines[lines.index("Fine.") + 1].startswith('word 2 "."')
    assert len(list(map(json.loads, step("--json", "Fine.", "Dull.").out.splitlines()))) == 2


def test_notes_are_those_of_other_commands(step):
    assert "1 text is without words" in step("", "Fine.").err


def test_other_cells_show_their_own_equations(step):
    out = step("w1 w2", cell="lstm").out
    assert re.search(r"^h_\{t-1\} = -?[\d.]+, c_\{t-1\} = -?[\d.]+: after word 1 \"w1\"$", out, re.MULTILINE)
    names = ["input gate", "forget gate", "candidate", "output gate", "memory", "state"]
    assert [equation[2] for equation in read_equations(out)] == names
    out = step("w1 w2", "--terms", 9, cell="simple_rnn", bidirectional=True).out
    symbols = [equation[:3] for equation in read_equations(out)]
    assert symbols == [("h_t", "tanh(W x_t + U h_{t-1} + b)", "state")] * 2
    assert "layer 1, backward (SimpleRNN)" in out
    assert " others" not in out


def test_a_backward_model_counts_from_the_end(step):
    lines = step("--word", 2, "w1 w2", direction="backward").out.splitlines()
    assert lines[0].startswith('word 2 from the end "w1": unit ')
    assert lines[0].endswith("layer 1, backward (GRU)")
    assert lines[1].endswith('after word 1 from the end "w2"')


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--word", "10"], f'--word 10: the words of "{TEXT}" are numbered 0 (the start token) to 9'),
        (["--word", "-1"], "-1 is not in the range x>=0"),
        (["--unit", "512"], "--unit 512: this run's layers have units 0 to 511"),
        (["--layer", "2"], "--layer 2: the last recurrent layer of this run is 1"),
        (["--terms", "0"], "0 is not in the range x>=1"),
        (["--input", "texts.txt"], "give texts or --input, not both"),
    ],
)
def test_mistakes_end_in_one_line(step, arguments, message):
    result = step(TEXT, *arguments)
    assert result.code == 2
    assert message in result.err
    assert not result.out
