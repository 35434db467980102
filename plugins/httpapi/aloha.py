# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: aloha
author: the evenkeel.lb authors (@evenkeel)
short_description: Speak with the configuration API of HAProxy ALOHA appliances
version_added: 0.1.0
description:
  - With this plugin the modules of evenkeel.lb configure an HAProxy ALOHA appliance. They run on the control node, and
    every change goes to the appliance's configuration API, version 2, on the port of its web interface.
  - One connection to the appliance is kept open for all tasks of a play. Authentication is HTTP Basic with
    C(ansible_user) and C(ansible_password), so credentials of AWX work as they are. They are in no message and no log.
  - TLS is spoken and verified unless C(ansible_httpapi_use_ssl) and C(ansible_httpapi_validate_certs) say otherwise.
  - A request is sent again only while the appliance is locked by somebody else who configures it, and when it only
    reads.
notes:
  - Two appliances behind one address, on different ports, need a different C(ansible_port) each, and the same as
    C(ansible_httpapi_port); Ansible takes them for one otherwise.
  - With C(ansible_persistent_log_messages) Ansible itself writes all options of the connection to its log file, the
    password among them.
  - A proxy is never used.
  - The appliance forgets at a reboot what was not saved. No request that saves is documented, so none is invented;
    results say C(saved=false), unless O(save_path) names one.
options:
  scope:
    description: The scope in which objects are configured.
    type: str
    default: root
    vars:
      - name: ansible_aloha_scope
  paths:
    description:
      - Other paths than the usual ones, by the kind of object, C(l4_farm), C(l4_server), C(l7_farm), C(l7_server),
        C(l7_service) or C(l7_listener), such as C({base}/l7/service/{0}/listener/{1}). C({base}) is the path of the
        scope, C({0}) the name of the object or of the one that holds it, C({1}) that of one which is held.
    type: dict
    default: {}
    vars:
      - name: ansible_aloha_paths
  create_method:
    description:
      - How an object is made. V(post) sends POST to its path, V(put) sends PUT, V(auto) the one and where the appliance
        does not offer that the other.
    type: str
    choices: [auto, post, put]
    default: auto
    vars:
      - name: ansible_aloha_create_method
  delete_method:
    description:
      - How an object is deleted. V(delete) sends DELETE to its path. V(refuse) ends the run where something is to be
        deleted, for people to do that by hand.
    type: str
    choices: [delete, refuse]
    default: delete
    vars:
      - name: ansible_aloha_delete_method
  lock_timeout:
    description: For how many seconds a request is sent again while the appliance is locked.
    type: float
    default: 60
    vars:
      - name: ansible_aloha_lock_timeout
  settle:
    description:
      - After a write that cannot be seen yet, how many seconds pass before it is looked for once more.
    type: float
    default: 1
    vars:
      - name: ansible_aloha_settle
  save_method:
    description: The method of the request that saves the configuration, with O(save_path) only.
    type: str
    choices: [POST, PUT]
    default: POST
    vars:
      - name: ansible_aloha_save_method
  save_path:
    description:
      - The path of a request that saves the configuration, sent after every run that changed something. Unset sends
        none.
      - Ask the maker of the appliance for it; the public documentation does not show it.
    type: str
    vars:
      - name: ansible_aloha_save_path
  save_body:
    description: The attributes to send with it, each a text. Unset sends none.
    type: dict
    default: {}
    vars:
      - name: ansible_aloha_save_body
  records:
    description:
      - The directory on the control node with what was asked for on each appliance, in a directory of its own named
        after its address, port and scope. The appliance has no room for names of health checks, for weights of drained
        servers, and for what is whose.
      - It has to outlive the run; in AWX that is a path that is mounted into the execution environment.
    type: path
    default: ~/.evenkeel/aloha
    env:
      - name: EVENKEEL_ALOHA_RECORDS
    vars:
      - name: ansible_aloha_records
"""

import json
import os

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.httpapi import HttpApiBase

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.aloha.api import NoAnswer, as_data
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.aloha.connection import HttpConnection, tls_context
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.base import EngineFault

_SETTINGS = (
    "scope",
    "paths",
    "create_method",
    "delete_method",
    "lock_timeout",
    "settle",
    "save_method",
    "save_path",
    "save_body",
)
# Of the time after which Ansible gives up a command, what is left to say so in words.
_SECONDS_FOR_WORDS = 2
_NO_CREDENTIALS = "an ALOHA needs a user and a password: ansible_user and ansible_password"
_IN_CLEAR = "the password goes to the appliance in clear text; ansible_httpapi_use_ssl: true avoids that"
_LOGGED = "Ansible writes the password to its log file with ansible_persistent_log_messages; leave that out"
_IN_HOST = "ansible_host has a user or a password in it; give the address alone, with ansible_user and ansible_password"
_PORTS = {True: 443, False: 80}


class HttpApi(HttpApiBase):
    """Lives in Ansible's connection process as long as the play; modules call its public methods from theirs."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._http = None

    def aloha_settings(self):
        """How the appliance is to be spoken with, where its record lies, and what to warn of, as JSON."""
        # Ansible shows the host, and so does every error, but nobody looks for a password there
        if "@" in self.connection.get_option("host"):
            return json.dumps({"fault": _IN_HOST})
        settings = {name: self.get_option(name) for name in _SETTINGS}
        settings["save_path"] = settings["save_path"] or ""
        folder = f"{self.connection.get_option('host')}_{self._port()}_{settings['scope']}".replace("/", "_")
        records = os.path.expanduser(os.path.expandvars(self.get_option("records")))
        told = {"settings": settings, "folder": os.path.join(records, folder), "cautions": self._cautions()}
        return json.dumps(told)

    def aloha_exchange(self, method, path, document):
        """One request and its answer as JSON; ``document`` is JSON of its attributes, or empty."""
        values = json.loads(document) if document else None
        try:
            return json.dumps(as_data(self._connection().exchange(method, path, values)))
        except NoAnswer as silence:
            return json.dumps({"no_answer": str(silence)})
        except (EngineFault, AnsibleConnectionFailure) as fault:
            return json.dumps({"fault": str(fault)})

    def send_request(self, data, **message_kwargs):
        """One request; ``data`` are its attributes or None, ``path`` and ``method`` say where to. Of Ansible's contract
        for such plugins."""
        document = "" if data is None else json.dumps(data)
        return self.aloha_exchange(message_kwargs.get("method", "GET"), message_kwargs["path"], document)

    def logout(self):
        """Close the connection."""
        if self._http is not None:
            self._http.close()
            self._http = None

    def _port(self):
        return self.connection.get_option("port") or _PORTS[bool(self.connection.get_option("use_ssl"))]

    def _cautions(self):
        """For the module to warn with: what is said here is shown before the next task only, if there is one."""
        option = self.connection.get_option
        found = [] if option("use_ssl") else [_IN_CLEAR]
        return [*found, _LOGGED] if option("persistent_log_messages") else found

    def _connection(self):
        if self._http is None:
            option = self.connection.get_option
            user, password = option("remote_user"), option("password")
            if not user or password is None:
                raise AnsibleConnectionFailure(_NO_CREDENTIALS)
            context = None
            if option("use_ssl"):
                keys = (option("ca_path"), option("client_cert"), option("client_key"))
                try:
                    context = tls_context(option("validate_certs"), *keys)
                except OSError as error:
                    raise AnsibleConnectionFailure(f"TLS cannot be set up: {error}") from error
            timeout = max(1, option("persistent_command_timeout") - _SECONDS_FOR_WORDS)
            self._http = HttpConnection(option("host"), self._port(), user, password, timeout, context)
        return self._http
