# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keywords of keepalived.conf that the model has no word for, and what is lost with each. Pure. Private to evenkeel.lb.

Source: keepalived.conf(5) of 2.2.7 to 2.4.3.
"""

from __future__ import annotations

from typing import Dict, Mapping

Lost = Mapping[str, str]

_MAIL = "no mail is sent when it changes state"
_SCRIPT = "runs a script when it {}, and none is run here"

LOST_IN_VIRTUAL_SERVER: Lost = {
    "quorum_up": _SCRIPT.format("has its quorum again"),
    "quorum_down": _SCRIPT.format("has lost its quorum"),
    "omega": "runs the scripts for failures when keepalived stops, and none is run here",
    "ha_suspend": "lets health checks rest while the director does not hold the VIP; here they go on",
    "smtp_alert": _MAIL,
    "flag-3": "is a flag of the scheduler that none of Linux has a meaning for",
}

LOST_IN_REAL_SERVER: Lost = {
    "notify_up": _SCRIPT.format("is healthy again"),
    "notify_down": _SCRIPT.format("fails"),
    "smtp_alert": _MAIL,
    "FILE_CHECK": "takes health and weight from a file; no health check here does",
    "BFD_CHECK": "takes health from BFD; no health check here does",
}

_CHECKER: Dict[str, str] = {
    "connect_ip": "tests another address than that of the server; here the server itself is tested",
    "bind_port": "tests from a port of its own",
    "bind_if": "tests through an interface of its own; here the routes choose it",
    "fwmark": "gives the packets of the test a firewall mark",
    "warmup": "delays the first test by a time of its own; here by up to the interval",
    "log_all_failures": "logs each test that fails; here the log has what takes the server out",
}

LOST_IN_CHECKER: Lost = {
    **_CHECKER,
    "fast_recovery": "takes the server back in without asking for all pages again",
    "tls_compliant": "wants the end of TLS to be said",
    "misc_dynamic": "lets the script set the weight of the server; here its status says healthy or not",
    "host": "tests more than one host; here there is one health check for a server",
}

LOST_IN_URL: Lost = {
    "digest": "compares a digest of the page; here its status and what it contains can be looked at",
    "regex_no_match": "wants the page not to contain something",
    "regex_options": "sets options of the regular expression; write them into the expression, such as (?i)",
    "regex_stack": "sets the memory for the regular expression",
    "regex_min_offset": "wants what is found to begin late enough",
    "regex_max_offset": "wants what is found to begin early enough",
    "tls_compliant": "wants the end of TLS to be said",
}

_GARP = "sets how often and when addresses are announced; here it is as keepalived does it"

LOST_IN_INSTANCE: Lost = {
    **dict.fromkeys(
        (
            "garp_master_delay",
            "garp_master_repeat",
            "garp_master_refresh",
            "garp_master_refresh_repeat",
            "garp_lower_prio_delay",
            "garp_lower_prio_repeat",
            "garp_extra_if",
            "vmac_garp_intvl",
        ),
        _GARP,
    ),
    **{
        name: _SCRIPT.format(event)
        for name, event in {
            "notify": "changes state",
            "notify_master": "becomes active",
            "notify_backup": "stops being active",
            "notify_fault": "cannot be active",
            "notify_stop": "stops",
            "notify_deleted": "is removed",
            "notify_master_rx_lower_pri": "hears one with a lower priority",
            "notify_priority_changes": "gets another priority",
        }.items()
    },
    "smtp_alert": _MAIL,
    "use_vmac": "gives the VIPs a virtual MAC address; here they have that of the interface",
    "use_vmac_addr": "gives VIPs of other interfaces a virtual MAC address",
    "vmac_xmit_base": "sends adverts from the interface below the virtual one",
    "use_ipvlan": "puts the VIPs on an interface of their own",
    "vrf": "puts the group into a VRF",
    "native_ipv6": "has had no effect since keepalived 2.0",
    "mcast_src_ip": "sends adverts from an address of its own; here from the first of the interface",
    "mcast_dst_ip": "sends adverts to a multicast group of its own",
    "track_src_ip": "cannot be active while the address of adverts is gone",
    "unicast_fault_no_peer": "cannot be active without a peer",
    "check_unicast_src": "drops adverts of others than its peers",
    "unicast_ttl": "sends adverts with a TTL of its own",
    "old_unicast_checksum": "makes checksums of keepalived before 2.0",
    "v3_checksum_as_v2": "makes checksums of version 3 as those of version 2",
    "virtual_routes": "sets routes while it is active",
    "virtual_rules": "sets routing rules while it is active",
    "no_virtual_ipaddress": "allows a group without VIPs",
    "promote_secondaries": "keeps the other addresses of a network when the first one goes",
    "dont_track_primary": "stays active when its own interface is down; here that ends it",
    "linkbeat_use_polling": "asks the network card for its link",
    "track_file": "changes the priority by a file",
    "track_bfd": "changes the priority by BFD",
    "accept": "answers on VIPs in strict mode; here it always does",
    "no_accept": "does not answer on VIPs; here it does",
    "skip_check_adv_addr": "does not compare the addresses in adverts",
    "strict_mode": "keeps to the letter of the VRRP standard",
    "preempt_delay": "waits before it takes VIPs back; here it takes them at once",
    "timer_expired_backup": "waits when its own clock stood still",
    "thread_timer_expired": "waits when its own clock stood still",
    "lower_prio_no_advert": "does not answer adverts of a lower priority",
    "owner_ignore_adverts": "does not listen to adverts as the owner of the address",
    "kernel_rx_buf_size": "sets the buffer for adverts",
    "auth_hmac": "signs adverts; here there is a password, or nothing",
    "lvs_sync_daemon_interface": "is an old word for lvs_sync_daemon in global_defs, or connection_sync here",
    "debug": "writes more to the log",
}

LOST_IN_SYNC_GROUP: Lost = {
    **{name: LOST_IN_INSTANCE[name] for name in LOST_IN_INSTANCE if name.startswith("notify") or name == "smtp_alert"},
    **dict.fromkeys(
        ("track_interface", "track_script", "track_file", "track_process", "track_bfd"),
        "is tracked for the groups together; here each HA group says what it tracks",
    ),
    "global_tracking": "lets groups with weights be together; here nothing is tracked by weight",
    "sync_group_tracking_weight": "lets groups with weights be together; here nothing is tracked by weight",
}

LOST_OF_ADDRESS: Lost = {
    "brd": "sets a broadcast address",
    "broadcast": "sets a broadcast address",
    "scope": "sets the scope of the address",
    "peer": "makes it the end of a point-to-point link",
    "home": "makes it a home address of Mobile IPv6",
    "-nodad": "looks for duplicates of the address",
    "mngtmpaddr": "makes temporary addresses of it",
    "noprefixroute": "adds no route for its network",
    "autojoin": "joins the multicast group",
    "no_track": "lets somebody else take the address away",
    "use_vmac": "puts it on the virtual interface",
    "track_group": "lets groups follow it",
}

# Top-level blocks that stay in keepalived.conf and go on working beside the file of this collection.
STAYING = (
    "global_defs",
    "SSL",
    "static_routes",
    "static_rules",
    "track_group",
    "track_file",
    "bfd_instance",
    "garp_group",
    "linkbeat_interfaces",
    "interface_up_down_delays",
    "net_namespace",
    "net_namespace_ipvs",
    "namespace_with_ipsets",
    "instance",
    "use_pid_dir",
    "linkbeat_use_polling",
    "child_wait_time",
    "umask",
)
