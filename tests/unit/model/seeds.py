# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the fields of Nautobot's load balancer models, Piranha's panel and the ALOHA's L4 objects live in the model.

A row is a field of the seed, the path of its home, and what becomes of its values: for a field with words of its own
all of them, else some that show the form; None is unset. A value may live elsewhere, or in several fields
({path: value, …}).
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Row(NamedTuple):
    field: str
    home: str
    values: dict[Any, Any]


def same(*words: str) -> dict[Any, Any]:
    return {word: word for word in words}


TEXT = {"Acme": "Acme"}
# Nautobot takes any 255 characters for a name, also twice: whoever brings such an object here names it anew.
FREE = "Web shop (Paris): " + "e" * 237
ALL_PORTS = {"virtual_servers.ports": ["1-65535"]}

# Nautobot 3.0 to 3.2, app load_balancers, fields and choice slugs as its REST API says them.
NAUTOBOT = {
    "VirtualServer": [
        Row(
            "name",
            "virtual_servers.name",
            {"vs-https-www": "vs-https-www", FREE: {"virtual_servers.description": FREE}},
        ),
        Row("vip", "virtual_servers.vip", {"192.0.2.10/24": "192.0.2.10", "2001:db8::10/64": "2001:db8::10"}),
        Row("port", "virtual_servers.port", {443: 443, 0: ALL_PORTS, None: ALL_PORTS}),
        Row(
            "protocol",
            "virtual_servers.protocol",
            same("tcp", "udp", "icmp", "sctp", "http", "https", "http2", "grpc", "quic", "dns", "any"),
        ),
        Row("source_nat_pool", "virtual_servers.source_nat_pool", {"198.51.100.0/29": "198.51.100.0/29"}),
        Row("source_nat_type", "virtual_servers.source_nat_type", same("auto", "pool", "static")),
        Row("load_balancer_type", "virtual_servers.type", same("layer2", "layer4", "layer7", "dns")),
        Row("enabled", "virtual_servers.enabled", {True: True, False: False}),
        Row("ssl_offload", "virtual_servers.ssl_offload", {True: True, False: False}),
        Row("device", "virtual_servers.placement.device", {"lb-par1-01": "lb-par1-01"}),
        Row(
            "device_redundancy_group",
            "virtual_servers.placement.device_redundancy_group",
            {"lb-par1": "lb-par1"},
        ),
        Row("cloud_service", "virtual_servers.placement.cloud_service", {"elb eu": "elb eu"}),
        Row("virtual_chassis", "virtual_servers.placement.virtual_chassis", {"stack 1": "stack 1"}),
        Row("tenant", "virtual_servers.tenant", TEXT),
        Row("load_balancer_pool", "virtual_servers.farm", {"pool-tcp": "pool-tcp"}),
        Row("health_check_monitor", "virtual_servers.health_check", {"hc-http": "hc-http"}),
        Row("certificate_profiles", "virtual_servers.certificate_profiles", {"cert-www": ["cert-www"]}),
    ],
    "LoadBalancerPool": [
        Row("name", "farms.name", {"pool-tcp": "pool-tcp", FREE: {"farms.description": FREE}}),
        Row(
            "load_balancing_algorithm",
            "farms.balance",
            {
                "round_robin": "round_robin",
                "url_hash": "url_hash",
                # Pool members have weights where a custom field says them, so it is the weighted one.
                "least_connections": "weighted_least_connections",
                "least_response_time": "least_response_time",
                "least_bandwidth": "least_bandwidth",
                "least_packets": "least_packets",
                "domain_hash": "domain_hash",
                "destination_ip_hash": "destination_hash",
                "source_ip_hash": "source_hash",
                "srcip_destip_hash": "source_destination_hash",
                "least_request": "least_request",
                "custom_load": "custom_load",
                "srcip_srcport_hash": "source_port_hash",
            },
        ),
        Row("health_check_monitor", "farms.health_check", {"hc-http": "hc-http"}),
        Row("tenant", "farms.tenant", TEXT),
    ],
    "LoadBalancerPoolMember": [
        Row("ip_address", "farms.servers.address", {"10.0.0.1/24": "10.0.0.1", "2001:db8::1/64": "2001:db8::1"}),
        Row("load_balancer_pool", "farms.servers", {"pool-tcp": [{"name": "web1", "address": "10.20.0.21"}]}),
        Row("port", "farms.servers.port", {8080: 8080, 0: None}),
        Row("label", "farms.servers.name", {"web-01": "web-01", FREE: {"farms.servers.description": FREE}}),
        Row("ssl_offload", "farms.servers.ssl_offload", {True: True, False: False}),
        Row(
            "status",
            "farms.servers.state",
            {
                "Active": "enabled",
                "Maintenance": "drained",
                "Planned": "disabled",
                "Failed": "disabled",
                "Decommissioning": "disabled",
            },
        ),
        Row("health_check_monitor", "farms.servers.health_check", {"hc-http": "hc-http"}),
        Row("certificate_profiles", "farms.servers.certificate_profiles", {"cert-www": ["cert-www"]}),
        Row("tenant", "farms.servers.tenant", TEXT),
    ],
    "HealthCheckMonitor": [
        Row("name", "health_checks.name", {"hc-http": "hc-http", FREE: {"health_checks.description": FREE}}),
        Row(
            "health_check_type",
            "health_checks.type",
            {**same("tcp", "dns", "http", "https"), "ping": "icmp", "custom": "script"},
        ),
        Row("interval", "health_checks.interval", {5: 5}),
        Row("retry", "health_checks.retries", {3: 3}),
        Row("timeout", "health_checks.timeout", {2: 2}),
        Row("port", "health_checks.port", {8080: 8080, None: None}),
        Row("tenant", "health_checks.tenant", TEXT),
    ],
    "CertificateProfile": [
        Row(
            "name",
            "certificate_profiles.name",
            {"cert-www": "cert-www", FREE: {"certificate_profiles.description": FREE}},
        ),
        Row("certificate_type", "certificate_profiles.type", same("client", "server", "mutual_tls")),
        Row("certificate_file_path", "certificate_profiles.certificate_file", {"/etc/ssl/www.pem": "/etc/ssl/www.pem"}),
        Row("chain_file_path", "certificate_profiles.chain_file", {"/etc/ssl/chain.pem": "/etc/ssl/chain.pem"}),
        Row("key_file_path", "certificate_profiles.key_file", {"/etc/ssl/www.key": "/etc/ssl/www.key"}),
        Row(
            "expiration_date", "certificate_profiles.expiration", {"2027-01-31T00:00:00+01:00": "2027-01-30T23:00:00Z"}
        ),
        Row("cipher", "certificate_profiles.ciphers", {"ECDHE+AESGCM": "ECDHE+AESGCM"}),
        Row("tenant", "certificate_profiles.tenant", TEXT),
    ],
}

