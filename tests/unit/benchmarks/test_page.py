# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import common
import page

MEASURES = {
    "ipvs.fill": common.compared([0.1], [1.0], "the slow way"),
    "ipvs.module_nochange": common.compared([5.0], [1.0], "a dump"),
    "config.loop": common.compared([1.0], [100_000.0], "a loop"),
    "other": common.compared([1.0], [1.0], "itself"),
}


def test_the_table_says_which_goals_were_missed() -> None:
    _head, _line, *rows = page.table(MEASURES)
    assert rows == [
        "| `config.loop` | 1.000 | a loop | 100000.000 | 1e-05 | ≤ 0.01 |",
        "| `ipvs.fill` | 0.100 | the slow way | 1.000 | 0.1 | ≤ 0.2 |",
        "| `ipvs.module_nochange` | 5.000 | a dump | 1.000 | 5 | ≤ 4 (missed) |",
        "| `other` | 1.000 | itself | 1.000 | 1 |  |",
    ]


def test_the_bars_end_at_the_ratio_on_the_scale() -> None:
    _begin, scale, *rows, _end = page.plot(MEASURES)
    middle = rows[0].index("|")
    assert scale[middle - 1 : middle + 2] == " 1 "
    bars = {row.split()[0]: row[20:].strip() for row in rows}
    assert bars["ipvs.fill"] == "█" * page.WIDE + "|"
    assert scale[middle - page.WIDE - 2 : middle - page.WIDE + 1] == "0.1"
    assert bars["ipvs.module_nochange"] == "|" + "█" * 7
    assert bars["other"] == "|"
    assert bars["config.loop"] == "█" * page.WIDE * page.DECADES + "|"
