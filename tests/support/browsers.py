"""Chromium, in which pages are opened."""

from contextlib import contextmanager

import pytest

from support.bundles import load_script


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="the tests of pages need playwright")
    with playwright.sync_playwright() as driver:
        chromium = load_script("check_web").launch_chromium(driver)
        if chromium is None:
            pytest.skip("no Chromium is at hand: install one, or run playwright install chromium")
        yield chromium
        chromium.close()


@contextmanager
def opened(browser, path, address="", **options):
    """Open a page; in the end, it must have asked for itself alone, and complained of nothing."""
    context = browser.new_context(**options)
    page = context.new_page()
    page.set_default_timeout(5000)
    asked, complaints = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(path.as_uri() + address)
    try:
        yield page
    finally:
        context.close()
    assert [url for url in asked if not url.startswith("blob:")] == [path.as_uri()]
    assert complaints == []
