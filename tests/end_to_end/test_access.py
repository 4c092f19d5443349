#!/usr/bin/python3
"""What the broker lets a household's certificate do: its own topics, and nothing of a neighbour's."""

import os
import re
import subprocess
import tempfile

import neighbourhood
from neighbourhood import Neighbourhood, wait_until

NOT_AUTHORIZED = "not authorized"


class Access(Neighbourhood):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.demo = cls.start_demo("street", 3, 96, speed=900)
        cls.demo.wait_for_trading()
        configuration = (cls.demo.directory / "broker" / "mosquitto.conf").read_text()
        cls.port = re.search(r"^listener (\d+) ", configuration, re.MULTILINE).group(1)

    def broker_options(self, who):
        """Options of mosquitto_sub and mosquitto_pub: the certificate of `who`, or none."""
        options = ["-h", "127.0.0.1", "-p", self.port, "-V", "5", "--cafile", str(self.demo.directory / "ca/ca.pem")]
        if who is None:
            return options
        below = "controller" if who == "controller" else f"households/{who}"
        for option, ending in (("--cert", "pem"), ("--key", "key")):
            options += [option, str(self.demo.directory / below / "tls" / f"{who}.{ending}")]
        return options

    def listen(self, who, *topics):
        """A background subscriber with another client id than the household's own gateway, and its output."""
        command = ["mosquitto_sub", *self.broker_options(who), "-i", f"test-{os.getpid()}-{who}-{len(topics)}", "-q",
                   "1", "-F", "%t %x", "-d"]
        for topic in topics:
            command += ["-t", topic]
        told = tempfile.TemporaryFile("w+")
        self.addCleanup(told.close)
        listener = subprocess.Popen(["stdbuf", "-oL", *command], stdout=told, stderr=subprocess.STDOUT)
        self.addCleanup(lambda: (listener.kill(), listener.wait()))

        def output():
            told.seek(0)
            return told.read()

        wait_until(lambda: "SUBACK" in output() or listener.poll() is not None, 60, f"the subscription of {who}")
        return listener, output

    def publish(self, who, topic, text):
        command = ["mosquitto_pub", *self.broker_options(who), "-i", f"test-{os.getpid()}-pub", "-q", "1", "-t", topic,
                   "-m", text, "-d"]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)

    @staticmethod
    def messages(output):
        """Topic to payloads, from the whole lines that a listener printed."""
        found = {}
        for line in output.rpartition("\n")[0].splitlines():
            if line.startswith("cw/v1/"):
                topic, _, payload = line.partition(" ")
                found.setdefault(topic, []).append(payload)
        return found

    def test_a_household_hears_only_its_own_and_the_market(self):
        _, output = self.listen("hh02", "#", "cw/v1/hh01/#", "cw/v1/+/up/#", "cw/v1/+/down/#")
        _, all_output = self.listen("controller", "cw/v1/+/up/#")

        def count(heard, begin):
            return sum(len(payloads) for topic, payloads in self.messages(heard).items() if topic.startswith(begin))

        # When hh01 says nothing, silence proves nothing; and what the broker did hand on comes before what is newer.
        wait_until(lambda: count(all_output(), "cw/v1/hh01/up/"), 60, "a word of hh01")
        before = count(output(), "cw/v1/hh02/down/")
        wait_until(lambda: count(output(), "cw/v1/hh02/down/") >= before + 3, 60, "what is hh02's own")
        foreign = [topic for topic in self.messages(output()) if not topic.startswith(("cw/v1/hh02/down/", "cw/v1/market/"))]
        self.assertEqual(foreign, [], "hh02's certificate heard what is not for it")

    def test_a_household_cannot_speak_for_a_neighbour(self):
        _, output = self.listen("controller", "cw/v1/+/up/order")
        secret = os.urandom(8).hex()
        for topic in ("cw/v1/hh01/up/order", "cw/v1/hh01/down/receipt", "cw/v1/market/clearing"):
            refused = self.publish("hh02", topic, secret)
            self.assertIn(NOT_AUTHORIZED, (refused.stdout + refused.stderr).lower(), f"{topic} was not refused")
        # The positive control: on its own topic the same message arrives.
        own = self.publish("hh02", "cw/v1/hh02/up/order", secret + "aa")
        self.assertEqual(own.returncode, 0, own.stdout + own.stderr)
        self.assertNotIn(NOT_AUTHORIZED, (own.stdout + own.stderr).lower())
        as_sent = (secret + "aa").encode().hex()
        wait_until(lambda: as_sent in self.messages(output()).get("cw/v1/hh02/up/order", []), 60, "its own message")
        carriers = [topic for topic, payloads in self.messages(output()).items() if secret.encode().hex() in payloads]
        self.assertEqual(carriers, [], "a refused message arrived")

    def test_nobody_gets_in_without_a_certificate_of_this_market(self):
        listener, output = self.listen(None, "#")
        self.assertNotIn("SUBACK", output())
        self.assertNotEqual(listener.wait(60), 0, "no certificate, and connected: " + output())
        self.assertEqual(self.messages(output()), {})
        refused = self.publish(None, "cw/v1/hh01/up/order", "hello")
        self.assertNotEqual(refused.returncode, 0, refused.stdout)
        self.assertNotEqual(self.publish_self_signed().returncode, 0, "a certificate of a foreign authority is taken")

    def publish_self_signed(self):
        """As hh01, but certified by nobody."""
        key, certificate = self.directory / "foreign.key", self.directory / "foreign.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                        "-nodes", "-subj", "/CN=hh01", "-keyout", key, "-out", certificate],
                       check=True, capture_output=True)
        command = ["mosquitto_pub", *self.broker_options(None), "--cert", certificate, "--key", key, "-q", "1", "-t",
                   "cw/v1/hh01/up/order", "-m", "hello"]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)


if __name__ == "__main__":
    neighbourhood.main()