PAIR = [{"name": "lb1", "priority": 150}, {"name": "lb2", "priority": 100}]

# Piranha: the keys of `virtual` and `server` in lvs.cf, and those for the pair of routers as a whole.
PIRANHA = {
    "virtual": [
        Row("NAME", "virtual_servers.name", {"web": "web"}),
        Row("active", "virtual_servers.enabled", {0: False, 1: True}),
        Row("address (address)", "vips.address", {"192.0.2.50": "192.0.2.50/24"}),
        Row("address (device)", "vips.label", {"eth1:1": "eth1:1"}),
        Row("vip_nmask", "vips.address", {"255.255.255.0": "192.0.2.50/24", "255.255.255.255": "192.0.2.50/32"}),
        Row("fwmark", "virtual_servers.fwmark", {0: None, 80: 80}),
        Row("protocol", "virtual_servers.protocol", same("tcp", "udp")),
        Row("port", "virtual_servers.port", {80: 80, "https": 443}),
        Row(
            "scheduler",
            "farms.balance",
            {
                "lc": "least_connections",
                "rr": "round_robin",
                "wlc": "weighted_least_connections",
                "wrr": "weighted_round_robin",
                "lblc": "locality_least_connections",
                "lblcr": "locality_least_connections_replicated",
                "dh": "destination_hash",
                "sh": "source_hash",
            },
        ),
        Row("persistent", "farms.persistence_timeout", {0: 0, 300: 300}),
        Row(
            "pmask",
            "farms.persistence_netmask",
            {"255.255.255.0": "255.255.255.0", "255.255.255.255": "255.255.255.255"},
        ),
        Row("send", "health_checks.send", {"HELO": "HELO"}),
        Row("expect", "health_checks.expect", {"OK": "OK", "*": None}),
        Row("use_regex", "health_checks.regex", {0: False, 1: True}),
        Row("send_program", "health_checks.script", {"/usr/bin/dig": "/usr/bin/dig"}),
        Row("timeout (interval)", "health_checks.interval", {10: 10}),
        Row("timeout (connection)", "health_checks.timeout", {10: 10}),
        Row("reentry", "farms.reentry_time", {180: 180}),
        Row("load_monitor", "farms.load_monitor", same("none", "uptime", "rup", "ruptime")),
        Row("quiesce_server", "farms.on_failure", {0: "remove", 1: "quiesce"}),
        Row("sorry_server", "farms.sorry_server.address", {"10.20.0.99": "10.20.0.99"}),
        # The program that tests: its own speaks TCP, another is a script.
        Row(
            "client_monitor",
            "health_checks.script",
            {"/usr/sbin/nanny": {"health_checks.type": "tcp"}, "/opt/mon": "/opt/mon"},
        ),
    ],
    "server": [
        Row("NAME", "farms.servers.name", {"web1": "web1"}),
        Row("address", "farms.servers.address", {"10.20.0.21": "10.20.0.21"}),
        Row("active", "farms.servers.state", {0: "disabled", 1: "enabled"}),
        Row("port", "farms.servers.port", {8080: 8080}),
        Row("weight", "farms.servers.weight", {1: 1, 2000: 2000}),
    ],
    "pair": [
        Row("network", "farms.mode", {"nat": "nat", "direct": "gateway", "tunnel": "tunnel"}),
        Row("primary", "ha_groups.members.address", {"192.0.2.1": "192.0.2.1"}),
        Row("backup", "ha_groups.members.address", {"192.0.2.2": "192.0.2.2"}),
        Row("keepalive", "ha_groups.advert_interval", {2: 2}),
        # seconds without an advert; with keepalive 2 these are three and nine of them
        Row("deadtime", "ha_groups.missed_adverts", {6: 3, 18: 9}),
        Row("syncd_iface", "ha_groups.interface", same("eth1")),
        Row("syncd_id", "ha_groups.virtual_router_id", {1: 1, 255: 255}),
        Row("tcp_timeout", "ha_groups.connection_timeouts.tcp", {900: 900}),
        Row("tcpfin_timeout", "ha_groups.connection_timeouts.tcp_fin", {120: 120}),
        Row("udp_timeout", "ha_groups.connection_timeouts.udp", {300: 300}),
        # the second path of the heartbeat: an HA group on the other interface, of the same sync_group
        Row("primary_private", "ha_groups.members.address", {"10.20.0.1": "10.20.0.1"}),
        Row("backup_private", "ha_groups.members.address", {"10.20.0.2": "10.20.0.2"}),
        Row(
            "backup_active",
            "ha_groups.members",
            {0: PAIR[:1], 1: PAIR},
        ),
        Row("monitor_links", "ha_groups.tracked_interfaces", {0: None, 1: ["eth1"]}),
        Row("nat_router (address)", "vips.address", {"10.20.0.254": "10.20.0.254/24"}),
        Row("nat_router (device)", "vips.label", same("eth1:2")),
        Row("nat_nmask", "vips.address", {"255.255.255.0": "10.20.0.254/24"}),
        Row("syncdaemon", "ha_groups.connection_sync", {0: False, 1: True}),
    ],
}

