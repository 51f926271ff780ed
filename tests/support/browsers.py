"""Chromium, in which pages are opened."""

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
