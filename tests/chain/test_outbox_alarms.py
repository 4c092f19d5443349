#!/usr/bin/python3
"""What an outbox tells its operator when it cannot go on, and how it shares a chain with others, on a real node.

    test_outbox_alarms.py CHAIN_RUNNER FAULTY_TOKEN
"""

import sys
import tempfile
import time
import unittest

from chain_peers import native, require_peers
from chain_world import World, run
from soft_token import SoftToken

# ChainAlarmKind
UNREACHABLE, FOREIGN_EPOCH, _, REFUSED_ANCHOR, FEE_TOO_HIGH, LOW_BALANCE, _, _, KEY_SILENT = range(9)
PATIENCE = 120  # seconds; a loaded machine is slow
RUNNER = FAULTY_TOKEN = ""


class Alarms(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(directory.cleanup)
        cls.world = World(RUNNER, directory.name, 20261121)
        cls.addClassCleanup(cls.world.close)

    def setUp(self):
        for outbox in self.world.outboxes:
            outbox.kill()
        self.world.outboxes.clear()
        self.registry = self.world.deploy(run(RUNNER, "attesters").splitlines())

    def open_outbox(self, epochs, name, **more):
        return self.world.open_outbox(epochs, f"{self.id()}.{name}", **{"registry": self.registry, **more})

    def wait(self, condition, mining=False):
        deadline = time.monotonic() + PATIENCE
        while not condition():
            self.assertLess(time.monotonic(), deadline, [outbox.last for outbox in self.world.outboxes])
            if mining:
                self.world.node("evm_mine")
            time.sleep(0.1)

    def mine_until(self, condition):
        self.wait(condition, mining=True)

    def expect_alarm(self, outbox, kind, words, mining=True):
        self.wait(lambda: kind in outbox.alarms, mining)
        self.assertIn(words, outbox.alarms[kind][0])

    def test_two_controllers_with_one_set_of_anchors_share_the_work(self):
        epochs = 12
        other = self.world.new_relayer()[2]
        both = [self.open_outbox(epochs, "one"), self.open_outbox(epochs, "two", key_file=other)]
        self.mine_until(lambda: all(outbox.process.poll() is not None for outbox in both))
        self.assertEqual([outbox.process.returncode for outbox in both], [0, 0])
        heads = run(RUNNER, "heads", str(epochs)).splitlines()
        self.assertEqual(self.world.anchored(self.registry), list(enumerate(heads, 1)))

    def test_an_anchor_that_is_not_ours_stops_the_outbox(self):
        first = self.open_outbox(2, "theirs", environment={"CHAIN_RUNNER_COMMUNITY": "somebody else"})
        self.mine_until(lambda: first.process.poll() is not None)
        ours = self.open_outbox(3, "ours")
        self.expect_alarm(ours, FOREIGN_EPOCH, "nothing is sent until")
        self.assertEqual(len(self.world.anchored(self.registry)), 2)

    def test_nodes_of_another_chain_are_refused(self):
        outbox = self.open_outbox(2, "outbox", chain=1)
        self.expect_alarm(outbox, UNREACHABLE, "the nodes are of chain 31337, the registry is on chain 1")

    def test_a_registry_that_is_not_there_is_named(self):
        nobody = "0x" + "12" * 20
        outbox = self.open_outbox(2, "outbox", registry=nobody)
        self.expect_alarm(outbox, UNREACHABLE, "no registry is there")

    def test_an_anchor_the_registry_would_refuse_is_not_paid_for(self):
        strangers = ["0x" + f"{i:02x}" * 20 for i in (1, 2, 3)]
        registry = self.world.deploy(strangers)
        before = self.world.nonce()
        outbox = self.open_outbox(2, "outbox", registry=registry)
        bad_signature = run(native("cast"), "sig", "BadSignature()")
        self.expect_alarm(outbox, REFUSED_ANCHOR, f"the registry reverts custom error {bad_signature}")
        self.assertEqual(self.world.nonce(), before)

    def test_a_base_fee_above_the_budget_is_waited_out(self):
        epochs = 3
        # 500 gwei for some 150,000 gas; an eighth less with every empty block, so that none is mined before the alarm.
        self.world.node("anvil_setNextBlockBaseFeePerGas", hex(500 * 10**9))
        self.world.node("evm_mine")
        outbox = self.open_outbox(epochs, "outbox")
        self.expect_alarm(outbox, FEE_TOO_HIGH, "more than the 0.0100 ether it may", mining=False)
        self.mine_until(lambda: outbox.process.poll() is not None)
        self.assertEqual(outbox.process.returncode, 0)
        self.assertEqual(len(self.world.anchored(self.registry)), epochs)

    def test_a_relayer_that_runs_out_of_money_is_named_in_time(self):
        _, address, key_file = self.world.new_relayer(ether=0)
        self.world.node("anvil_setBalance", address, hex(12_345 * 10**12))
        outbox = self.open_outbox(2, "outbox", key_file=key_file)
        self.expect_alarm(outbox, LOW_BALANCE, f"the relayer {address} has 0.0123 ether left, less than 0.0500 ether")

    def test_a_relayer_whose_token_is_pulled_out_goes_on_when_it_is_back(self):
        epochs = 12
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        token = SoftToken(directory.name, FAULTY_TOKEN)
        number, address, _ = self.world.new_relayer()
        token.take_in("relayer", number[2:])
        outbox = self.open_outbox(epochs, "outbox", key_file=token.key("relayer"), environment=token.environment)
        # Until blocks are mined, chain_runner signs its first ten epochs and no more.
        self.wait(lambda: outbox.last["sent"] >= 1)
        token.pulled.touch()
        self.expect_alarm(outbox, KEY_SILENT, f"waits for a signature of the relayer {address}: no token 'commonwatt'")
        self.assertIsNone(outbox.process.poll())
        self.assertLess(outbox.last["epoch"], epochs)
        token.pulled.unlink()
        self.mine_until(lambda: outbox.process.poll() is not None)
        self.assertEqual(outbox.process.returncode, 0)
        heads = run(RUNNER, "heads", str(epochs)).splitlines()
        self.assertEqual(self.world.anchored(self.registry), list(enumerate(heads, 1)))


if __name__ == "__main__":
    require_peers()
    RUNNER, FAULTY_TOKEN = sys.argv[1:3]
    unittest.main(argv=sys.argv[:1], verbosity=2)
