# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A health check as keepalived configuration text: a checker of a real_server. Pure. Private to evenkeel.lb.

Source: keepalived.conf(5) of 2.2.7 to 2.4.3.
"""

from __future__ import annotations

from typing import Iterator

from ..._model.healthcheck import HealthCheck
from .words import seconds


def checker(check: HealthCheck) -> Iterator[str]:
    yield "        HTTP_GET {" if check.type == "http" else "        TCP_CHECK {"
    if check.type == "http":
        yield "            url {"
        yield f'                path "{check.uri}"'
        if check.host is not None:
            yield f'                virtualhost "{check.host}"'
        yield f"                status_code {' '.join(check.status_codes)}"
        yield "            }"
    if check.port is not None:
        yield f"            connect_port {check.port}"
    yield f"            connect_timeout {seconds(check.timeout)}"
    # keepalived counts the tries after the first failure, the model counts all failures in a row
    yield f"            retry {check.retries - 1}"
    yield f"            delay_before_retry {seconds(check.interval)}"
    yield "        }"
