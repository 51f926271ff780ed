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
        ("The end\x96at last", {"control characters": 7}),
        ("It isnâ\x80\x99t", {"mojibake": 6, "control characters": 7}),
        ("bell\a", {"control characters": 4}),
        ("a <i>fine</i> film", {"HTML": 2}),
        ('see <a href="x">this</a>', {"HTML": 4}),
        ("rock &amp; roll", {"HTML": 5}),
        ("100&#37;", {"HTML": 3}),
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
    ],
)
def test_what_is_right_is_left_alone(text):
    assert find_signs(text) == {}
