# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the health checks of HAProxy meet on a lab host: servers of other protocols than HTTP, and a program."""

from __future__ import annotations

# Servers that greet as a database does, from the port 7101 on, and ten ports further those that say another thing; the
# last tells who came. An agent at port 7120 says what is in /run/agent, when it is asked
# nicely. Those at 7130 and 7131 take their time, and one request after the other.
GREETERS = """
import socket, struct, threading, time
packet = lambda number, body: struct.pack('<I', len(body))[:3] + bytes([number]) + body
hello = b'\\x0a8.0.0\\0' + struct.pack('<I', 1) + b'12345678\\0'
hello += b'\\xff\\xf7\\x21\\2\\0\\xff\\x81\\x15' + bytes(10) + b'a' * 12 + b'\\0'
KINDS = {
    'mysql': (packet(0, hello), packet(2, bytes([0, 0, 0, 2, 0, 0, 0]))),
    'postgresql': (b'', b'R' + struct.pack('>II', 8, 3)),
    'redis': (b'', b'+PONG\\r\\n'),
    'ldap': (b'', bytes.fromhex('300c02010161070a010004000400')),
}
def greet(port, first, then):
    listener = socket.create_server(('127.0.0.1', port))
    while True:
        door, whence = listener.accept()
        with door:
            door.settimeout(2)
            if port == 7105:
                print(whence[0], file=open('/run/came', 'a'))
            try:
                door.sendall(first)
                if then and door.recv(1024):
                    door.sendall(then)
                    door.recv(1024)
            except OSError:
                pass
for number, (first, then) in enumerate(KINDS.values()):
    threading.Thread(target=greet, args=(7101 + number, first, then)).start()
    wrong = first and packet(0, b'\\xff\\x15\\4no'), b'-ERR no\\r\\n'
    threading.Thread(target=greet, args=(7111 + number, *wrong)).start()
threading.Thread(target=greet, args=(7105, b'', b'')).start()

def agent():
    listener = socket.create_server(('127.0.0.1', 7120))
    while True:
        door, _whence = listener.accept()
        with door:
            asked = door.recv(64)
            door.sendall(open('/run/agent', 'rb').read() if asked == b'how are you\\n' else b'maint\\n')
threading.Thread(target=agent).start()

def serve_slowly(port):
    listener = socket.create_server(('127.0.0.1', port))
    while True:
        door, _whence = listener.accept()
        with door:
            if door.recv(4096):
                time.sleep(1.5)
                door.sendall(b'HTTP/1.0 200 OK\\r\\n\\r\\n%d' % port)
for port in (7130, 7131):
    threading.Thread(target=serve_slowly, args=(port,)).start()
"""
# A program that finds only the server of port 7001 well, and thinks long about that of 7003.
PROGRAM = """#!/bin/sh
echo "$(id -un) $#: $*" >> /tmp/tested
[ "$2" != 7003 ] || exec sleep 9
[ "$2" = 7001 ]
"""
