#!/usr/bin/python3
"""The demo with a chain: every interval anchored for good, every household paid what the ledger owes it, whoever of the
attesters lies or is dead."""

import json
import pathlib
import platform
import shutil
import subprocess
import sys
import urllib.request

import neighbourhood
from neighbourhood import INTERVAL_SECONDS, REPOSITORY, Neighbourhood, free_port, wait_until

CONTRACTS = REPOSITORY / "contracts"
HOUSEHOLDS = 4
INTERVALS = 10  # the registry reuses its eight slots from the ninth on
BEGIN = 1782043200 - INTERVALS // 2 * INTERVAL_SECONDS  # a short day lies around 2026-06-21T12:00:00Z
SKIPPED = 77  # what ctest reads as "skipped"
ANCHOR_GAS_MAX = 70_000
CLAIM_GAS_MAX = 125_000  # the first claim of an account fills its slots


def require_contracts():
    """Compiles the contracts; ends the test, as skipped and loudly, where npm is missing."""
    if not shutil.which("npm"):
        print("SKIPPED: npm is not installed; run 'tools/setup chain'", file=sys.stderr)
        sys.exit(SKIPPED)
    subprocess.run([CONTRACTS / "compile"], check=True, stdout=subprocess.DEVNULL)


def anvil():
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    return CONTRACTS / "node_modules" / "@foundry-rs" / f"anvil-linux-{machine}" / "bin" / "anvil"


def ask(url, method, *parameters):
    """What the node says; nothing while it does not."""
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=20) as reply:
            return json.load(reply)["result"]
    except OSError:
        return None


class ChainNeighbourhood(Neighbourhood):
    def start_chain_demo(self, name, *options, intervals=INTERVALS):
        return self.start_demo(name, HOUSEHOLDS, intervals, speed=900,
                               options=("--chain", "evm", "--contracts", CONTRACTS, *options))

    def assert_all_is_anchored(self, finished, intervals=INTERVALS):
        status, result, told = finished
        self.assertEqual(status, 0, told)
        chain = result["chain"]
        expected = {"anchors": intervals, "final": intervals, "claims": HOUSEHOLDS, "claims_equal_ledger": True,
                    "verified": True}
        self.assertEqual({key: chain[key] for key in expected}, expected)
        self.assertTrue(result["verified"])
        return chain


class OwnNode(ChainNeighbourhood):
    def test_every_interval_is_final_and_every_household_paid(self):
        chain = self.assert_all_is_anchored(self.start_chain_demo("street").finish())
        self.assertGreater(chain["gas_per_anchor"], 21_000)
        self.assertLessEqual(chain["gas_per_anchor"], ANCHOR_GAS_MAX)
        self.assertGreater(chain["gas_per_claim"], 21_000)
        self.assertLessEqual(chain["gas_per_claim"], CLAIM_GAS_MAX)


