#!/usr/bin/env python3
# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Count which server answers.

usage: client.py tcp|udp ADDRESS PORT COUNT [--timeout SECONDS]

Makes COUNT new requests one after the other and prints {"sent", "failed", "by_server", "errors"} as JSON. The exit
status is 0 when all were answered, 1 otherwise.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter

from request import NoAnswer, ask


def main() -> int:
    """Ask, count, print."""
    parser = argparse.ArgumentParser(description="Count which server answers.")
    parser.add_argument("protocol", choices=("tcp", "udp"))
    parser.add_argument("address")
    parser.add_argument("port", type=int)
    parser.add_argument("count", type=int)
    parser.add_argument("--timeout", type=float, default=2.0, help="seconds an answer may take (default 2)")
    chosen = parser.parse_args()
    servers: Counter[str] = Counter()
    errors: Counter[str] = Counter()
    for _number in range(chosen.count):
        try:
            servers[ask(chosen.protocol, chosen.address, chosen.port, chosen.timeout)] += 1
        except NoAnswer as error:
            errors[str(error)] += 1
    failed = errors.total()
    print(json.dumps({"sent": chosen.count, "failed": failed, "by_server": servers, "errors": errors}))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
