# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of a certificate profile. Written by tools/reference from the model; change them there."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  name:
    description:
      - The name of the certificate profile, unique on the director.
    type: str
    required: true
  type:
    description:
      - V(server) is what the director shows to clients, V(client) what it shows to servers, V(mutual_tls)
        asks the other side for a certificate too.
      - Taken as V(server) when unset.
    type: str
    choices:
      - client
      - server
      - mutual_tls
  certificate_file:
    description:
      - The file of the certificate, in PEM.
    type: str
  chain_file:
    description:
      - The file of the intermediate certificates, or of the authorities to trust with V(mutual_tls), in PEM.
    type: str
  key_file:
    description:
      - The file of the private key, in PEM. Unset takes it from the file of the certificate.
    type: str
  expiration:
    description:
      - When the certificate expires, in ISO 8601. For people and audits only.
    type: str
  ciphers:
    description:
      - The ciphers allowed, in OpenSSL's notation.
    type: str
  minimum_tls:
    description:
      - The oldest TLS version allowed. Unset leaves it to the engine.
    type: str
    choices:
      - '1.2'
      - '1.3'
  description:
    description:
      - What people call it where that is no name here, or say of it, in one line of at most 255 characters.
      - For people and inventories only.
    type: str
  tenant:
    description:
      - Whose it is. For people and inventories only.
    type: str
"""
