#!/usr/bin/python3
"""A community's life on a real node with the commands that people use: keys, deployment, anchors of a street that traded,
deposits, claims, debts, the outflow cap, exits, and bills held against the chain; and every refusal on the way.

    test_chain_commands.py COMMONWATT CHAIN_STREET FAULTY_TOKEN
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
import unittest.mock

from chain_peers import native, require_peers
from chain_world import Node, free_port, run
from soft_token import SoftToken

ROOT = pathlib.Path(__file__).resolve().parents[2]
COMMONWATT = CHAIN_STREET = FAULTY_TOKEN = ""
EPOCHS = 6
VETO_SECONDS = 600
ORIGIN = "commonwatt.example/street"
ETHER = 10**18


def commonwatt(*words, status=0):
    """What the program prints; with another status, what it complains of."""
    done = subprocess.run([COMMONWATT, *map(str, words)], capture_output=True, text=True, timeout=300, check=False)
    if done.returncode != status:
        raise AssertionError(f"{words}: status {done.returncode}, not {status}: {done.stdout}{done.stderr}")
    return done.stdout if status == 0 else done.stdout + done.stderr


class MiningNode(Node):
    """anvil that mines each transaction at once, as chain 31337 or another."""

    chain_id = 31337

    def options(self):
        return ["--chain-id", str(self.chain_id)]

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def pass_time(self, seconds):
        self("evm_increaseTime", seconds)
        self("anvil_mine", "0x3")


class OtherNode(MiningNode):
    chain_id = 4242


class Community:
    """Keys, contracts and a street with a vault, all made by the commands."""

    def __init__(self, directory, cap):
        self.directory = pathlib.Path(directory)
        self.node = MiningNode(directory)
        self.keys = {}
        for name, kind in [("owner", "owner"), ("guardian", "guardian"), ("relayer", "relayer"),
                           *[(f"attester{i}", "attester") for i in range(5)]]:
            self.keys[name] = commonwatt("chain", "key", "--kind", kind, self.file(name)).strip()
        self.give_ether(self.keys["owner"])
        self.give_ether(self.keys["relayer"])
        words = self.deploy_words() + ["--demo-currency", "--outflow-cap", cap, "--out", self.directory / "chain.toml"]
        self.deployed = json.loads(commonwatt(*words, "--json"))
        self.contracts = {each["name"]: each["address"] for each in self.deployed["contracts"]}
        self.registry, self.vault = self.contracts["AnchorRegistry"], self.contracts["SettlementVault"]
        lines = run(CHAIN_STREET, str(self.directory), str(EPOCHS), "31337", self.registry,
                    *[str(self.file(f"attester{i}")) for i in (4, 1, 2)]).splitlines()
        self.street = json.loads(lines[0])
        self.anchors = [json.loads(line) for line in lines[1:]]
        assert self.street["origin"] == ORIGIN
        for house in self.street["houses"].values():
            self.give_ether(house)

    def deploy_words(self, *more, contracts=ROOT / "contracts"):
        attesters = [word for i in range(5) for word in ("--attester", self.keys[f"attester{i}"])]
        return ["chain", "deploy", "--rpc", self.node.url, "--key", self.file("owner"), "--origin", ORIGIN, *attesters,
                "--quorum", 3, "--guardian", self.keys["guardian"], "--veto-seconds", VETO_SECONDS,
                "--contracts", contracts, *more]

    def file(self, name):
        return self.directory / f"{name}.key"

    def give_ether(self, address, ether=100):
        self.node("anvil_setBalance", address, hex(ether * ETHER))

    def anchor(self, epoch):
        """Sends an epoch's anchor; it is final when its window is over and blocks have passed."""
        payer = self.node("eth_accounts")[0]
        sent = self.node("eth_sendTransaction", {"from": payer, "to": self.registry, "gas": hex(500_000),
                                                 "data": self.anchors[epoch - 1]["call"]})
        receipt = self.receipt(sent)
        assert receipt["status"] == "0x1", receipt
        return sent

    def receipt(self, sent):
        """A node mines at once, but not before it answers."""
        deadline = time.monotonic() + 60
        while not (receipt := self.node("eth_getTransactionReceipt", sent)):
            assert time.monotonic() < deadline, sent
            time.sleep(0.05)
        return receipt

    def finalise(self, epoch):
        sent = self.anchor(epoch)
        self.node.pass_time(VETO_SECONDS)
        return sent

    def chain(self, command, *words, house=None, status=0, key=None):
        """A command with --rpc, --vault and a key; its JSON, or its complaint."""
        paying = [] if command == "status" else ["--key", key or (self.directory / house / "order.key")]
        said = commonwatt("chain", command, "--rpc", self.node.url, "--vault", self.vault, *paying, "--json", *words,
                          status=status)
        return json.loads(said) if status == 0 else said

    def account(self, house):
        return self.chain("status", "--account", self.street["houses"][house])["account"]

    def proof(self, house, epoch):
        return self.directory / house / f"settlement-{epoch}.json"

    def net(self, house, epoch):
        """In the currency's millionths, rounded down as the vault does."""
        return self.anchors[epoch - 1]["nets"][house] // 1000

    def balance(self, house):
        """What the house has of the currency outside the vault, in millionths."""
        data = "0x70a08231" + self.street["houses"][house][2:].lower().rjust(64, "0")
        return int(self.node("eth_call", {"to": self.contracts["DemoCurrency"], "data": data}, "latest"), 16)


