"""WCAG 2.2 A and AA by axe-core, light and dark; keyboard only."""

import pytest
from axe_playwright_python.sync_playwright import Axe

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
OPTIONS = {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/", "/verify", "/docs", "/phone"])
def test_axe_finds_nothing(page, path, scheme):
    page.emulate_media(color_scheme=scheme)
    page.goto(path)
    result = Axe().run(page, options=OPTIONS)
    found = [f"{one['id']}: {one['nodes'][0]['html']}" for one in result.response["violations"]]
    assert not found, found


def test_the_file_field_is_reached_by_keyboard(page):
    page.goto("/verify")
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.dataset.testid") == "file":
            return
    raise AssertionError("ten times Tab and no file field")
