import pytest

from imdb_gru.checking.spoilt import find_signs


@pytest.mark.parametrize(
    ("text", "signs"),
    [
        ("A caf\ufffd scene.", {"replacement characters": 5}),
        ("A cafÃ© scene, Ã\xa0 la carte.", {"mojibake": 5}),
        ("It isnâ€™t good", {"mojibake": 6}),
        ("Â£10 for this", {"mojibake": 0}),
        ("so good ðŸ˜€", {"mojibake": 8}),
        ("It isnâ\x80\x99t", {"mojibake": 6}),
        ("bell\a", {"control characters": 4}),
        ("The end\x81at last", {"control characters": 7}),
        ("so <script>let x = 1</script>", {"HTML": 3}),
        ('see <video controls src="x">this</video> or <rating stars="5">', {"HTML": 4}),
    ],
)
def test_what_is_wrong_is_found_at_its_place(text, signs):
    assert find_signs(text) == signs


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Two lines.<br /><br />A tab\tand\r\nbreaks.",
        "“IRMÔ, “MAÇÃ”, IRMÃ… é “Ã”",
        "CAFÉ… À LA CARTE – «É» Ângela Âncora",
        "I <3 it; 2 < 3 > 1, Q&A; AT&T; <sigh> <spoiler>",
        "Ünïcödé 漢字 😀 ʻokina",
        'What the tokenizer removes or decodes: <i>fine</i> <a href="x">this</a> rock &amp; roll, 100&#37;, at\x96last',
    ],
)
def test_what_is_right_is_left_alone(text):
    assert find_signs(text) == {}
