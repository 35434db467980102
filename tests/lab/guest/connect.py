# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ProxyCommand of ssh with ProxyUseFdpass: connect in this network namespace, hand ssh the socket, leave.

usage: connect.py ADDRESS PORT
"""

import array
import socket
import sys

connection = socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=10)
connection.setblocking(True)
passed = array.array("i", [connection.fileno()])
socket.socket(fileno=1).sendmsg([b"\0"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, passed)])
