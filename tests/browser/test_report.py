# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page of an audit's report in a real browser, small and large, on a wide screen and on a telephone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from evenkeel_lab.packages import install

from ansible_collections.evenkeel.lb.plugins.filter.lb_report import lb_report
from ansible_collections.evenkeel.lb.plugins.filter.lb_report_html import lb_report_html
from ansible_collections.evenkeel.lb.tests.browser.chromium import Browser, Page, chromium
from ansible_collections.evenkeel.lb.tests.unit import audits

# Elements that can be seen and that reach over an edge of the window.
OUTSIDE = """
    [...document.body.querySelectorAll("*")].filter((element) => element.checkVisibility()).filter((element) => {
      const box = element.getBoundingClientRect();
      return box.left < 0 || box.right > innerWidth;
    }).map((element) => element.outerHTML.slice(0, 200))
"""
# Texts that can be seen and whose contrast to what is behind them is below what WCAG 2.2 AA asks for.
FAINT = """
    (() => {
      const channels = (colour) => colour.match(/[0-9.]+/g).map(Number);
      const light = (colour) => channels(colour).slice(0, 3).map((one) => one / 255)
        .map((one) => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4)
        .reduce((sum, one, at) => sum + one * [0.2126, 0.7152, 0.0722][at], 0);
      const behind = (element) => {
        const colour = getComputedStyle(element).backgroundColor;
        return channels(colour)[3] === 0 ? behind(element.parentElement) : colour;
      };
      const own = (element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
      return [...document.body.querySelectorAll("*")].filter((one) => one.checkVisibility() && own(one))
        .filter((one) => {
          const [low, high] = [getComputedStyle(one).color, behind(one)].map(light).sort((a, b) => a - b);
          return (high + 0.05) / (low + 0.05) < 4.5;
        }).map((one) => one.outerHTML.slice(0, 200));
    })()
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    install({"chromium": "chromium"})
    with chromium(tmp_path_factory.mktemp("chromium")) as started:
        yield started


def written(directory: Path, results: dict[str, Any]) -> str:
    """The address of a file with the report of these results."""
    file = directory / "report.html"
    file.write_text(lb_report_html(lb_report(results, audits.GENERATED)), encoding="utf-8")
    return file.as_uri()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("virtual_servers", [2, 500])
def test_the_page_is_readable_and_alone(
    browser: Browser, tmp_path: Path, virtual_servers: int, width: int, dark: bool
) -> None:
    address = written(tmp_path, audits.estate(virtual_servers))
    page = Page(browser, address, width, dark)
    assert page.errors() == []
    assert page.requests() == [address]
    assert page.evaluate("document.documentElement.scrollWidth") == width == page.evaluate("innerWidth")
    assert page.evaluate(OUTSIDE) == []
    assert page.evaluate(FAINT) == []
    verdict = "1 of 4 directors failed, 1 unreachable, 1 drifted with 4 differences"
    assert verdict in page.evaluate("document.querySelector('.verdict').innerText")
    assert page.evaluate("document.querySelector('.verdict').getBoundingClientRect().bottom < innerHeight")
    assert page.evaluate("document.querySelectorAll('.service').length") == virtual_servers
    shade = page.evaluate("Number(getComputedStyle(document.body).backgroundColor.match(/[0-9]+/)[0])")
    assert (shade < 64) == dark


def test_of_many_virtual_servers_only_what_needs_a_look_is_unfolded(browser: Browser, tmp_path: Path) -> None:
    page = Page(browser, written(tmp_path, audits.estate(500)), 1280)
    seen = "[...document.querySelectorAll('.service')].filter((one) => one.checkVisibility()).length"
    assert page.evaluate(seen) == 6
    page.evaluate("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
    assert page.evaluate(seen) == 500
    assert page.evaluate(OUTSIDE) == []


def test_the_search_shows_what_matches_and_folds_up_again(browser: Browser, tmp_path: Path) -> None:
    page = Page(browser, written(tmp_path, audits.estate(500)), 390)
    height = page.evaluate("document.documentElement.scrollHeight")
    field = "document.getElementById('find')"

    def searched(words: str) -> list[str]:
        page.evaluate(f"{field}.value = {words!r}; {field}.dispatchEvent(new Event('input'))")
        names: list[str] = page.evaluate(
            "[...document.querySelectorAll('.service')].filter((one) => one.checkVisibility())"
            ".map((one) => one.querySelector('strong').innerText)"
        )
        return names

    assert searched("WEB250-3") == ["service250"]
    assert page.evaluate("found.innerText") == "1 of 500 virtual servers"
    assert searched("10.10.0.75") == ["service101", "service100", "service102", "service103"]
    assert searched("no such thing") == []
    assert len(searched("")) == 6
    assert page.evaluate("document.documentElement.scrollHeight") == height
    assert page.errors() == []


def test_names_from_hosts_stay_text(browser: Browser, tmp_path: Path) -> None:
    name = "<script>alert(1)</script><img src=x onerror=alert(2)>"
    servers = [audits.server(name, "10.20.0.21")]
    services = [audits.virtual_server(f"'\"{name}", "10.10.0.50", name, servers)]
    address = written(tmp_path, audits.pair(services=services, drift=[audits.difference(name, name, name, name)]))
    page = Page(browser, address, 390)
    assert page.errors() == []
    assert page.requests() == [address]
    assert page.evaluate("document.scripts.length") == 1
    assert name in page.evaluate("document.querySelector('.servers').innerText")
    assert page.evaluate(OUTSIDE) == []


def test_what_a_page_must_not_do_is_noticed(browser: Browser, tmp_path: Path) -> None:
    picture, file = tmp_path / "nothing.png", tmp_path / "bad.html"
    file.write_text(
        f"<body style='background: #fff'><p style='width: 2000px; color: #999'>wide and faint<img src='{picture}'>"
        "<script>console.error('told'); throw new Error('thrown')</script>",
        encoding="utf-8",
    )
    page = Page(browser, file.as_uri(), 390)
    errors = str(page.errors())
    assert "told" in errors and "thrown" in errors
    assert page.requests() == [file.as_uri(), picture.as_uri()]
    assert page.evaluate("document.documentElement.scrollWidth") > 390
    assert "wide and faint" in page.evaluate(OUTSIDE)[0]
    assert "wide and faint" in page.evaluate(FAINT)[0]