def millionths(text):
    whole, _, fraction = text.partition(".")
    return int(whole) * 10**6 + int(fraction.ljust(6, "0"))


class InCommunity(unittest.TestCase):
    cap = "10000"

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.town = Community(directory.name, self.cap)
        self.addCleanup(self.town.node.kill)
        self.directory = pathlib.Path(directory.name)

    def deposit(self, house, amount):
        """The owner has all the demo money: whoever wants may deposit for whom he wants."""
        return self.town.chain("deposit", "--amount", amount, "--account", self.town.street["houses"][house],
                               key=self.town.file("owner"))


class Money(InCommunity):
    def test_sellers_are_paid_and_debtors_covered_to_the_last_unit_of_the_ledger(self):
        town = self.town
        self.deposit("hh03", "12.50")
        self.deposit("hh04", "0.01")
        self.assertEqual(town.account("hh03")["collateral"], "12.50")
        self.assertIn("is not anchored yet", town.chain("claim", "--proof", town.proof("hh01", 1), house="hh01", status=65))
        town.anchor(1)
        self.assertIn("NotFinal(1)", town.chain("claim", "--proof", town.proof("hh01", 1), house="hh01", status=1))
        self.assertIn("no settlement proof there is of a final epoch",
                      town.chain("claim", "--gateway", self.directory / "hh01", house="hh01", status=65))
        town.node.pass_time(VETO_SECONDS)
        town.finalise(2)

        # Of a gateway's proofs the newest final one is taken; a stranger may pay for it.
        paid = town.chain("claim", "--gateway", self.directory / "hh01", key=town.file("relayer"))
        self.assertEqual(paid["epoch"], 2)
        self.assertGreater(town.net("hh01", 2), 0)
        self.assertEqual(millionths(paid["paid"]), town.net("hh01", 2))
        self.assertEqual(town.balance("hh01"), town.net("hh01", 2))
        self.assertEqual(town.account("hh01")["net_nano"], str(town.anchors[1]["nets"]["hh01"]))
        again = town.chain("claim", "--proof", town.proof("hh01", 2), house="hh01")
        self.assertNotIn("transaction", again)
        self.assertEqual(again["paid"], "0.00")
        older = town.chain("claim", "--proof", town.proof("hh01", 1), house="hh01", status=65)
        self.assertIn("epoch 2 is applied already", older)

        # A debtor's proof is settled if its collateral covers it.
        self.assertLess(town.net("hh03", 2), 0)
        settled = town.chain("claim", "--proof", town.proof("hh03", 2), house="hh03")
        self.assertEqual(millionths(settled["owes"]), -town.net("hh03", 2))
        self.assertEqual(millionths(settled["free"]), 12_500_000 + town.net("hh03", 2))
        self.assertEqual(town.account("hh03")["net_nano"], str(town.anchors[1]["nets"]["hh03"]))
        self.assertNotIn("transaction", town.chain("claim", "--proof", town.proof("hh03", 2), house="hh03"))
        poor = town.chain("claim", "--proof", town.proof("hh04", 2), house="hh04", status=1)
        missing = -town.net("hh04", 2) - 10_000
        self.assertIn(f"deposit at least {missing / 1e6:.6f}".rstrip("0"), poor)

        # The next epoch pays the difference alone.
        town.finalise(3)
        paid = town.chain("claim", "--proof", town.proof("hh01", 3), house="hh01")
        self.assertEqual(millionths(paid["paid"]), town.net("hh01", 3) - town.net("hh01", 2))

    def test_a_proof_that_was_tampered_with_or_is_of_another_anchor_pays_nothing(self):
        town = self.town
        town.finalise(1)
        self.assertIn("the vault holds 0.00", town.chain("claim", "--proof", town.proof("hh01", 1), house="hh01", status=1))
        self.deposit("hh03", "10")
        text = town.proof("hh01", 1).read_text()
        forged = self.directory / "forged.json"
        forged.write_text(re.sub(r'"cumulative_net_nano": (\d+)', lambda m: f'"cumulative_net_nano": {int(m[1]) + 1}', text))
        self.assertIn("does not lead to the settlement root", town.chain("claim", "--proof", forged, house="hh01", status=65))
        forged.write_text(text.replace('"volume_wh": 1234', '"volume_wh": 1235'))
        self.assertIn("epoch 1 is anchored as", town.chain("claim", "--proof", forged, house="hh01", status=65))
        # The control: as it was, it pays.
        self.assertIn("transaction", town.chain("claim", "--proof", town.proof("hh01", 1), house="hh01"))

    def test_collateral_comes_back_two_final_epochs_later_less_what_is_owed(self):
        town = self.town
        town.finalise(1)
        self.deposit("hh03", "5")
        self.assertIn("less than --amount", town.chain("withdraw", "--amount", "5.000001", house="hh03", status=1))
        self.assertIn("at most 6 decimals", town.chain("withdraw", "--amount", "1.0000001", house="hh03", status=64))
        finish = ("withdraw", "--finish", "--gateway", self.directory / "hh03")
        self.assertIn("asked nothing back", town.chain(*finish, house="hh03", status=1))
        asked = town.chain("withdraw", "--amount", "5", house="hh03")
        self.assertEqual(asked["ready_epoch"], 3)
        town.finalise(2)
        self.assertIn("too early", town.chain(*finish, house="hh03", status=1))
        town.finalise(3)
        stale = town.chain("withdraw", "--finish", "--proof", town.proof("hh03", 2), house="hh03", status=65)
        self.assertIn("newest final one, 3", stale)
        paid = town.chain(*finish, house="hh03")
        self.assertEqual(millionths(paid["paid"]), 5_000_000 + town.net("hh03", 3))
        self.assertEqual(town.balance("hh03"), 5_000_000 + town.net("hh03", 3))

    def test_a_paused_registry_pays_nothing_and_says_so_until_its_owner_resumes_it(self):
        town = self.town
        town.finalise(1)
        self.deposit("hh03", "10")
        town.give_ether(town.keys["guardian"])
        stop = ("--rpc", town.node.url, "--registry", town.registry, "--key")
        commonwatt("chain", "pause", *stop, town.file("guardian"))
        self.assertTrue(town.chain("status")["paused"])
        self.assertIn("AnchoringStopped", town.chain("claim", "--proof", town.proof("hh01", 1), house="hh01", status=1))
        commonwatt("chain", "unpause", *stop, town.file("owner"))
        self.assertIn("transaction", town.chain("claim", "--proof", town.proof("hh01", 1), house="hh01"))


