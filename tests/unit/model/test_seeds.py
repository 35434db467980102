# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All that Nautobot, Piranha and the ALOHA's layer 4 can say has a home in the model and is valid there."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration
from ansible_collections.evenkeel.lb.plugins.module_utils._model.validation import all_problems
from ansible_collections.evenkeel.lb.tests.unit.model.around import around, declared, put
from ansible_collections.evenkeel.lb.tests.unit.model.seeds import ALOHA, NAUTOBOT, NOT_OF_THE_MODEL, PIRANHA, SEEDS

ROWS = [
    pytest.param(row, id=f"{seed}-{model}-{row.field}")
    for seed, models in SEEDS.items()
    for model, rows in models.items()
    for row in rows
]
CONTAINERS = {"farms.servers", "ha_groups.members"}

# The fields as the seeds list them: a field that is forgotten above is a row without a home.
FIELDS = {
    "Nautobot": {
        "VirtualServer": (
            "name vip port protocol source_nat_pool source_nat_type load_balancer_type enabled ssl_offload device "
            "device_redundancy_group cloud_service virtual_chassis tenant load_balancer_pool health_check_monitor "
            "certificate_profiles"
        ),
        "LoadBalancerPool": "name load_balancing_algorithm health_check_monitor tenant",
        "LoadBalancerPoolMember": (
            "ip_address load_balancer_pool port label ssl_offload status health_check_monitor "
            "certificate_profiles tenant"
        ),
        "HealthCheckMonitor": "name health_check_type interval retry timeout port tenant",
        "CertificateProfile": (
            "name certificate_type certificate_file_path chain_file_path key_file_path expiration_date cipher tenant"
        ),
    },
    "Piranha": {
        "virtual": (
            "NAME active address vip_nmask fwmark protocol port scheduler persistent pmask send expect use_regex "
            "send_program timeout reentry load_monitor quiesce_server sorry_server client_monitor start_cmd "
            "stop_cmd master dirs"
        ),
        "server": "NAME address active port weight",
        "pair": (
            "serial_no primary backup primary_private backup_private primary_shared backup_shared "
            "reservation_conflict_action service backup_active heartbeat heartbeat_port keepalive deadtime network "
            "nat_router nat_nmask monitor_links syncdaemon syncd_iface syncd_id tcp_timeout tcpfin_timeout "
            "udp_timeout hard_shutdown active_cmd inactive_cmd rsh_command sync debug_level ipvsadm"
        ),
    },
    "ALOHA": {
        "L4 farm": (
            "NAME balance mode persistence persistence_timeout persistence_netmask service_address service_port "
            "service_protocol check_interval check_port check_timeout check_source adv_check adv_check_http_uri "
            "adv_check_http_status_code"
        ),
        "L4 server": "NAME address port weight sorry check",
        "LVS file": "localitybased rise fall inhibit vhost arpcheck",
    },
}
SLUGS = {
    ("VirtualServer", "protocol"): "tcp udp icmp sctp http https http2 grpc quic dns any",
    ("VirtualServer", "load_balancer_type"): "layer2 layer4 layer7 dns",
    ("VirtualServer", "source_nat_type"): "auto pool static",
    ("LoadBalancerPool", "load_balancing_algorithm"): (
        "round_robin url_hash least_connections least_response_time least_bandwidth least_packets domain_hash "
        "destination_ip_hash source_ip_hash srcip_destip_hash least_request custom_load srcip_srcport_hash"
    ),
    ("LoadBalancerPoolMember", "status"): "Active Maintenance Planned Failed Decommissioning",
    ("HealthCheckMonitor", "health_check_type"): "ping tcp dns http https custom",
    ("CertificateProfile", "certificate_type"): "client server mutual_tls",
    ("virtual", "protocol"): "tcp udp",
    ("virtual", "scheduler"): "lc rr wlc wrr lblc lblcr dh sh",
    ("virtual", "load_monitor"): "none uptime rup ruptime",
    ("pair", "network"): "nat direct tunnel",
    ("L4 farm", "balance"): (
        "roundrobin least-connections hash-source hash-destination hash-source-dest shortest-expected-delay never-queue"
    ),
    ("L4 farm", "mode"): "gateway nat tunnel",
    ("L4 farm", "service_protocol"): "tcp udp",
    ("L4 farm", "adv_check"): "http tcp icmp",
}


@pytest.mark.parametrize(
    ("seed", "model", "names"), [(seed, model, names) for seed in FIELDS for model, names in FIELDS[seed].items()]
)
def test_every_field_of_a_seed_has_a_row(seed: str, model: str, names: str) -> None:
    listed = [name for name in names.split() if name not in NOT_OF_THE_MODEL]
    assert sorted({row.field.split(" ")[0] for row in SEEDS[seed][model]}) == sorted(listed)


def test_what_is_left_out_is_listed_with_its_reason() -> None:
    listed = {name for models in FIELDS.values() for names in models.values() for name in names.split()}
    assert set(NOT_OF_THE_MODEL) <= listed
    assert all(NOT_OF_THE_MODEL.values())


@pytest.mark.parametrize(("model", "field"), SLUGS)
def test_every_word_of_a_seed_is_translated_and_stays_apart(model: str, field: str) -> None:
    models = {**NAUTOBOT, **PIRANHA, **ALOHA}
    (row,) = [row for row in models[model] if row.field == field]
    assert sorted(row.values) == sorted(SLUGS[model, field].split())
    # Members that are not there yet, no more or broken are all out at once.
    assert len(set(row.values.values())) == len(row.values) - (2 if field == "status" else 0)


@pytest.mark.parametrize("row", ROWS)
def test_a_row_has_a_home_that_takes_all_its_values(row: Any) -> None:
    assert row.home in declared() or row.home in CONTAINERS
    assert row.values
    for value in row.values.values():
        (path, told), *beside = (value if isinstance(value, dict) else {row.home: value}).items()
        document = around(path, told)
        for other, more in beside:
            put(document, other, more)
        configuration = Configuration.from_document(document)
        assert not all_problems(configuration)
        for home, said in ((path, told), *beside):
            assert found(configuration.document(), home) == canonical(home, said)


def found(document: dict[str, Any], path: str) -> Any:
    """The value of one field of the first object of its kind; None where it is unset."""
    kind, *between, last = path.split(".")
    thing = document[kind][0]
    for step in between:
        inner = thing[step]
        thing = inner[0] if isinstance(inner, list) else inner
    return thing.get(last)


def canonical(path: str, value: Any) -> Any:
    if value is None or path in CONTAINERS:
        return value
    type_ = declared()[path].type
    return type_.serialise(type_.parse(value))