class RunningNode(ChainNeighbourhood):
    """A node that was there before, which makes blocks for transactions alone."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.url = f"http://127.0.0.1:{free_port()}"
        node = subprocess.Popen([anvil(), "--port", cls.url.rpartition(":")[2], "--silent"], stdout=subprocess.DEVNULL)
        cls.addClassCleanup(lambda: (node.kill(), node.wait()))
        wait_until(lambda: cls.ask("eth_chainId"), 60, "the node")

    @classmethod
    def ask(cls, method, *parameters):
        return ask(cls.url, method, *parameters)

    def test_a_liar_a_dead_attester_and_two_kills_change_nothing(self):
        demo = self.start_chain_demo("faults", "--rpc", self.url, "--lying-attesters", "1", "--dead-attesters", "1")
        demo.wait_for_trading()
        self.assertNotIn("attester-1", demo.processes())
        for name, interval in (("controller", 3), ("attester-4", 5)):
            demo.run_until(BEGIN + (interval + 3) * INTERVAL_SECONDS)  # two more, and it is settled
            demo.kill(name)
        demo.let_go()
        finished = demo.finish()
        chain = self.assert_all_is_anchored(finished)
        self.assertEqual(finished[1]["restarts"], 2)
        self.assertEqual(chain["chain_id"], int(self.ask("eth_chainId"), 16))
        events = [log for log in self.ask("eth_getLogs", {"address": chain["registry"], "fromBlock": "0x0"})
                  if len(log["topics"]) == 2 and len(log["data"]) == 2 + 5 * 64]
        self.assertEqual([int(log["topics"][1], 16) for log in events], list(range(1, INTERVALS + 1)))
        settled = (demo.directory / "households").glob("*/settlement-*.json")
        heads = {json.loads(pathlib.Path(file).read_text())["anchor"]["epoch"] for file in settled}
        self.assertIn(INTERVALS, heads)


class Collateral(ChainNeighbourhood):
    """A household asks its collateral back, and gets some again, while the market runs. The credit limits of the demo, half
    of the collateral, must not count."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.url = f"http://127.0.0.1:{free_port()}"
        node = subprocess.Popen([anvil(), "--port", cls.url.rpartition(":")[2], "--silent", "--slots-in-an-epoch", "1",
                                 "--block-time", "1", "--mixed-mining"], stdout=subprocess.DEVNULL)
        cls.addClassCleanup(lambda: (node.kill(), node.wait()))
        wait_until(lambda: ask(cls.url, "eth_chainId"), 60, "the node")

    def await_available(self, demo, household, low, high, what):
        """Until what a household can still order for lies between these, in the currency."""
        def lies_between():
            available = demo.api(f"/v1/households/{household}").get("available")
            return available is not None and low < available / 1e9 < high
        wait_until(lies_between, 120, what)

    def chain(self, demo, command, *words):
        vault = next(line.split('"')[1] for line in (demo.directory / "chain" / "chain.toml").read_text().splitlines()
                     if line.startswith("vault"))
        done = self.call("chain", command, "--rpc", self.url, "--vault", vault, *words)
        self.assertEqual(done.returncode, 0, done.stderr)

    def refused(self, demo, household):
        log = (demo.directory / "logs" / f"gateway-{household}.log").read_text()
        return log.count("order refused: the open orders could cost more than balance and credit limit or collateral")

    def test_orders_are_worth_the_collateral_that_is_final_and_no_credit_limit(self):
        demo = self.start_demo("collateral", HOUSEHOLDS, 16, speed=180,
                               options=("--chain", "evm", "--contracts", CONTRACTS, "--rpc", self.url))
        demo.wait_for_trading()
        household = "hh02"  # has no plant and buys in every interval
        key = demo.directory / "households" / household / "keys" / "order.key"
        shown = self.call("chain", "key", "--show", key)
        address = shown.stdout.strip()
        self.await_available(demo, household, 150, 250, "the collateral of 200")
        self.assertEqual(self.refused(demo, household), 0)
        ask(self.url, "anvil_setBalance", address, hex(10**20))
        with demo.standing_still():
            self.chain(demo, "withdraw", "--key", key, "--amount", "199.999999")
            self.await_available(demo, household, -20, 20, "the exit that was asked for")
        wait_until(lambda: self.refused(demo, household) > 0, 60, "an order without cover")
        with demo.standing_still():
            self.chain(demo, "deposit", "--key", demo.directory / "chain" / "deployer.key", "--account", address,
                       "--amount", "1000")
            self.await_available(demo, household, 900, 1100, "the new deposit")
        status, result, told = demo.finish()
        self.assertEqual(status, 0, told)
        self.assertTrue(result["chain"]["claims_equal_ledger"])
        self.prove_first_bill(demo, household, result["chain"]["registry"])

    def prove_first_bill(self, demo, household, registry):
        """By the newest anchor, many entries of the log later, from the gateway's files and the chain alone."""
        home = demo.directory / "households" / household
        log_key = next(line.split('"')[1] for line in (home / "gateway.toml").read_text().splitlines() if line.startswith("log_key"))
        newest = max(home.glob("settlement-*.json"), key=lambda file: int(file.stem.rpartition("-")[2]))
        bills = self.call("bill", "--store", home, "--format", "jsonl").stdout.splitlines()
        begin = json.loads(bills[0])["interval"]
        words = ["bill", "--store", home, "--from", begin, "--to", json.loads(bills[1])["interval"], "--log-key", log_key,
                 "--settlement", newest, "--rpc", self.url, "--registry", registry, "--proof", self.directory / "proof.json"]
        made = self.call(*words)
        self.assertEqual(made.returncode, 0, made.stderr)
        anchor = json.loads((self.directory / "proof.json").read_text())["anchor"]
        self.assertGreater(len(anchor["consistency"]), 0)
        verified = self.call("verify", self.directory / "proof.json", "--log-key", log_key, "--rpc", self.url, "--registry", registry)
        self.assertEqual(verified.returncode, 0, verified.stdout + verified.stderr)
        # The control: without the copy of the log there is no way from the one to the other.
        (home / "log.leaves").rename(home / "elsewhere")
        self.assertEqual(self.call(*words).returncode, 65)


if __name__ == "__main__":
    require_contracts()
    neighbourhood.main()
