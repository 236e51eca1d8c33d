# SPDX-License-Identifier: GPL-2.0-or-later
"""Certificates made for one test, by GnuTLS's certtool."""

import subprocess

AUTHORITY = 'cn = "{name}"\nca\ncert_signing_key\nexpiration_days = 10\n'
SERVER = 'cn = "{name}"\n{alternatives}\ntls_www_server\nsigning_key\n{validity}\n'
VALID = "expiration_days = 10"
EXPIRED = 'activation_date = "2020-01-01 00:00:00"\nexpiration_date = "2021-01-01 00:00:00"'
NOT_YET = 'activation_date = "2090-01-01 00:00:00"\nexpiration_date = "2091-01-01 00:00:00"'


def _certtool(*words):
    subprocess.run(["certtool", *map(str, words)], check=True, capture_output=True, timeout=60)


def _key(directory, name):
    path = directory / f"{name}.key"
    _certtool("--generate-privkey", "--key-type", "ecdsa", "--curve", "secp256r1",
              "--outfile", path)
    return path


def _template(directory, name, text):
    path = directory / f"{name}.template"
    path.write_text(text)
    return path


class Authority:
    """One that signs; `certificate` is the file that has to be trusted."""

    def __init__(self, directory, name="authority"):
        self.directory = directory
        self.name = name
        self.key = _key(directory, name)
        self.certificate = directory / f"{name}.pem"
        _certtool("--generate-self-signed", "--load-privkey", self.key, "--template",
                  _template(directory, name, AUTHORITY.format(name=name)),
                  "--outfile", self.certificate)

    def sign(self, name, hosts=(), addresses=(), validity=VALID):
        """A server's key and certificate: two files."""
        key = _key(self.directory, name)
        certificate = self.directory / f"{name}.pem"
        alternatives = "\n".join([f'dns_name = "{host}"' for host in hosts]
                                 + [f'ip_address = "{address}"' for address in addresses])
        text = SERVER.format(name=name, alternatives=alternatives, validity=validity)
        _certtool("--generate-certificate", "--load-privkey", key, "--template",
                  _template(self.directory, name, text), "--load-ca-certificate",
                  self.certificate, "--load-ca-privkey", self.key, "--outfile", certificate)
        return key, certificate
