# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kernel's generic netlink family IPVS: whether it is there, and a connection to it. Private to evenkeel.lb.

Source: Linux ``include/uapi/linux/ip_vs.h`` (name, version and command numbers).
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from typing import Iterator, Mapping

from .generic_netlink import NETLINK_GENERIC, Family
from .netlink_wire import FamilyMissing, NetlinkError, Refused
from .system import System

PROC_TABLE = "/proc/net/ip_vs"
FAMILY_NAME = "IPVS"
FAMILY_VERSION = 1

NEW_SERVICE = 1
SET_SERVICE = 2
DEL_SERVICE = 3
GET_SERVICE = 4
NEW_DESTINATION = 5
SET_DESTINATION = 6
DEL_DESTINATION = 7
GET_DESTINATION = 8
NEW_DAEMON = 9
DEL_DAEMON = 10
GET_DAEMON = 11
SET_CONFIG = 12
GET_CONFIG = 13
GET_INFO = 15
ZERO = 16
FLUSH = 17


def is_loaded(system: System) -> bool:
    """Whether the kernel has IPVS now, built in or as a module."""
    return system.exists(PROC_TABLE)


@contextlib.contextmanager
def connected(system: System) -> Iterator[Family]:
    """A connection to IPVS in the network namespace we are in; loads the module.

    Raises NetlinkError, and its kind FamilyMissing where the kernel has no IPVS.
    """
    try:
        sock = system.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_GENERIC)
    except OSError as error:
        raise NetlinkError(f"no netlink socket can be had: {error.strerror}") from error
    with sock:
        try:
            family = Family(sock, FAMILY_NAME, FAMILY_VERSION)
        except FamilyMissing as error:
            raise FamilyMissing(
                "the kernel has no ip_vs: its module is not there or may not be loaded (modprobe ip_vs tells why)"
            ) from error
        yield family


def because(refused: Refused, reasons: Mapping[int, str]) -> str:
    """Why the kernel refused, in words that fit the request; its own explanation follows where it gave one."""
    if refused.errno == errno.EPERM:
        reason = "this needs the capability CAP_NET_ADMIN"
    else:
        reason = reasons.get(refused.errno, os.strerror(refused.errno))
    return f"{reason}: {refused.explanation}" if refused.explanation else reason
