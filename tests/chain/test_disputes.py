#!/usr/bin/python3
"""Fraud is proved to the real contracts on a real node, with the command that people use, out of the journal of a controller
that forged its batches, and of what is on the chain of an attester that signed twice: the registry stops. What is honest proves
nothing, is not sent and costs nothing.

    test_disputes.py COMMONWATT FORGED_JOURNAL
"""

import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

import test_chain_commands
from chain_peers import native, require_peers
from chain_world import run
from test_chain_commands import ETHER, ORIGIN, ROOT, VETO_SECONDS, MiningNode, commonwatt

SECP256K1 = 1  # DeviceRegistry.Kind
ATTESTERS = 3
HONEST, STRANGER, OVERFILLED, OTHER_INTERVAL = range(4)  # the intervals of forged_journal
WITHOUT_KEY = "hh03"  # that nobody enrolled
FORGED_JOURNAL = ""


def bytes32(text):
    return "0x" + text.encode().hex().ljust(64, "0")


class Chain(unittest.TestCase):
    """A node with all contracts, of which Disputes is a guardian, and the forged journal, whose anchors are not sent yet."""

    @classmethod
    def setUpClass(cls):
        cls.directory = pathlib.Path(tempfile.mkdtemp())
        cls.addClassCleanup(shutil.rmtree, cls.directory)
        cls.node = MiningNode(str(cls.directory))
        cls.addClassCleanup(cls.node.kill)
        cls.keys = {}
        attesters = [(f"attester{i}", "attester") for i in range(ATTESTERS)]
        for name, kind in [("owner", "owner"), ("guardian", "guardian"), ("anybody", "relayer"), *attesters]:
            cls.keys[name] = commonwatt("chain", "key", "--kind", kind, cls.file(name)).strip()
            cls.node("anvil_setBalance", cls.keys[name], hex(100 * ETHER))
        cls.payer = cls.node("eth_accounts")[0]
        signers = [word for name, _ in attesters for word in ("--attester", cls.keys[name])]
        deployed = json.loads(commonwatt(
            "chain", "deploy", "--rpc", cls.node.url, "--key", cls.file("owner"), "--origin", ORIGIN, *signers, "--quorum", 2,
            "--guardian", cls.keys["guardian"], "--veto-seconds", VETO_SECONDS, "--all", "--registrar", cls.payer,
            "--contracts", ROOT / "contracts", "--json"))
        cls.contracts = {each["name"]: each["address"] for each in deployed["contracts"]}
        cls.registry, cls.disputes = cls.contracts["AnchorRegistry"], cls.contracts["Disputes"]
        cls.journal = cls.directory / "journal"
        lines = run(FORGED_JOURNAL, str(cls.journal), "31337", cls.registry,
                    *[str(cls.file(name)) for name, _ in attesters]).splitlines()
        cls.street, *cls.anchors = map(json.loads, lines)
        assert cls.street["origin"] == ORIGIN
        for house, address in cls.street["houses"].items():
            if house != WITHOUT_KEY:
                cls.enrol(house, address)
        cls.set_guardian("true")

    def setUp(self):
        # A snapshot serves once.
        snapshot = self.node("evm_snapshot")
        self.addCleanup(self.node, "evm_revert", snapshot)

    @classmethod
    def file(cls, name):
        return cls.directory / f"{name}.key"

    @classmethod
    def send(cls, to, data, sender=None):
        sent = cls.node("eth_sendTransaction", {"from": sender or cls.payer, "to": to, "gas": hex(5_000_000), "data": data})
        deadline = time.monotonic() + 60
        while not (receipt := cls.node("eth_getTransactionReceipt", sent)):
            assert time.monotonic() < deadline, sent
            time.sleep(0.05)
        assert receipt["status"] == "0x1", receipt
        return receipt

    @classmethod
    def call(cls, to, *words, sender=None):
        return cls.send(to, run(native("cast"), "calldata", *words), sender)

    @classmethod
    def enrol(cls, house, address):
        devices = cls.contracts["DeviceRegistry"]
        cls.call(devices, "enrol(bytes32,bytes32)", bytes32(house), bytes32(house + " connection"))
        cls.call(devices, "addDevice(bytes32,bytes32,uint8,bytes32,bytes32,uint64)", bytes32(house), bytes32(house),
                 str(SECP256K1), "0x" + address[2:].rjust(64, "0"), "0x" + "0" * 64, "1")

    @classmethod
    def set_guardian(cls, enabled):
        """As a vote would."""
        owner = "0x" + cls.node("eth_call", {"to": cls.registry, "data": run(native("cast"), "sig", "owner()")}, "latest")[26:]
        cls.node("anvil_setBalance", owner, hex(ETHER))
        cls.node("anvil_impersonateAccount", owner)
        cls.call(cls.registry, "setGuardian(address,bool)", cls.disputes, enabled, sender=owner)

    def anchor(self, epochs=3):
        for anchor in self.anchors[:epochs]:
            self.send(self.registry, anchor["call"])

    def dispute(self, *words, key="anybody", status=0):
        """The command's JSON, or its complaint, which costs nothing."""
        money = self.node("eth_getBalance", self.keys["anybody"], "latest")
        paying = ["--key", self.file(key)] if key else ["--dry-run"]
        said = commonwatt("chain", "dispute", "--rpc", self.node.url, "--disputes", self.disputes, *paying, "--json", *words,
                          status=status)
        if status != 0 or not key:
            self.assertEqual(self.node("eth_getBalance", self.keys["anybody"], "latest"), money)
        return json.loads(said) if status == 0 else said

    def dispute_trade(self, interval, *words, directory=None, **more):
        return self.dispute("--dir", directory or self.journal, "--interval", self.interval(interval)["begin"], *words, **more)

    def interval(self, number):
        return self.street["intervals"][number]

    def status(self):
        return json.loads(commonwatt("chain", "status", "--rpc", self.node.url, "--registry", self.registry, "--json"))

    def expect_stopped_by(self, number, kind, said):
        self.assertEqual((said["proof"], said["order"], said["batch"]),
                         (kind, self.interval(number)["order"], self.interval(number)["batch"]))
        logs = self.node("eth_getTransactionReceipt", said["transaction"])["logs"]
        told = [log["topics"][1:] for log in logs if log["address"] == self.disputes.lower()]
        self.assertEqual(told, [[said["batch"], said["order"]]])
        self.assertTrue(self.status()["paused"])

    def copy_of_journal(self, sql=None):
        copy = pathlib.Path(tempfile.mkdtemp(dir=self.directory))
        shutil.copytree(self.journal, copy, dirs_exist_ok=True)
        if sql:
            with sqlite3.connect(copy / "journal.sqlite") as database:
                database.execute(sql)
            database.close()
        return copy


