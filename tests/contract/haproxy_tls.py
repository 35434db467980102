# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A service whose TLS ends on a director with HAProxy, and what its clients, OpenSSL and the engine tell of it."""

from __future__ import annotations

from typing import Any

from ansible_collections.evenkeel.lb.tests.contract.director import Director

_KEY = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
# The same key and name each time.
CERTIFY_ISSUER = (
    "openssl req -x509 -key /etc/ssl/private/issuer.key -days {days} -subj /CN=issuer -out /etc/ssl/certs/issuer.pem"
)
# One that another issued, who ends before, and two authorities in one file.
_ISSUE = f"""
cd /etc/ssl
openssl ecparam -genkey -name prime256v1 -noout -out private/issuer.key
{CERTIFY_ISSUER.format(days=9)}
openssl req {_KEY} -subj /CN=chained -keyout private/chained.key -out /tmp/chained.csr
openssl x509 -req -in /tmp/chained.csr -CA certs/issuer.pem -CAkey private/issuer.key -set_serial 2 -days 30 \\
    -out certs/chained.pem
openssl req -x509 {_KEY} -subj /CN=partners -keyout /dev/null -days 5 -out certs/partners.pem
openssl req -x509 {_KEY} -subj /CN=customers -keyout /dev/null -days 60 -out certs/customers.pem
cat certs/customers.pem certs/partners.pem > certs/clients.pem
"""


def with_tls(document: dict[str, Any]) -> dict[str, Any]:
    """A document with its first virtual server's TLS ended here."""
    document["virtual_servers"][0].update(protocol="https", ssl_offload=True, certificate_profiles=["one", "two"])
    document["certificate_profiles"] = [
        {"name": name, "certificate_file": f"/etc/ssl/certs/{name}.pem", "key_file": f"/etc/ssl/private/{name}.key"}
        for name in ("one", "two")
    ]
    document["certificate_profiles"][1]["minimum_tls"] = "1.3"
    return document


def issue(director: Director) -> None:
    """Have the files chained and issuer, and clients with the authorities of the files customers and partners."""
    director.shell(f"( set -e; {_ISSUE} ) 2>&1")


def shown(director: Director, name: str) -> str:
    """The fingerprint of the certificate that a client which asks for a name is shown."""
    ask = f"echo | openssl s_client -connect 127.0.0.1:8080 -servername {name} 2>/dev/null"
    return director.shell(f"{ask} | openssl x509 -noout -fingerprint -sha1")


def chain_shown(director: Director) -> int:
    """Until when the second of the certificates is valid that a client is shown who names nobody."""
    ask = "echo | openssl s_client -connect 127.0.0.1:8080 -noservername -showcerts 2>/dev/null"
    second = "awk '/BEGIN CERT/ { number++ } number == 2 { print } number == 2 && /END CERT/ { exit }'"
    return _seconds(director, f"{ask} | {second} | openssl x509 -noout -enddate")


def fingerprint(director: Director, name: str) -> str:
    return director.shell(f"openssl x509 -noout -fingerprint -sha1 -in /etc/ssl/certs/{name}.pem")


def end_of(director: Director, name: str) -> int:
    """Until when the certificate in a file is valid, as OpenSSL tells it, in seconds since 1970."""
    return _seconds(director, f"openssl x509 -noout -enddate -in /etc/ssl/certs/{name}.pem")


def _seconds(director: Director, command: str) -> int:
    end = director.shell(command).strip().partition("=")[2]
    return int(director.shell(f"date -u -d '{end}' +%s"))


def told_of_certificates(director: Director, document: dict[str, Any]) -> dict[str, Any]:
    """What the engine tells of them."""
    told: dict[str, Any] = director.drive("certificates", {"document": document, "engines": ["haproxy"]})
    return told