# HAProxy ALOHA, configuration API; "" stands for null.
ALOHA = {
    "L4 farm": [
        Row("NAME", "farms.name", {"web": "web"}),
        Row(
            "balance",
            "farms.balance",
            {
                "roundrobin": "weighted_round_robin",
                "least-connections": "weighted_least_connections",
                "hash-source": "source_hash",
                "hash-destination": "destination_hash",
                "hash-source-dest": "source_destination_hash",
                "shortest-expected-delay": "shortest_expected_delay",
                "never-queue": "never_queue",
            },
        ),
        Row("mode", "farms.mode", same("gateway", "nat", "tunnel")),
        Row("persistence", "farms.persistence_timeout", {"enabled": 300, "": 0}),
        Row("persistence_timeout", "farms.persistence_timeout", {"300": "300"}),
        Row("persistence_netmask", "farms.persistence_netmask", same("255.255.255.255", "255.255.0.0")),
        Row("service_address", "virtual_servers.vip", same("192.0.2.10")),
        Row("service_port", "virtual_servers.port", {"80": "80", "0": ALL_PORTS}),
        Row("service_protocol", "virtual_servers.protocol", same("tcp", "udp")),
        Row("check_interval", "health_checks.interval", {"10": "10"}),
        Row("check_port", "health_checks.port", {"8080": "8080", "": None}),
        Row("check_timeout", "health_checks.timeout", {"5": "5"}),
        Row("check_source", "health_checks.source", same("192.0.2.1")),
        Row("adv_check", "health_checks.type", same("http", "tcp", "icmp")),
        Row("adv_check_http_uri", "health_checks.uri", same("/")),
        Row("adv_check_http_status_code", "health_checks.status_codes", {"200": ["200"]}),
    ],
    "L4 server": [
        Row("NAME", "farms.servers.name", {"web1": "web1"}),
        Row("address", "farms.servers.address", same("10.20.0.21")),
        Row("port", "farms.servers.port", {"8080": "8080", "0": None}),
        Row("weight", "farms.servers.weight", {"1": "1", "256": "256"}),
        Row("sorry", "farms.sorry_server.address", {"enabled": "10.20.0.99"}),
        # What is not checked beside servers that are has a check of its own, of type none.
        Row(
            "check",
            "farms.servers.health_check",
            {"enabled": "alive", "": {"farms.servers.health_check": "unchecked", "health_checks.type": "none"}},
        ),
    ],
    # what its LVS file says beyond the API
    "LVS file": [
        Row(
            "localitybased",
            "farms.balance",
            {"": "locality_least_connections", "replication": "locality_least_connections_replicated"},
        ),
        Row("rise", "health_checks.rise", {"2": "2"}),
        Row("fall", "health_checks.retries", {"3": "3"}),
        Row("inhibit", "farms.on_failure", {"": "remove", "inhibit": "quiesce"}),
        Row("vhost", "health_checks.host", same("www.example.com")),
    ],
}

