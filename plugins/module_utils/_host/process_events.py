# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether this machine's kernel tells of processes that begin and end. Private to evenkeel.lb.

Source: Linux ``include/uapi/linux/connector.h`` and ``cn_proc.h``; the option is CONFIG_PROC_EVENTS.
"""

from __future__ import annotations

import errno
import os
import socket
import struct

from .netlink_wire import NLMSG_DONE, MalformedMessage, Message, decode_messages, encode_message
from .system import HostFault, System

NETLINK_CONNECTOR = 11
_CN_IDX_PROC = 1
_CN_VAL_PROC = 1
_LISTEN = 1
_IGNORE = 2
# struct cn_msg: idx, val, seq, ack, len, flags
_CONNECTOR_HEADER = struct.Struct("=IIIIHH")
_OPERATION = struct.Struct("=I")
# The kernel answers to a listener within the call that says so.
_SECONDS_TO_WAIT = 1.0
_BYTES = 4096


def are_told(system: System) -> bool:
    """Whether the kernel answers a listener for process events. Needs root. Raises HostFault."""
    try:
        listener = system.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, NETLINK_CONNECTOR)
    except OSError as error:
        if error.errno == errno.EPROTONOSUPPORT:
            return False
        raise HostFault(f"cannot ask the kernel for process events: {error.strerror}") from error
    with listener:
        try:
            listener.bind((0, _CN_IDX_PROC))
            listener.settimeout(_SECONDS_TO_WAIT)
            listener.send(_request(_LISTEN))
            try:
                return any(map(_is_event, decode_messages(listener.recv(_BYTES))))
            except socket.timeout:
                return False
            finally:
                listener.send(_request(_IGNORE))
        except ConnectionRefusedError:  # nobody listens at the kernel's end
            return False
        except OSError as error:
            raise HostFault(f"cannot ask the kernel for process events: {error.strerror}") from error


def _request(operation: int) -> bytes:
    body = _CONNECTOR_HEADER.pack(_CN_IDX_PROC, _CN_VAL_PROC, 0, 0, _OPERATION.size, 0) + _OPERATION.pack(operation)
    return encode_message(Message(NLMSG_DONE, 0, os.getpid() & 0x7FFFFFFF, body))


def _is_event(message: Message) -> bool:
    if len(message.payload) < _CONNECTOR_HEADER.size:
        raise MalformedMessage(f"a process event of {len(message.payload)} bytes")
    return _CONNECTOR_HEADER.unpack_from(message.payload)[:2] == (_CN_IDX_PROC, _CN_VAL_PROC)
