#!/usr/bin/python3
"""From a journal to tokens, on a real node with the real contracts: attesters count and sign an epoch, anybody publishes
it, households claim; and what is refused on the way.

    test_rewards_on_chain.py COMMONWATT REWARD_STREET
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import test_chain_commands
from chain_peers import require_peers
from chain_world import run
from test_chain_commands import ETHER, ROOT, MiningNode, commonwatt

REWARD_STREET = ""
HOUR = 3600
ATTESTERS = ("anna", "bert", "cleo")
TOKEN_DECIMALS = 9
BALANCE_OF = "0x70a08231"


class StreetNode(MiningNode):
    """Its clock stands in the street's first interval when it starts."""

    begin = 0

    def options(self):
        return [*super().options(), "--timestamp", str(self.begin + 60)]


class Rewards(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        self.street = json.loads(run(REWARD_STREET, directory.name))
        StreetNode.begin = self.street["begin"]
        self.node = StreetNode(directory.name)
        self.addCleanup(self.node.kill)
        self.keys = {}
        for name, kind in [("owner", "owner"), ("relayer", "relayer"), *[(name, "attester") for name in (*ATTESTERS, "dora")]]:
            self.keys[name] = commonwatt("chain", "key", "--kind", kind, self.file(name)).strip()
        for address in [self.keys["owner"], self.keys["relayer"], *self.street["houses"].values()]:
            self.node("anvil_setBalance", address, hex(100 * ETHER))
        self.contracts = self.deploy(self.street["origin"])

    def deploy(self, origin):
        attesters = [word for name in ATTESTERS for word in ("--attester", self.keys[name])]
        deployed = json.loads(commonwatt(
            "chain", "deploy", "--rpc", self.node.url, "--key", self.file("owner"), "--origin", origin, *attesters, "--quorum", 2,
            "--guardian", self.keys["owner"], "--veto-seconds", 600, "--contracts", ROOT / "contracts", "--all",
            "--epoch-seconds", HOUR, "--json"))
        return {each["name"]: each["address"] for each in deployed["contracts"]}

    def file(self, name):
        return self.directory / f"{name}.key"

    def signed(self, name, epoch):
        return self.directory / f"{name}-{epoch}.json"

    def chain(self, command, *words, status=0):
        said = commonwatt("chain", command, "--rpc", self.node.url, "--minter", self.contracts["RewardMinter"], "--json", *words,
                          status=status)
        return json.loads(said) if status == 0 else said

    def sign(self, name, epoch, *more, journal="final", balance="balance", out=None, status=0):
        return self.chain("sign-rewards", "--key", self.file(name), "--dir", self.directory / journal, "--epoch", epoch,
                          "--balance", self.directory / f"{balance}.csv", "--out", out or self.signed(name, epoch), *more,
                          status=status)

    def publish(self, *files, status=0):
        named = [word for file in files for word in ("--file", file)]
        return self.chain("publish-rewards", "--key", self.file("relayer"), *named, status=status)

    def claim(self, house, epoch, *more, key=None, status=0):
        return self.chain("claim-rewards", "--key", key or self.directory / house / "order.key", "--file",
                          self.signed("anna", epoch), *more, status=status)

    def balance(self, house):
        data = BALANCE_OF + self.street["houses"][house][2:].lower().rjust(64, "0")
        return int(self.node("eth_call", {"to": self.contracts["CommonwattToken"], "data": data}, "latest"), 16)

    def sent(self):
        return int(self.node("eth_getTransactionCount", self.keys["relayer"], "latest"), 16)

    def counted(self, epoch):
        """What `commonwatt rewards` counts from the same files, without a chain."""
        said = json.loads(commonwatt("rewards", "--dir", self.directory / "final", "--epoch", epoch, "--epoch-seconds", HOUR,
                                     "--balance", self.directory / "balance.csv", "--json"))
        return {each["household"]: each["reward_base_units"] for each in said["households"]}

    def test_what_a_quorum_counted_is_minted_to_those_who_earned_it_and_once(self):
        self.assertIn("is not over", self.sign("anna", 0, status=64))
        self.node.pass_time(HOUR)
        self.assertIn("4 of 4 intervals of epoch 0 are not final", self.sign("anna", 0, journal="early", status=1))
        said = [self.sign(name, 0) for name in ATTESTERS]
        self.assertEqual(len({each["root"] for each in said}), 1)
        self.assertEqual({each["signer"] for each in said}, {self.keys[name] for name in ATTESTERS})
        self.assertIn("is there already", self.sign("anna", 0, status=64))

        # One signature is no quorum, twice the same is one, and a stranger's none; nothing of it is sent.
        self.sign("dora", 0)
        before = self.sent()
        self.assertIn("TooFewSignatures", self.publish(self.signed("anna", 0), status=1))
        self.assertIn("signed twice", self.publish(self.signed("anna", 0), self.signed("anna", 0), status=65))
        self.assertIn("NotAnAttester", self.publish(self.signed("anna", 0), self.signed("dora", 0), status=1))
        self.assertEqual(self.sent(), before)
        self.publish(self.signed("cleo", 0), self.signed("anna", 0))
        again = self.publish(self.signed("cleo", 0), self.signed("bert", 0))
        self.assertNotIn("transaction", again)

        earned = self.counted(0)
        self.assertGreater(earned["hh01"], 0)
        paid = self.claim("hh01", 0)
        self.assertEqual(round(float(paid["claimed"]) * 10**TOKEN_DECIMALS), earned["hh01"])
        self.assertEqual(self.balance("hh01"), earned["hh01"])
        self.assertNotIn("transaction", self.claim("hh01", 0))
        # Anybody may pay for it; it goes to the household.
        self.claim("hh02", 0, "--account", self.street["houses"]["hh02"], key=self.file("relayer"))
        self.assertEqual(self.balance("hh02"), earned["hh02"])
        self.assertEqual(earned["hh03"], 0)
        self.assertIn("has earned nothing", self.claim("hh03", 0, status=65))

        # The next epoch adds to what was published.
        self.node.pass_time(HOUR)
        self.assertIn("was published or skipped", self.sign("anna", 0, out=self.signed("late", 0), status=64))
        self.assertIn("give --previous", self.sign("anna", 1, status=64))
        for name in ("anna", "bert"):
            self.sign(name, 1, "--previous", self.signed("dora", 0))
        self.assertIn("is not what was published last",
                      self.sign("cleo", 1, "--previous", self.signed("anna", 1), status=65))
        self.publish(self.signed("anna", 1), self.signed("bert", 1))
        self.claim("hh01", 1)
        self.assertEqual(self.balance("hh01"), earned["hh01"] + self.counted(1)["hh01"])
        self.assertIn("not what was published last", self.claim("hh02", 0, status=65))

    def test_attesters_who_disagree_and_files_that_were_changed_publish_nothing(self):
        self.node.pass_time(HOUR)
        self.sign("anna", 0)
        self.sign("bert", 0)
        self.sign("cleo", 0, balance="unbalanced")
        self.assertIn("grants something else", self.publish(self.signed("anna", 0), self.signed("cleo", 0), status=65))

        forged = [self.directory / f"forged-{name}.json" for name in ("anna", "bert")]
        for name, file in zip(("anna", "bert"), forged):
            text = self.signed(name, 0).read_text()
            file.write_text(re.sub(r'("0x\w+) (\d+)"', lambda m: f'{m[1]} {int(m[2]) + 1}"', text, count=1))
        self.assertIn("NotAnAttester", self.publish(*forged, status=1))
        broken = self.directory / "broken.json"
        broken.write_text(self.signed("anna", 0).read_text() + " ")
        self.assertIn("is not as this program writes it", self.publish(broken, status=65))
        token = self.contracts["CommonwattToken"]
        self.assertIn(f"{token}: community()",
                      commonwatt("chain", "publish-rewards", "--rpc", self.node.url, "--minter", token, "--key",
                                 self.file("relayer"), "--file", self.signed("anna", 0), status=1))
        # The control: as they were, they are published.
        self.assertIn("transaction", self.publish(self.signed("anna", 0), self.signed("bert", 0)))

    def test_the_journal_of_another_community_is_not_signed_for_this_one(self):
        self.contracts = self.deploy("commonwatt.example/elsewhere")
        self.node.pass_time(HOUR)
        self.assertIn("is the journal of commonwatt.example/street", self.sign("anna", 0, status=65))

    def test_nobody_is_asked_to_publish_an_epoch_in_which_nothing_was_confirmed(self):
        self.node.pass_time(HOUR)
        said = self.chain("sign-rewards", "--key", self.file("anna"), "--dir", self.directory / "final", "--epoch", 0)
        self.assertEqual(said["granted"], 0)
        self.assertNotIn("file", said)


if __name__ == "__main__":
    require_peers()
    subprocess.run([ROOT / "contracts" / "compile"], check=True, stdout=subprocess.DEVNULL)
    test_chain_commands.COMMONWATT, REWARD_STREET = map(os.path.abspath, sys.argv[1:3])
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=2)