class Trades(Chain):
    def test_an_order_that_its_household_did_not_sign_stops_the_registry_once(self):
        self.anchor()
        said = self.dispute_trade(STRANGER)
        self.assertEqual(said["why"], "no order key that hh04 had until epoch 1 made its signature")
        self.expect_stopped_by(STRANGER, "order", said)
        again = self.dispute_trade(STRANGER, "--household", "hh04", status=1)
        self.assertIn("the contract refuses the proof: AlreadyProven()", again)

    def test_an_order_of_another_interval_stops_the_registry(self):
        self.anchor()
        said = self.dispute_trade(OTHER_INTERVAL, "--order", self.interval(OTHER_INTERVAL)["order"][2:])
        self.assertIn("is sealed for another", said["why"])
        self.assertEqual(said["epoch"], 3)
        self.expect_stopped_by(OTHER_INTERVAL, "order", said)

    def test_a_fill_that_is_more_than_its_order_asks_for_stops_the_registry(self):
        self.anchor()
        said = self.dispute_trade(OVERFILLED, "--run", "initial")
        self.assertIn(f"{self.interval(OVERFILLED)['fill']} Wh were filled of an order to sell", said["why"])
        self.assertEqual(said["epoch"], 3)
        self.expect_stopped_by(OVERFILLED, "fill", said)

    def test_an_honest_interval_proves_nothing_and_nothing_is_sent(self):
        self.anchor()
        said = self.dispute_trade(HONEST, status=1)
        self.assertIn("nothing to prove: the order", said)
        for house in set(self.street["houses"]) - {WITHOUT_KEY}:
            self.assertIn(f"of {house} is for its interval and signed with an order key that {house} had until epoch 1", said)
            self.assertRegex(said, f"of {house} allows what it was filled with, [1-9][0-9]* Wh")
        said = self.dispute_trade(HONEST, "--order", self.interval(HONEST)["order"], status=1)
        self.assertEqual(said.count("the order"), 2)  # signed, and filled as it allows
        self.assertIn("nothing to prove: the journal has no such order",
                      self.dispute_trade(HONEST, "--order", self.interval(STRANGER)["order"], status=1))
        self.assertIn("nothing to prove", self.dispute_trade(STRANGER, "--household", "hh01", status=1))
        self.assertIn("nothing to prove: the journal has no such order",
                      self.dispute_trade(STRANGER, "--run", "final", status=1))
        self.assertFalse(self.status()["paused"])

    def test_of_a_household_without_a_key_only_the_fill_is_judged(self):
        self.anchor()
        said = self.dispute_trade(HONEST, "--household", WITHOUT_KEY, status=1)
        self.assertIn(f"of {WITHOUT_KEY} cannot be judged: NoOrderKey({bytes32(WITHOUT_KEY)})", said)
        self.assertIn("allows what it was filled with", said)

    def test_a_dry_run_tells_the_call_and_anybody_sends_it(self):
        self.anchor()
        said = self.dispute_trade(STRANGER, key=None)
        self.assertEqual(said["to"], self.disputes)
        self.assertFalse(self.status()["paused"])
        receipt = self.send(said["to"], said["data"])
        self.expect_stopped_by(STRANGER, "order", {**said, "transaction": receipt["transactionHash"]})

    def test_a_contract_that_cannot_stop_the_registry_is_not_sent_a_proof(self):
        self.anchor()
        self.set_guardian("false")
        self.assertIn(f"the contract refuses the proof: NotGuardian({self.disputes})", self.dispute_trade(STRANGER, status=1))
        self.disputes = self.keys["owner"]
        self.assertIn("no such contract is there", self.dispute_trade(STRANGER, status=1))

    def test_only_what_is_anchored_now_is_proved(self):
        self.assertIn("is not anchored yet: the registry is at epoch 0", self.dispute_trade(STRANGER, status=1))
        self.anchor()
        commonwatt("chain", "veto", "--rpc", self.node.url, "--registry", self.registry, "--key", self.file("guardian"),
                   "--epoch", 3)
        self.assertIn("waits for 'commonwatt chain rewind'", self.dispute_trade(STRANGER, status=1))
        commonwatt("chain", "rewind", "--rpc", self.node.url, "--registry", self.registry, "--key", self.file("anybody"))
        self.assertIn("is not anchored yet: the registry is at epoch 2", self.dispute_trade(OTHER_INTERVAL, status=1))
        self.assertIn("is --first-block behind it?",
                      self.dispute_trade(STRANGER, "--first-block", self.node.height(), status=1))
        self.expect_stopped_by(STRANGER, "order", self.dispute_trade(STRANGER))

    def test_an_older_copy_of_the_journal_proves_what_its_log_has(self):
        self.anchor()
        copy = self.copy_of_journal("DELETE FROM batch WHERE log_index=3")
        said = self.dispute_trade(OVERFILLED, directory=copy)
        self.assertEqual(said["epoch"], 2)
        self.expect_stopped_by(OVERFILLED, "fill", said)
        copy = self.copy_of_journal("DELETE FROM batch WHERE log_index>0")
        self.assertIn("a copy that is too old", self.dispute_trade(HONEST, directory=copy, status=1))
        self.assertIn("has no sealed batch of an interval that begins at",
                      self.dispute_trade(STRANGER, directory=copy, status=65))

    def test_a_journal_that_does_not_open_is_told_apart_from_an_honest_one(self):
        self.anchor()
        copy = self.copy_of_journal()
        (copy / "data_keys.sqlite").unlink()
        said = self.dispute_trade(STRANGER, directory=copy, status=1)
        self.assertRegex(said, "nothing to prove: the journal has no such order.*; [0-9]+ records of households do not open")
        self.assertIn("batch 1 does not open", self.dispute_trade(
            STRANGER, directory=self.copy_of_journal("UPDATE batch SET batch=x'00' WHERE log_index=1"), status=65))
        self.assertIn("journal.sqlite", self.dispute_trade(STRANGER, directory=self.directory / "none", status=65))

    def test_options_that_do_not_fit_are_told_before_anything_is_read(self):
        for words, wrong in [(("--interval", "noon"), "--interval 'noon' is not the begin"),
                             (("--interval", 0, "--order", "0x12"), "--order '0x12' is not 64 hexadecimal digits"),
                             (("--interval", 0, "--run", "first"), "--run 'first' is not initial, revised or final"),
                             (("--interval", 0, "--household", "h" * 33), "is no household's id")]:
            self.assertIn(wrong, self.dispute("--dir", "none", *words, status=64))
        self.assertIn("--interval '' is not the begin", self.dispute("--dir", "none", status=64))


