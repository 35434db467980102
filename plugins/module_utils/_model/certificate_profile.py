# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificate profiles: the files of a certificate with their TLS rules. Private to evenkeel.lb."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator, Optional

from .fields import Choice, Ciphers, FilePath, FreeText, Name, Timestamp
from .objects import option
from .problems import Problem


@dataclass(frozen=True)
class CertificateProfile:
    """Names of files that are on the director already; never their content."""

    WORD = "certificate profile"

    name: str = option(Name(), "The name of the certificate profile, unique on the director.", required=True)
    type: str = option(
        Choice("client", "server", "mutual_tls"),
        "V(server) is what the director shows to clients, V(client) what it shows to servers, V(mutual_tls) asks"
        " the other side for a certificate too.",
        default="server",
        impact="new_connections",
    )
    certificate_file: Optional[str] = option(
        FilePath(), "The file of the certificate, in PEM.", required=True, impact="new_connections"
    )
    chain_file: Optional[str] = option(
        FilePath(),
        "The file of the intermediate certificates, or of the authorities to trust with V(mutual_tls), in PEM.",
        impact="new_connections",
    )
    key_file: Optional[str] = option(
        FilePath(),
        "The file of the private key, in PEM. Unset takes it from the file of the certificate.",
        impact="new_connections",
    )
    expiration: Optional[str] = option(
        Timestamp(), "When the certificate expires, in ISO 8601. For people and audits only."
    )
    ciphers: Optional[str] = option(Ciphers(), "The ciphers allowed, in OpenSSL's notation.", impact="new_connections")
    minimum_tls: Optional[str] = option(
        Choice("1.2", "1.3"), "The oldest TLS version allowed. Unset leaves it to the engine.", impact="new_connections"
    )
    description: Optional[str] = option(
        FreeText(),
        "What people call it where that is no name here, or say of it, in one line of at most 255 characters.",
        "For people and inventories only.",
    )
    tenant: Optional[str] = option(FreeText(), "Whose it is. For people and inventories only.")

    def problems(self, path: str) -> Iterator[Problem]:
        if self.type == "mutual_tls" and self.chain_file is None:
            yield Problem(
                f"{path}.chain_file", "is missing", "the authorities to trust, as type: mutual_tls needs them"
            )
