"""A token of SoftHSM2 in a directory, and a module through which it can be pulled out (faulty_token.cpp)."""

import os
import pathlib
import subprocess


class SoftToken:
    def __init__(self, directory, module):
        self.directory, self.module = pathlib.Path(directory), pathlib.Path(module).resolve()
        self.pulled = self.directory / "pulled"
        (self.directory / "tokens").mkdir()
        configuration = self.directory / "softhsm2.conf"
        configuration.write_text(f"directories.tokendir = {self.directory / 'tokens'}\nlog.level = ERROR\n")
        self.environment = {"SOFTHSM2_CONF": str(configuration), "FAULTY_TOKEN": str(directory)}
        (self.directory / "pin").touch(mode=0o600)
        (self.directory / "pin").write_text("1234\n")
        self.run("softhsm2-util", "--init-token", "--free", "--label", "commonwatt", "--so-pin", "87654321", "--pin", "1234")

    def run(self, *command):
        subprocess.run(command, env={**os.environ, **self.environment}, stdout=subprocess.DEVNULL, check=True, timeout=60)

    def key(self, label):
        """What the commands and the configuration call a key in it."""
        return (f"pkcs11:token=commonwatt;object={label}?module-path={self.module}"
                f"&pin-source=file:{self.directory / 'pin'}")

    def take_in(self, label, number):
        """Imports a private number, 64 hexadecimal digits."""
        # RFC 5915: version 1, the number, and the curve's identifier.
        der = bytes.fromhex("302e0201010420" + number + "a00706052b8104000a")
        (self.directory / "key.der").write_bytes(der)
        pem = str(self.directory / "key.pem")
        self.run("openssl", "pkcs8", "-topk8", "-nocrypt", "-inform", "DER", "-in", str(self.directory / "key.der"), "-out", pem)
        self.run("softhsm2-util", "--token", "commonwatt", "--pin", "1234", "--import", pem, "--label", label, "--id", "01")