class Attesters(Chain):
    """The third anchor is contradicted by the last line of forged_journal, which the last attester alone signed."""

    def dispute_anchors(self, *anchors, **more):
        return self.dispute(*[word for anchor in anchors for word in ("--anchor", anchor)], **more)

    def sent(self, call, gas=500_000):
        """The hash of a transaction in a block, whatever the registry said to it."""
        sent = self.node("eth_sendTransaction", {"from": self.payer, "to": self.registry, "gas": hex(gas), "data": call})
        deadline = time.monotonic() + 60
        while not self.node("eth_getTransactionReceipt", sent):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)
        return sent

    def call_file(self, text):
        descriptor, file = tempfile.mkstemp(dir=self.directory)
        with os.fdopen(descriptor, "w") as opened:
            opened.write(text)
        return file

    def expect_stopped(self, said):
        liar = self.keys[f"attester{ATTESTERS - 1}"]
        self.assertEqual((said["proof"], said["attester"], said["epoch"]), ("attester", liar, 3))
        self.assertEqual(set(said["anchors"]), {anchor["head"] for anchor in self.anchors[2:]})
        logs = self.node("eth_getTransactionReceipt", said["transaction"])["logs"]
        told = [log["topics"][1:] for log in logs if log["address"] == self.disputes.lower()]
        self.assertEqual(told, [["0x" + liar[2:].lower().rjust(64, "0"), "0x" + "3".rjust(64, "0")]])
        self.assertTrue(self.status()["paused"])

    def test_a_transaction_that_the_registry_refused_and_a_controllers_directory_prove_it_once(self):
        self.anchor()
        refused = self.sent(self.anchors[3]["call"])
        self.assertEqual(self.node("eth_getTransactionReceipt", refused)["status"], "0x0")
        self.expect_stopped(self.dispute_anchors(self.journal, refused))
        again = self.dispute_anchors(refused, self.journal, status=1)
        self.assertIn("signed both, but the contract refuses the proof: AlreadyProven()", again)

    def test_the_anchor_on_the_chain_and_the_data_of_a_call_that_was_never_sent_prove_it(self):
        self.anchor(2)
        anchored = self.sent(self.anchors[2]["call"])
        call = self.call_file(self.anchors[3]["call"] + "\n")
        told = self.dispute_anchors(anchored, call, key=None)
        self.assertFalse(self.status()["paused"])
        receipt = self.send(told["to"], told["data"])
        self.expect_stopped({**told, "transaction": receipt["transactionHash"]})

    def test_what_is_no_contradiction_proves_nothing_and_nothing_is_sent(self):
        self.anchor()
        third, contradiction = (self.call_file(anchor["call"]) for anchor in self.anchors[2:])
        self.assertIn("nothing to prove: both are the same anchor", self.dispute_anchors(third, self.journal, status=1))
        second = self.call_file(self.anchors[1]["call"])
        self.assertIn("nothing to prove: the anchors are of epochs 2 and 3", self.dispute_anchors(second, third, status=1))
        # The same attesters, for another registry: there is no contradiction for this one.
        other = self.directory / "other"
        lines = run(FORGED_JOURNAL, str(other), "31337", self.contracts["Disputes"],
                    *[str(self.file(f"attester{i}")) for i in range(ATTESTERS)]).splitlines()
        elsewhere = self.call_file(json.loads(lines[-1])["call"])
        self.assertIn("nothing to prove: nobody signed both anchors of epoch 3 for the registry",
                      self.dispute_anchors(elsewhere, third, status=1))
        self.assertFalse(self.status()["paused"])
        # The control: these two do.
        self.expect_stopped(self.dispute_anchors(third, contradiction))

    def test_an_attester_may_sign_again_what_a_guardian_undid(self):
        self.anchor()
        stop = ("--rpc", self.node.url, "--registry", self.registry, "--key")
        commonwatt("chain", "veto", *stop, self.file("guardian"), "--epoch", 3)
        commonwatt("chain", "rewind", *stop, self.file("anybody"))
        said = self.dispute_anchors(self.call_file(self.anchors[3]["call"]), self.journal, status=1)
        self.assertIn("Vetoed(): a guardian undid one of the anchors", said)
        self.assertFalse(self.status()["paused"])

    def test_what_holds_no_signed_anchor_is_told(self):
        self.anchor(1)
        call = self.call_file(self.anchors[3]["call"])
        lost = "0x" + "12" * 32
        self.assertIn(f"transaction {lost}: the node does not know it", self.dispute_anchors(call, lost, status=1))
        other = self.sent("0x12345678")
        self.assertIn("does not call the registry's anchor", self.dispute_anchors(call, other, status=1))
        self.assertIn("is not the data of a call in hexadecimal digits",
                      self.dispute_anchors(call, self.call_file("rubbish"), status=65))
        empty = pathlib.Path(tempfile.mkdtemp(dir=self.directory))
        self.assertIn("journal.sqlite", self.dispute_anchors(call, empty, status=65))
        self.assertIn("has not made an anchor of epoch 3", self.dispute_anchors(
            call, self.copy_of_journal("DELETE FROM anchor WHERE epoch=3"), status=65))
        copy = self.copy_of_journal()
        with sqlite3.connect(copy / "attestations.sqlite") as database:
            database.execute("DELETE FROM attestation WHERE epoch=3")
        database.close()
        self.assertIn("nobody has attested an anchor of epoch 3", self.dispute_anchors(call, copy, status=65))
        for anchors in [(call,), (call, call, call), (self.journal, copy)]:
            self.assertIn("--anchor", self.dispute_anchors(*anchors, status=64))
        self.assertIn("give --dir and --interval for a trade, or --anchor twice", self.dispute(status=64))
        self.assertIn("give --dir and --interval for a trade, or --anchor twice",
                      self.dispute("--dir", self.journal, "--interval", 0, "--anchor", call, status=64))


if __name__ == "__main__":
    require_peers()
    subprocess.run([ROOT / "contracts" / "compile"], check=True, stdout=subprocess.DEVNULL)
    test_chain_commands.COMMONWATT, FORGED_JOURNAL = map(os.path.abspath, sys.argv[1:3])
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=2)
