# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Words of haproxy.cfg that the model has none for, and what is lost with each. Pure. Private to evenkeel.lb.

Source: configuration.txt, 5.1 "Bind options" and 5.2 "Server and default-server options", of 2.4 to 3.0.
"""

from __future__ import annotations

from typing import Dict, Mapping

_STATISTICS = "is a name or number for statistics alone"
_TLS = "is a rule of TLS that certificate profiles do not have"
_SOCKET = "sets an option of the socket"
_PROXY = "is told the client's address by the PROXY protocol"
_JUDGED = "is judged by what clients are answered; here by tests alone"
_IDLE = "limits idle connections to it"
_RESOLVED = "is about a host name; here servers have addresses"
_OTHERWISE = "makes the test differ from what clients do"
_SPEED = "tests at another pace in some states; here it is one interval"

# How many arguments each word of a bind takes; none where it is not here.
BIND_ARGUMENTS: Mapping[str, int] = {
    **dict.fromkeys(("crt", "crt-list", "alpn", "proto", "ca-file", "verify", "ssl-min-ver", "ciphers"), 1),
    **dict.fromkeys(("name", "id", "interface", "namespace", "mss", "maxconn", "backlog", "tcp-ut", "nice"), 1),
    **dict.fromkeys(("ciphersuites", "ssl-max-ver", "curves", "ecdhe", "crl-file", "ca-verify-file", "npn"), 1),
    **dict.fromkeys(("process", "thread", "shards", "level", "mode", "user", "group", "uid", "gid", "expose-fd"), 1),
    **dict.fromkeys(("ca-sign-file", "ca-sign-pass", "tls-ticket-keys", "sigalgs", "client-sigalgs"), 1),
    **dict.fromkeys(
        ("ca-ignore-err", "crt-ignore-err", "severity-output", "quic-cc-algo", "quic-socket", "guid-prefix"), 1
    ),
    **dict.fromkeys(("default-crt", "idle-ping", "label", "cc"), 1),
}
# What clients or the network would notice: the section stays where it is.
BIND_STAYS: Mapping[str, str] = {
    "accept-proxy": "expects the PROXY protocol from clients",
    "accept-netscaler-cip": "expects the address of clients in a protocol of NetScaler",
    "interface": "listens on one interface alone",
    "namespace": "listens in another network namespace",
    "default-crt": "names the certificate for clients that name no host by itself",
}
BIND_LOST: Mapping[str, str] = {
    **dict.fromkeys(("name", "id", "guid-prefix", "label"), _STATISTICS),
    **dict.fromkeys(("ciphersuites", "ssl-max-ver", "curves", "ecdhe", "crl-file", "ca-verify-file", "sigalgs"), _TLS),
    **dict.fromkeys(("strict-sni", "no-sslv3", "no-tlsv10", "no-tlsv11", "no-tlsv12", "no-tlsv13", "allow-0rtt"), _TLS),
    **dict.fromkeys(("no-tls-tickets", "tls-ticket-keys", "prefer-client-ciphers", "client-sigalgs"), _TLS),
    **dict.fromkeys(("mss", "tcp-ut", "defer-accept", "tfo", "backlog", "v4v6", "v6only", "cc", "nice"), _SOCKET),
    **dict.fromkeys(("process", "thread", "shards"), "binds the socket to threads"),
    "maxconn": "limits the connections of one socket; here the virtual server has max_connections",
}
SERVER_ARGUMENTS: Mapping[str, int] = {
    **dict.fromkeys(("weight", "inter", "fall", "rise", "port", "addr", "track", "maxconn", "slowstart"), 1),
    **dict.fromkeys(("verify", "ca-file", "crt", "ciphers", "ssl-min-ver", "alpn", "proto", "check-sni"), 1),
    **dict.fromkeys(("on-marked-down", "on-marked-up", "init-state", "cookie", "source", "usesrc"), 1),
    **dict.fromkeys(("agent-addr", "agent-inter", "agent-port", "agent-send", "fastinter", "downinter"), 1),
    **dict.fromkeys(("ciphersuites", "ssl-max-ver", "curves", "crl-file", "sni", "verifyhost", "npn", "sigalgs"), 1),
    **dict.fromkeys(("client-sigalgs", "check-alpn", "check-proto", "error-limit", "id", "guid", "init-addr"), 1),
    **dict.fromkeys(("log-bufsize", "log-proto", "max-reuse", "maxqueue", "minconn", "namespace", "observe"), 1),
    **dict.fromkeys(("on-error", "pool-conn-name", "pool-low-conn", "pool-max-conn", "pool-purge-delay"), 1),
    **dict.fromkeys(("proxy-v2-options", "redir", "resolve-net", "resolve-opts", "resolve-prefer", "resolvers"), 1),
    **dict.fromkeys(("set-proxy-v2-tlv-fmt", "shard", "socks4", "tcp-ut", "ws", "hash-key", "idle-ping"), 1),
    **dict.fromkeys(("interface", "cc", "check-pool-conn-name", "sni-auto"), 1),
}
SERVER_STAYS: Mapping[str, str] = {
    **dict.fromkeys(("send-proxy", "send-proxy-v2", "send-proxy-v2-ssl", "send-proxy-v2-ssl-cn"), _PROXY),
    "socks4": "is reached through a proxy",
    "namespace": "is reached through another network namespace",
    "usesrc": "sees the client's address",
    "redir": "is never asked itself: clients are sent to another place",
    "shard": "is a peer",
}
SERVER_LOST: Mapping[str, str] = {
    **dict.fromkeys(("id", "guid"), _STATISTICS),
    **dict.fromkeys(("fastinter", "downinter"), _SPEED),
    **dict.fromkeys(("ciphersuites", "ssl-max-ver", "curves", "crl-file", "sigalgs", "client-sigalgs"), _TLS),
    **dict.fromkeys(("force-tlsv10", "force-tlsv11", "force-tlsv12", "force-tlsv13"), _TLS),
    **dict.fromkeys(("no-sslv3", "no-tlsv10", "no-tlsv11", "no-tlsv12", "no-tlsv13"), _TLS),
    **dict.fromkeys(("no-ssl-reuse", "allow-0rtt", "verifyhost", "no-tls-tickets"), _TLS),
    **dict.fromkeys(("tcp-ut", "tfo", "interface", "cc"), _SOCKET),
    **dict.fromkeys(("observe", "error-limit", "on-error"), _JUDGED),
    **dict.fromkeys(("max-reuse", "pool-low-conn", "pool-max-conn", "pool-purge-delay", "pool-conn-name"), _IDLE),
    **dict.fromkeys(("resolvers", "resolve-net", "resolve-opts", "resolve-prefer", "init-addr"), _RESOLVED),
    **dict.fromkeys(("check-send-proxy", "check-via-socks4", "check-alpn", "check-proto"), _OTHERWISE),
    "addr": "tests another address than that of the server",
    "sni": "names a host in the TLS handshake with the server",
    "npn": "is an old form of alpn",
    "minconn": "makes its limit of connections follow the load",
    "ws": "has another protocol for WebSocket",
    "on-marked-up": "cuts connections to backup servers when it is back",
    "non-stick": "is remembered for no client",
}
UNKNOWN = "is no word of this place in HAProxy 2.4 to 3.0"


def reason(word: str, lost: Mapping[str, str]) -> str:
    """What is lost with a word."""
    return lost.get(word, UNKNOWN)


_FRONTEND = (
    *("bind", "default_backend", "use_backend", "maxconn", "backlog", "monitor-uri", "monitor", "log-format"),
    *("log-format-sd", "error-log-format", "unique-id-format", "unique-id-header", "rate-limit", "capture"),
    *("timeout client", "timeout client-fin", "timeout client-hs", "timeout http-request", "timeout http-keep-alive"),
)
_FRONTEND_OPTIONS = (
    *("accept-invalid-http-request", "accept-unsafe-violations-in-http-request", "clitcpka", "contstats"),
    *("dontlog-normal", "dontlognull", "h1-case-adjust-bogus-client", "http-ignore-probes", "http-use-proxy-header"),
    *("httplog", "httpslog", "idle-close-on-response", "log-separate-errors", "logasap", "socket-stats"),
    *("tcp-smart-accept", "forwardfor", "forwarded", "originalto", "http-server-close", "httpclose", "forceclose"),
    *("http-keep-alive", "tcplog", "splice-auto", "splice-request", "splice-response", "nolinger"),
)
_BACKEND = (
    *("balance", "cookie", "default-server", "dispatch", "dynamic-cookie-key", "external-check", "fullconn"),
    *("hash-balance-factor", "hash-preserve-affinity", "hash-type", "http-check", "http-reuse", "tcp-check"),
    *("http-send-name-header", "load-server-state-from-file", "max-keep-alive-queue", "max-session-srv-conns"),
    *("persist", "retries", "retry-on", "server", "server-state-file-name", "server-template", "source", "stick"),
    *("stick-table", "use-server", "use-fcgi-app", "tcp-response", "srvtcpka-cnt", "srvtcpka-idle", "srvtcpka-intvl"),
    *("timeout check", "timeout connect", "timeout queue", "timeout server", "timeout server-fin", "timeout tunnel"),
)
_BACKEND_OPTIONS = (
    *("abortonclose", "accept-invalid-http-response", "accept-unsafe-violations-in-http-response", "allbackups"),
    *("checkcache", "external-check", "h1-case-adjust-bogus-server", "http-pretend-keepalive", "httpchk", "ldap-check"),
    *("log-health-checks", "mysql-check", "persist", "pgsql-check", "prefer-last-server", "redis-check", "redispatch"),
    *("smtpchk", "spop-check", "srvtcpka", "ssl-hello-chk", "tcp-check", "tcp-smart-connect", "transparent"),
)
_SIDES: Dict[str, str] = {
    **dict.fromkeys((*_FRONTEND, *(f"option {name}" for name in _FRONTEND_OPTIONS)), "frontend"),
    **dict.fromkeys((*_BACKEND, *(f"option {name}" for name in _BACKEND_OPTIONS)), "backend"),
}


def side_of(keyword: str) -> str:
    """Which side of a proxy a line is for: that of clients (frontend) or that of servers (backend)."""
    return _SIDES.get(keyword) or _SIDES.get(keyword.partition(" ")[0], "frontend")
