# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers that live: whatever is asked on any of the TCP ports named as arguments is answered with a 200 of HTTP."""

from __future__ import annotations

import asyncio
import sys

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n"


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        if await reader.read(1):
            writer.write(ANSWER)
            await writer.drain()
        writer.close()
    except ConnectionError:
        writer.close()


async def main() -> None:
    servers = [await asyncio.start_server(answer, "::", int(port), backlog=500) for port in sys.argv[1:]]
    await asyncio.gather(*(server.serve_forever() for server in servers))


if __name__ == "__main__":
    asyncio.run(main())