SEEDS = {"Nautobot": NAUTOBOT, "Piranha": PIRANHA, "ALOHA": ALOHA}

# What the files of Piranha and the ALOHA say and the model does not, and why.
NOT_OF_THE_MODEL = {
    "start_cmd": "starts failover services without balancing (service = fos)",
    "stop_cmd": "stops failover services without balancing (service = fos)",
    "service": "chooses between balancing and failover services without it",
    "master": "copies files between the two routers, as inventories do",
    "dirs": "copies files between the two routers, as inventories do",
    "sync": "copies files between the two routers, as inventories do",
    "rsh_command": "copies files between the two routers, as inventories do",
    "serial_no": "counts the versions of the file, as a repository does",
    "heartbeat": "VRRP is never without adverts",
    "heartbeat_port": "VRRP is a protocol of IP and has no ports",
    "primary_shared": "is a disk that both routers reach, which VRRP does without",
    "backup_shared": "is a disk that both routers reach, which VRRP does without",
    "reservation_conflict_action": "is about a disk that both routers reach, which VRRP does without",
    "hard_shutdown": "is how the daemons of Piranha stop each other",
    "active_cmd": "runs programs of the site when a router takes over",
    "inactive_cmd": "runs programs of the site when a router gives up",
    "debug_level": "is what Piranha writes to its log",
    "ipvsadm": "is where Piranha finds a program",
    "arpcheck": "asks for the link address of a server, as the director does before it asks by icmp",
}
