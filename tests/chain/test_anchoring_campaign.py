#!/usr/bin/python3
"""Anchors epochs through a real outbox on a real node while everything around them breaks: reorganisations, foreign
transactions under our nonce, base-fee spikes, a network that hangs, halves and refuses replies, and kill -9 of the node
and of the outbox. At the end every epoch is on the chain exactly once, with the right content.

The control runs the same with an outbox that forgets what was final, and must get stuck.

    test_anchoring_campaign.py CHAIN_RUNNER [EPOCHS [SEED]]
"""

import sys
import tempfile
import time
import unittest

from chain_peers import require_peers
from chain_world import BadNetwork, World, run

KILLS = 3
MISSING_EPOCH = 2  # ChainAlarmKind::missing_epoch
RUNNER = ""
EPOCHS = 0
SEED = 0


class Campaign(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        world = self.world = World(RUNNER, directory.name, SEED)
        self.addCleanup(world.close)
        world.network = BadNetwork(world.node, SEED)
        deadline = time.monotonic() + 120
        while world.registry[2:] not in (world.node.whole_state() or ""):
            self.assertLess(time.monotonic(), deadline, "the node does not write its state")
            time.sleep(0.1)
        self.outbox = world.open_outbox(EPOCHS)

    def drive(self, is_over, each_step, may_undo, seconds):
        """Steps until it is over, once undoing all that was final, then killing both sides on the way; False when time is
        up."""
        world = self.world
        undone = False
        kills = [(EPOCHS * (i + 1) // (KILLS + 1), what) for i in range(KILLS) for what in (self.outbox, world.node)]
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if is_over():
                return True
            if undone and kills and self.outbox.last["epoch"] >= kills[0][0]:
                world.kill(kills.pop(0)[1])
            # Before the first kill, and soon: a node that was started again does not have the blocks for it any more, and
            # one that has gone on for some hundred blocks does not have their state.
            if not undone and self.outbox.last["epoch"] >= min(EPOCHS * 3 // 16, 8) and may_undo():
                undone = True
                world.undo_everything()
            world.step()
            each_step()
            time.sleep(0.1)
        return False

    def test_every_epoch_is_anchored_exactly_once(self):
        world = self.world
        start = time.monotonic()
        done = self.drive(lambda: self.outbox.process.poll() is not None, lambda: None, lambda: True, 60 + 20 * EPOCHS)
        story = f"{world.happened} network {world.network.faults} alarms { {k: len(v) for k, v in self.outbox.alarms.items()} }"
        print(f"\n{EPOCHS} epochs in {time.monotonic() - start:.0f} s: {story}")
        self.assertTrue(done, f"stuck: {self.outbox.last} {story}")
        self.assertEqual(self.outbox.process.returncode, 0)
        heads = run(RUNNER, "heads", str(EPOCHS)).splitlines()
        self.assertEqual(world.anchored(), list(enumerate(heads, 1)))
        self.assertEqual(world.happened.get("kill -9 of Node"), KILLS)
        self.assertEqual(world.happened.get("kill -9 of Outbox"), KILLS)
        self.assertGreater(world.happened.get("reorg", 0), 0)
        self.assertEqual(world.happened.get("reorg of everything"), 1)

    def test_an_outbox_that_forgets_what_was_final_gets_stuck(self):
        world = self.world
        stuck_since = []

        def is_stuck():
            if any(alarm["kind"] == MISSING_EPOCH for alarm in self.outbox.last["alarms"]):
                stuck_since.append(time.monotonic())
            elif self.outbox.last["alarms"] == []:
                stuck_since.clear()
            return self.outbox.process.poll() is not None or (bool(stuck_since) and time.monotonic() - stuck_since[0] > 20)

        self.drive(is_stuck, self.outbox.forget_final, lambda: self.outbox.forgotten > 0, 60 + 20 * EPOCHS)
        self.assertIsNone(self.outbox.process.poll(), "an outbox that forgets came through")
        self.assertTrue(stuck_since, self.outbox.last)
        epochs = [epoch for epoch, _ in world.anchored()]
        self.assertLess(len(epochs), EPOCHS)


if __name__ == "__main__":
    require_peers()
    RUNNER = sys.argv[1]
    EPOCHS = int(sys.argv[2]) if len(sys.argv) > 2 else 40
    SEED = int(sys.argv[3]) if len(sys.argv) > 3 else 20261121
    print(f"seed {SEED}, {EPOCHS} epochs", flush=True)
    unittest.main(argv=sys.argv[:1], verbosity=2)
