# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How keepalived loses VIPs without hearing of it, as a shell script; its arguments are what ip-address(8) deletes."""

from __future__ import annotations

# The processes of keepalived are stopped while the kernel has more to tell than their sockets hold.
LOSE = """
pids="$(systemctl show -p MainPID --value keepalived)"; pids="$pids $(pgrep -P $pids)"
kill -STOP $pids
for n in $(seq 3000); do echo "address add 10.200.$((n / 250)).$((n % 250 + 1))/32 dev lo"; done | ip -batch -
for held in "$@"; do ip address delete $held; done
kill -CONT $pids
ip address flush dev lo to 10.200.0.0/16
"""
