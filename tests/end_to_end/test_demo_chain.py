#!/usr/bin/python3
"""The demo with a chain: every interval anchored for good, every household paid what the ledger owes it, whoever of the
attesters lies or is dead."""

import json
import os
import pathlib
import platform
import shutil
import signal
import subprocess
import sys
import urllib.request

import neighbourhood
from neighbourhood import REPOSITORY, Neighbourhood, free_port, wait_until

CONTRACTS = REPOSITORY / "contracts"
HOUSEHOLDS = 4
INTERVALS = 10  # the registry reuses its eight slots from the ninth on
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
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}).encode()
        request = urllib.request.Request(cls.url, body, {"Content-Type": "application/json"})
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=20) as reply:
                return json.load(reply)["result"]
        except OSError:
            return None

    def test_a_liar_a_dead_attester_and_two_kills_change_nothing(self):
        demo = self.start_chain_demo("faults", "--rpc", self.url, "--lying-attesters", "1", "--dead-attesters", "1")
        demo.wait_for_trading()
        self.assertNotIn("attester-1", demo.processes())
        for name, interval in (("controller", 3), ("attester-4", 5)):
            wait_until(lambda count=interval: demo.told.read_text().count("local share") >= count, 120, f"interval {interval}")
            os.kill(demo.pid(name), signal.SIGKILL)
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


if __name__ == "__main__":
    require_contracts()
    neighbourhood.main()
