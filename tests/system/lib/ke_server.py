# SPDX-License-Identifier: GPL-2.0-or-later
"""ke_server.py ADDRESS CERTIFICATE KEY PORT=FAULT...: servers of NTS-KE, each wrong in its own way."""

import socket
import ssl
import sys
import threading

PROTOCOL = bytes([0x80, 1, 0, 2, 0, 0])
ALGORITHM = bytes([0, 4, 0, 2, 0, 15])
COOKIE = bytes([0, 5, 0, 100]) + b"c" * 100
END = bytes([0x80, 0, 0, 0])

# What is sent after the handshake; the connection is closed behind it.
RESPONSES = {
    "no-protocol": PROTOCOL + ALGORITHM + COOKIE + END,
    "old-tls": PROTOCOL + ALGORITHM + COOKIE + END,
    "garbage": bytes(range(256)) * 4,
    "cut-off": PROTOCOL + ALGORITHM + COOKIE[:50],
    "endless": (bytes([0x40, 0, 1, 0]) + b"x" * 256) * 100,
    "refuses": bytes([0x80, 2, 0, 2, 0, 1]) + END,
    "no-cookie": PROTOCOL + ALGORITHM + END,
    "nowhere": PROTOCOL + ALGORITHM + COOKIE + bytes([0, 6, 0, 12]) + b"nowhere.test" + END,
}


def context_for(fault, certificate, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    if fault != "no-protocol":
        context.set_alpn_protocols(["ntske/1"])
    if fault == "old-tls":
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    return context


def serve(listener, fault, context):
    silent = []
    while True:
        link, _ = listener.accept()
        if fault == "silent":
            silent.append(link)
            continue
        try:
            with context.wrap_socket(link, server_side=True) as tls:
                tls.recv(100)
                tls.sendall(RESPONSES[fault])
                tls.unwrap()
        except OSError:
            pass


def main():
    address, certificate, key, *ports = sys.argv[1:]
    for entry in ports:
        port, fault = entry.split("=")
        listener = socket.create_server((address, int(port)))
        context = context_for(fault, certificate, key)
        threading.Thread(target=serve, args=(listener, fault, context)).start()


if __name__ == "__main__":
    main()
