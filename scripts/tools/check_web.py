"""Compare the exported JavaScript module with the package on the reviews of IMDB.

    IMDB_GRU_DATA=aclImdb_v1.tar.gz python scripts/tools/check_web.py

Prints for how many of all reviews the tokens in Node are the same, the largest difference between the probabilities
after each word of 200 test reviews, the time per word, and the sizes of the module and the weights. With --chromium,
the probabilities are also compared in Chromium. Exits with 1 if anything differs.
"""

import argparse
import contextlib
import functools
import http.server
import json
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from imdb_gru.config import DataConfig
from imdb_gru.exporting.export import export
from imdb_gru.models.classifier import Classifier, load
from imdb_gru.runs.catalogue import BUNDLE, BUNDLED
from imdb_gru.sources import open_source

REVIEWS = 200
"""Number of reviews of which the probabilities are compared; they are spread over the test reviews."""
TOLERANCE = 1e-4
Map = Callable[[str, Iterable[Any]], Iterator[Any]]
"""A function that yields the results of an expression in JavaScript, given each of several values."""

PROGRAM = """
import { createInterface } from "node:readline";
const { load, build } = await import(process.argv[1]);
const model = await load();
const AsyncFunction = (async () => {}).constructor;
const compiled = new Map();
for await (const line of createInterface({ input: process.stdin })) {
  const [code, value] = JSON.parse(line);
  if (!compiled.has(code)) compiled.set(code, new AsyncFunction("model", "load", "build", "value", `return ${code}`));
  const result = await compiled.get(code)(model, load, build, value).catch((error) => ({ error: error.message }));
  process.stdout.write(JSON.stringify(result ?? null) + "\\n");
}
"""
"""A program for Node: each line of its input has an expression and a value, each line of its output a result."""
CHUNK = 500
"""Number of values that are sent before their results are read."""

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
"""The names of an installed Chromium, in the order in which they are tried."""
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking")

READ = """(() => {
  const start = performance.now();
  const steps = [...model.iterate(value)];
  const milliseconds = performance.now() - start;
  return { probabilities: steps.map((step) => step.probability), milliseconds };
})()"""


@contextlib.contextmanager
def start_node(folder: Path) -> Iterator[Map]:
    """Yield a function that evaluates expressions of `model`, `load`, `build` and `value` for the model in a folder."""
    module = (folder / "imdb-gru.js").resolve().as_uri()
    command = ["node", "--input-type=module", "--eval", PROGRAM, "--", module]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8") as process:
        requests, results = process.stdin, process.stdout
        assert requests is not None
        assert results is not None

        def send(code: str, values: Sequence[Any]) -> None:
            requests.writelines(json.dumps([code, value]) + "\n" for value in values)
            requests.flush()

        def evaluate(code: str, values: Iterable[Any]) -> Iterator[Any]:
            left = iter(values)
            while chunk := list(islice(left, CHUNK)):
                writer = threading.Thread(target=send, args=(code, chunk), daemon=True)
                writer.start()
                for _ in chunk:
                    yield json.loads(results.readline())
                writer.join()

        try:
            yield evaluate
        finally:
            process.kill()


@contextlib.contextmanager
def serve(folder: Path) -> Iterator[str]:
    """Serve a folder on this machine, and yield its address."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments: object) -> None:
            """Print nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def launch_chromium(driver: Any) -> Any:
    """Start Chromium with Playwright, and return it, or None if it is not installed."""
    own = driver.chromium.executable_path
    found = own if Path(own).exists() else next(filter(None, map(shutil.which, CHROMIUM)), None)
    return found and driver.chromium.launch(executable_path=found, args=QUIET)


@contextlib.contextmanager
def start_chromium(folder: Path) -> Iterator[Map]:
    """Yield a function that evaluates expressions of `model` and `value` in Chromium."""
    from playwright.sync_api import sync_playwright

    (folder / "blank.html").write_text("<!doctype html>")
    with serve(folder) as address, sync_playwright() as driver:
        browser = launch_chromium(driver)
        if browser is None:
            raise SystemExit("Chromium is not installed: run make browser")
        page = browser.new_page()
        page.goto(f"{address}/blank.html")
        page.evaluate("async () => { window.model = await (await import('./imdb-gru.js')).load(); }")

        def evaluate(code: str, values: Iterable[Any]) -> Iterator[Any]:
            for value in values:
                yield page.evaluate(f"(value) => {code}", value)

        yield evaluate
        browser.close()


def compare_tokens(evaluate: Map, classifier: Classifier, texts: Callable[[], Iterator[str]]) -> tuple[int, int]:
    """Return the number of texts, and how many of them have other tokens in JavaScript."""
    count = different = 0
    tokenize = classifier.vocabulary.tokenize
    for text, tokens in zip(texts(), evaluate("model.tokenize(value).join(' ')", texts()), strict=True):
        count += 1
        different += tokens != " ".join(tokenize(text))  # no token has a space
    return count, different


def compare_probabilities(evaluate: Map, classifier: Classifier, texts: Sequence[str]) -> tuple[float, list[float]]:
    """Return the largest difference between probabilities after a word, and each text's milliseconds per word."""
    largest, times = 0.0, []
    for text, result in zip(texts, evaluate(READ, texts), strict=True):
        ids = classifier.encode(text).ids
        (expected,) = classifier.network.predict_timesteps(ids[None], np.array([len(ids)]))
        largest = max(largest, float(np.abs(expected - result["probabilities"]).max()))
        times.append(result["milliseconds"] / len(ids))
    return largest, times


def main() -> None:
    """Compare the module with the package, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="as for imdb-gru train [default: $IMDB_GRU_DATA, or IMDB is downloaded]")
    parser.add_argument("--chromium", action="store_true", help="also compare the probabilities in Chromium")
    arguments = parser.parse_args()
    source, classifier = open_source(DataConfig(path=arguments.data)), load(BUNDLED)

    def iter_texts() -> Iterator[str]:
        return (review.text for split in source.splits for review in source.iter_reviews(split))

    test = [review.text for review in source.iter_reviews("test")]
    chosen = test[:: max(1, len(test) // REVIEWS)][:REVIEWS]
    failed = False

    def report(name: str, evaluate: Map) -> bool:
        largest, times = compare_probabilities(evaluate, classifier, chosen)
        print(f"{len(chosen)} reviews in {name}: probabilities differ by at most {largest:.1e}, ", end="")
        print(f"{np.median(times):.2f} ms per word (median; fastest review {min(times):.2f})", flush=True)
        return largest > TOLERANCE

    with tempfile.TemporaryDirectory(prefix="imdb-gru-web-") as name:
        folder = export(classifier, format="web", path=Path(name) / "exported")
        sizes = {file: (folder / file).stat().st_size for file in ("imdb-gru.js", "weights.bin")}
        packed = sum(path.stat().st_size for path in BUNDLE.rglob("weights.npz"))
        print(f"imdb-gru.js: {sizes['imdb-gru.js']:,} bytes")
        print(f"weights.bin: {sizes['weights.bin']:,} bytes; in the package: {packed:,} bytes", flush=True)
        with start_node(folder) as evaluate:
            failed |= report("Node", evaluate)
            count, different = compare_tokens(evaluate, classifier, iter_texts)
            print(f"{count:,} reviews in Node: {count - different:,} have the same tokens", flush=True)
            failed |= different > 0
        if arguments.chromium:
            with start_chromium(folder) as evaluate:
                failed |= report("Chromium", evaluate)
    raise SystemExit(int(failed))


if __name__ == "__main__":
    main()