class Cap(InCommunity):
    cap = "0.05"

    def test_what_the_outflow_cap_holds_back_stays_owed(self):
        town = self.town
        self.deposit("hh03", "10")
        town.finalise(1)
        self.assertGreater(town.net("hh01", 1), 50_000)
        paid = town.chain("claim", "--proof", town.proof("hh01", 1), house="hh01")
        self.assertEqual(paid["paid"], "0.05")
        self.assertEqual(millionths(paid["owed"]), town.net("hh01", 1) - 50_000)
        held = town.chain("claim", "--proof", town.proof("hh01", 1), house="hh01")
        self.assertNotIn("transaction", held)
        self.assertEqual(held["owed"], paid["owed"])
        town.finalise(2)
        self.assertEqual(town.chain("claim", "--proof", town.proof("hh01", 1), house="hh01")["paid"], "0.05" if
                         town.net("hh01", 1) >= 100_000 else paid["owed"])


class Transactions(InCommunity):
    """What a node and others may do to a transaction on its way."""

    def start_deposit(self):
        town = self.town
        words = ["chain", "deposit", "--rpc", town.node.url, "--vault", town.vault, "--key", str(town.file("owner")),
                 "--json", "--amount", "1", "--account", town.street["houses"]["hh01"]]
        process = subprocess.Popen([COMMONWATT, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.kill)
        return process

    def waiting(self):
        """The hash of the transaction that waits for a block."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            pending = self.town.node("txpool_content")["pending"]
            hashes = [each["hash"] for queue in pending.values() for each in queue.values()]
            if hashes:
                return hashes[0]
            time.sleep(0.1)
        raise AssertionError("nothing was sent")

    def finish(self, process):
        """Mines until the program has ended."""
        deadline = time.monotonic() + 90
        while process.poll() is None and time.monotonic() < deadline:
            self.town.node("evm_mine")
            time.sleep(0.2)
        out, errors = process.communicate(timeout=10)
        self.assertEqual(process.returncode, 0, errors)
        return json.loads(out)

    def test_a_dropped_transaction_is_sent_again_and_a_taken_nonce_left_to_its_taker(self):
        town = self.town
        self.deposit("hh01", "2")  # leaves the allowance at zero: the next deposit approves first
        town.node("evm_setAutomine", False)
        process = self.start_deposit()
        town.node("anvil_dropTransaction", self.waiting())
        self.assertEqual(self.finish(process)["deposited"], "1.00")

        process = self.start_deposit()
        self.waiting()
        owner = town.keys["owner"]
        town.node("anvil_dropAllTransactions")
        town.node("anvil_impersonateAccount", owner)
        town.node("eth_sendTransaction", {"from": owner, "to": owner, "value": "0x1"})
        self.assertEqual(self.finish(process)["deposited"], "1.00")
        town.node("evm_setAutomine", True)
        self.assertEqual(town.account("hh01")["collateral"], "4.00")

    def test_a_key_in_a_token_pays_like_one_in_a_file_while_the_token_is_there(self):
        town = self.town
        (self.directory / "token").mkdir()
        token = SoftToken(self.directory / "token", FAULTY_TOKEN)
        self.enterContext(unittest.mock.patch.dict(os.environ, token.environment))
        token.take_in("owner", town.file("owner").read_text().split()[1])
        key, house = token.key("owner"), town.street["houses"]["hh01"]
        self.assertEqual(commonwatt("chain", "key", "--show", key).strip(), town.keys["owner"])
        self.assertEqual(town.chain("deposit", "--amount", "2", "--account", house, key=key)["deposited"], "2.00")
        token.pulled.touch()
        self.assertIn("no token 'commonwatt'",
                      town.chain("deposit", "--amount", "1", "--account", house, key=key, status=1))
        self.assertEqual(town.account("hh01")["collateral"], "2.00")

    def test_a_node_that_goes_down_leaves_a_clear_word(self):
        town = self.town
        town.node.kill()
        said = town.chain("deposit", "--amount", "1", key=town.file("owner"), status=1)
        self.assertIn(f"http://127.0.0.1:{town.node.port}: eth_chainId", said)


class Deployment(InCommunity):
    def test_the_whole_community_is_deployed_and_the_timelock_owns_it(self):
        town = self.town
        said = json.loads(commonwatt(*town.deploy_words("--demo-currency", "--all", "--json")))
        contracts = {each["name"]: each["address"] for each in said["contracts"]}
        self.assertEqual(set(contracts), {"AnchorRegistry", "SettlementVault", "DemoCurrency", "RewardMinter", "FeeRouter",
                                          "CommonwattToken", "CommonwattGovernor", "CommonwattTimelock", "DeviceRegistry",
                                          "Disputes"})
        owner = run(native("cast"), "sig", "owner()")
        for name in ("AnchorRegistry", "SettlementVault", "DeviceRegistry", "RewardMinter"):
            says = town.node("eth_call", {"to": contracts[name], "data": owner}, "latest")
            self.assertEqual(says[-40:], contracts["CommonwattTimelock"][2:].lower(), name)
        self.assertLess(said["gas"], 22_000_000)

    def test_the_figures_of_rewards_and_votes_are_those_that_were_asked_for(self):
        town = self.town
        figures = {"--base-budget": 7_000, "--halving": 11, "--bootstrap": 3, "--window": 5, "--epoch-seconds": 3_600,
                   "--proposal-votes": 40, "--quorum-votes": 900, "--quorum-percent": 25, "--voting-delay": 60,
                   "--voting-period": 7_200, "--timelock-delay": 86_401}
        registrar = town.keys["relayer"]
        said = json.loads(commonwatt(*town.deploy_words("--all", "--json", "--registrar", registrar,
                                                        *[word for pair in figures.items() for word in pair])))
        at = {each["name"]: each["address"] for each in said["contracts"]}

        def asked(contract, signature):
            return town.node("eth_call", {"to": at[contract], "data": run(native("cast"), "sig", signature)}, "latest")

        for contract, signature, wanted in [
                ("RewardMinter", "base()", 7_000), ("RewardMinter", "halving()", 11), ("RewardMinter", "bootstrap()", 3),
                ("RewardMinter", "window()", 5), ("FeeRouter", "epochLength()", 3_600),
                ("CommonwattToken", "cap()", 2 * 7_000 * 11), ("CommonwattGovernor", "proposalThreshold()", 40),
                ("CommonwattGovernor", "quorumNumerator()", 25), ("CommonwattGovernor", "votingDelay()", 60),
                ("CommonwattGovernor", "votingPeriod()", 7_200), ("CommonwattTimelock", "getMinDelay()", 86_401)]:
            self.assertEqual(int(asked(contract, signature), 16), wanted, signature)
        least = run(native("cast"), "calldata", "quorum(uint256)", "0")
        self.assertEqual(int(town.node("eth_call", {"to": at["CommonwattGovernor"], "data": least}, "latest"), 16), 900)
        self.assertEqual(asked("DeviceRegistry", "registrar()")[-40:], registrar[2:].lower())
        self.assertEqual(said["governance"]["cap"], str(2 * 7_000 * 11))
        self.assertEqual(said["governance"]["quorum_votes"], 900)

    def test_the_controllers_table_can_be_pasted(self):
        text = (self.directory / "chain.toml").read_text()
        for line in ('mode = "vault"', "chain_id = 31337", f'registry = "{self.town.registry}"',
                     f'vault = "{self.town.vault}"', f'rpc = ["{self.town.node.url}"]', "anchor_intervals = 1", "quorum = 3"):
            self.assertIn(f"\n{line}\n", text)
        first = int(re.search(r"\nfirst_block = (\d+)\n", text)[1])
        self.assertEqual(first, next(each["block"] for each in self.town.deployed["contracts"] if
                                     each["name"] == "AnchorRegistry"))

    def test_what_exists_when_a_deployment_fails_half_way_is_said(self):
        town = self.town
        # A vault that cannot be deployed, behind a registry that can.
        broken = self.directory / "contracts" / "out"
        shutil.copytree(ROOT / "contracts" / "out", broken)
        (broken / "SettlementVault.json").write_text('{"abi":[],"bytecode":"0x60006000fd"}')
        words = town.deploy_words("--demo-currency", "--out", self.directory / "half.toml", contracts=broken.parent)
        said = commonwatt(*words, status=1)
        self.assertRegex(said, r"deploying SettlementVault: .*\n  exists already: AnchorRegistry 0x")
        self.assertIn("failed behind these", (self.directory / "half.toml").read_text())

    def test_no_money_and_play_money_on_a_real_chain_are_refused(self):
        town = self.town
        town.give_ether(town.keys["owner"], 0)
        self.assertIn("send it some first", commonwatt(*town.deploy_words(), status=1))
        other = OtherNode(str(self.directory))
        self.addCleanup(other.kill)
        words = town.deploy_words("--demo-currency", "--rpc", other.url)
        words[words.index("--rpc"):words.index("--rpc") + 2] = []
        self.assertIn("--demo-currency on chain 4242", commonwatt(*words, status=1))


class Bills(InCommunity):
    def make(self, name, epoch_of_bill, epoch, *more, status=0):
        town, file = self.town, self.directory / f"{name}.json"
        said = commonwatt("bill", "--file", self.directory / "hh02" / f"bill-{epoch_of_bill}.jsonl", "--log-key",
                          town.street["log_key"], "--proof", file, "--settlement", town.proof("hh02", epoch), "--rpc",
                          town.node.url, "--registry", town.registry, *more, status=status)
        return file if status == 0 else said

    def verify(self, file, *more, status=0, url=None):
        return commonwatt("verify", file, "--log-key", self.town.street["log_key"], "--rpc", url or self.town.node.url, *more,
                          status=status)

    def changed(self, file, change):
        """The proof with its anchor changed, written as the format wants it."""
        proof = json.loads(file.read_text())
        change(proof["anchor"])
        other = self.directory / "changed.json"
        other.write_text(json.dumps(proof, indent=1, ensure_ascii=False) + "\n")
        return other

    def test_a_bill_is_proved_by_the_chain_and_every_lie_about_it_refused(self):
        town = self.town
        self.assertIn("no anchor of epoch 1", self.make("early", 1, 1, status=65))
        town.anchor(1)
        file = self.make("proof", 1, 1)
        self.assertIn("is not final yet", self.verify(file, status=1))
        town.node("anvil_mine", "0x3")
        self.assertIn("it can be vetoed until", self.verify(file, status=1))
        town.node.pass_time(VETO_SECONDS)
        registry = ("--registry", town.registry)
        good = self.verify(file, *registry)
        self.assertIn("proved by the chain 31337: epoch 1 of the registry", good)
        self.assertNotIn("registry is the community's", good)
        self.assertIn("not proved: that this registry is the community's", self.verify(file))
        self.assertIn("proved by the chain", self.verify(file, "--bill", self.directory / "hh02" / "bill-1.jsonl"))
        self.assertIn("another bill", self.verify(file, "--bill", self.directory / "hh01" / "bill-1.jsonl", status=1))

        self.assertIn("of the registry", self.verify(file, "--registry", town.vault, status=1))
        flipped = self.directory / "flipped.json"
        text = file.read_text()
        at = text.index('"batch_root": "') + 20
        flipped.write_text(text[:at] + ("0" if text[at] != "0" else "1") + text[at + 1:])
        self.assertIn("WRONG", self.verify(flipped, status=1))
        self.assertIn("the proof is of chain 1", self.verify(self.changed(file, lambda a: a.update(chain_id=1)), status=1))
        self.assertIn("epoch 2 is not anchored", self.verify(self.changed(file, lambda a: a.update(epoch=2)), status=1))
        self.assertIn("the proof says 1",
                      self.verify(self.changed(file, lambda a: a.update(block=1)), status=1))
        lost = self.changed(file, lambda a: a.update(transaction="0x" + "12" * 32))
        self.assertIn("the chain has no transaction", self.verify(lost, status=1))
        silent = self.verify(file, url=f"http://127.0.0.1:{free_port()}", status=1)
        self.assertIn("eth_chainId", silent)
        other = OtherNode(str(self.directory))
        self.addCleanup(other.kill)
        self.assertIn("the nodes are of chain 4242", self.verify(file, url=other.url, status=1))
        nothing = self.directory / "plain.json"
        commonwatt("bill", "--file", self.directory / "hh02" / "bill-1.jsonl", "--log-key", town.street["log_key"], "--proof",
                   nothing)
        self.assertIn("names no anchor", self.verify(nothing, status=65))
        commonwatt("verify", nothing)

    def test_a_later_anchor_proves_a_bill_by_a_consistency_path_and_another_log_does_not(self):
        town = self.town
        sent = [town.finalise(epoch) for epoch in range(1, EPOCHS + 1)]
        self.assertIn("the consistency path does not lead", self.make("none", 1, EPOCHS, status=65))
        file = self.make("late", 1, EPOCHS, "--consistency", self.directory / "consistency-1.txt")
        self.assertIn(f"epoch {EPOCHS} of the registry", self.verify(file, "--registry", town.registry))
        self.assertIn("is older than the checkpoint", self.make("old", 2, 1, status=65))
        # The log of epoch 1 under the transaction of epoch 2: it holds offline, and the chain knows better.
        block = int(town.receipt(sent[1])["blockNumber"], 16)
        lie = self.changed(self.make("first", 1, 1), lambda a: a.update(epoch=2, transaction=sent[1], block=block))
        commonwatt("verify", lie, "--log-key", town.street["log_key"])
        self.assertIn("epoch 2 is anchored with another log", self.verify(lie, status=1))


if __name__ == "__main__":
    require_peers()
    subprocess.run([ROOT / "contracts" / "compile"], check=True, stdout=subprocess.DEVNULL)
    COMMONWATT, CHAIN_STREET, FAULTY_TOKEN = map(os.path.abspath, sys.argv[1:4])
    unittest.main(argv=[sys.argv[0], *sys.argv[4:]], verbosity=2)
