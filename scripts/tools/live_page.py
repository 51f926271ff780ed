"""Time the live page of the model in the package in Chromium, or take its pictures for the documentation.

    python scripts/tools/live_page.py
    python scripts/tools/live_page.py --pictures docs/pictures

The times are medians of several rounds: until the first paint, until the page can be typed into, from a keystroke to
the colour of a word at the end of a text of 100 words, and for 500 pasted words.
"""

import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from check_web import launch_chromium

import imdb_gru

GOALS = {"first paint": 300, "ready to type": 1000, "a keystroke": 16, "500 pasted words": 1000}
"""The milliseconds that each step should take at most."""
ADDRESS = "#text=A+slow+start%2C+but+the+ending+is+superb.&word=9&unit=7"
STEPS = 400
"""Number of training steps of the three networks in their picture."""
READY = "() => globalThis.imdbGru?.readSteps && document.querySelector('#levels button')"
PASTE = """(words) => new Promise((done) => {
    const field = document.getElementById("text");
    field.value = words.join(" ");
    const start = performance.now();
    field.dispatchEvent(new Event("input"));
    const check = () => {
        const read = document.querySelectorAll(".word").length === words.length + 1;
        if (read && document.getElementById("progress").hidden) done(performance.now() - start);
        else setTimeout(check, 2);
    };
    check();
})"""
TYPE = """() => {
    const field = document.getElementById("text");
    field.value += " dull";
    const start = performance.now();
    field.dispatchEvent(new Event("input"));
    return performance.now() - start;
}"""


@click.command()
@click.option("--rounds", default=5, show_default=True)
@click.option("--pictures", type=click.Path(path_type=Path, file_okay=False), help="Take pictures into this folder.")
def main(rounds: int, pictures: Path | None) -> None:
    """Time the live page, or take its pictures."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        page = imdb_gru.explore("bundled", output=Path(folder) / "page.html")
        browser = launch_chromium(driver)
        if browser is None:
            raise click.ClickException("Chromium is not installed: run make browser")
        if pictures:
            take_pictures(browser, page.as_uri(), pictures)
            return
        times: dict[str, list[float]] = {name: [] for name in GOALS}
        for _ in range(rounds):
            for name, value in measure(browser, page.as_uri()).items():
                times[name].append(value)
        click.echo(f"the page has {page.stat().st_size / 1e6:.2f} MB; medians of {rounds} rounds")
        for name, values in times.items():
            click.echo(f"{name:16} {statistics.median(values):7.1f} ms  (at most {GOALS[name]})")


def measure(browser: Any, address: str) -> dict[str, float]:
    """Open the page once, and return the milliseconds of each step."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(address, wait_until="commit")
    page.wait_for_function(READY, polling=5)
    ready = page.evaluate("performance.now()")
    paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    page.wait_for_selector("#likeliest li")
    page.evaluate(PASTE, ["the", "film", "was", "really", "good"] * 20)
    page.wait_for_timeout(500)
    keys = []
    for _ in range(10):
        keys.append(page.evaluate(TYPE))
        page.wait_for_timeout(150)
    pasted = page.evaluate(PASTE, ["a", "dull", "film", "with", "music"] * 100)
    page.close()
    return dict(zip(GOALS, (paint, ready, statistics.median(keys), pasted), strict=True))


def take_pictures(browser: Any, address: str, folder: Path) -> None:
    """Take the pictures of the documentation."""

    def take(
        name: str, place: str, part: str | None = None, prepare: Callable[[Any], None] | None = None, **options: Any
    ) -> None:
        settings = {"viewport": {"width": 1180, "height": 860}, "reduced_motion": "reduce", **options}
        page = browser.new_context(**settings).new_page()
        page.set_default_timeout(600_000)
        page.goto(address + ADDRESS + place)
        page.wait_for_selector("#likeliest li")
        if prepare:
            prepare(page)
        page.wait_for_timeout(500)
        (page.locator(part) if part else page).screenshot(path=folder / f"explore-{name}.png")
        page.close()

    def light_up(page: Any) -> None:
        page.locator(".equation [data-part=z]").first.focus()

    def train(page: Any) -> None:
        page.click("#race-run")
        page.wait_for_function(f"() => parseInt(document.getElementById('race-count').textContent) >= {STEPS}")
        page.click("#race-run")

    take("review", "")
    take("step", "&zoom=step", "#zoom", light_up)
    take("race", "", "#race", train)
    take("dark", "&zoom=word&sort=change", color_scheme="dark")
    take("phone", "&zoom=unit", viewport={"width": 390, "height": 2100})


if __name__ == "__main__":
    main()
