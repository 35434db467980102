# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Simulated appliances to try things on: python -m tests.aloha_simulator ADDRESS:PORT… [switch=value…]

Each address and port is an appliance of its own; addresses of this machine are 127.0.0.1, 127.0.0.2 and so on.
Switches are those of switches.py, such as put=replace or delay=0.005.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from typing import Any

from .appliance import Appliance
from .server import Simulator
from .switches import Switches


def switches_of(words: list[str]) -> Switches:
    """The switches that words such as ``delay=0.005`` set."""
    switches = Switches()
    for word in words:
        name, _equals, text = word.partition("=")
        kind: Any = type(getattr(switches, name))
        setattr(switches, name, text == "true" if kind is bool else kind(text))
    return switches


def main(words: list[str]) -> None:
    switches = switches_of([word for word in words if "=" in word])
    over = threading.Event()
    for place in [word for word in words if "=" not in word]:
        address, _colon, port = place.partition(":")
        simulator = Simulator(Appliance(switches), address, int(port))
        simulator.over = over
        threading.Thread(target=simulator.serve_forever, daemon=True).start()
        user, password = simulator.appliance.user, simulator.appliance.password
        print(f"an ALOHA listens on {address} port {port}, user {user}, password {password}", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        over.wait()


if __name__ == "__main__":
    main(sys.argv[1:])
