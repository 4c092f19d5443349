#!/usr/bin/python3
"""A guardian stops the real AnchorRegistry on a real node, with the commands that people use, and an outbox obeys: what was
vetoed is not sent again unless its head was named. Naming it is the control: then it goes, as it would have by itself.

    test_guardians.py COMMONWATT CHAIN_RUNNER
"""

import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

import test_chain_commands
from chain_peers import native, require_peers
from chain_world import BadNetwork, BadNetworkHandler, Outbox, run
from test_chain_commands import ETHER, ORIGIN, ROOT, VETO_SECONDS, MiningNode, commonwatt

# ChainAlarmKind
UNREACHABLE, FOREIGN_EPOCH, _, REFUSED_ANCHOR, _, _, LOST_FINAL, _, _, VETOED, VETOED_ANCHOR = range(11)
PENDING_MAX = 7  # anchors that the registry takes within its window
TICKS = 10  # of an outbox that does nothing
PATIENCE = 120  # seconds; a loaded machine is slow
RUNNER = ""


class DeafNetwork(BadNetwork):
    """Hands calls on to the node, but those with `unheard` in them."""

    def __init__(self, node, unheard):
        self.unheard = unheard
        super().__init__(node, 0)
        self.RequestHandlerClass = DeafHandler

    def draw(self):
        return "pass"


class DeafHandler(BadNetworkHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.unheard in body:
            return self.reply(500, b"not now")
        connection, self.rfile = self.rfile, io.BytesIO(body)
        super().do_POST()
        self.rfile = connection
        return None


class Guardians(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        self.node = MiningNode(directory.name)
        self.addCleanup(self.node.kill)
        self.keys = {}
        for name, kind in [("owner", "owner"), ("guardian", "guardian"), ("relayer", "relayer"), ("anybody", "relayer")]:
            self.keys[name] = commonwatt("chain", "key", "--kind", kind, self.file(name)).strip()
            self.node("anvil_setBalance", self.keys[name], hex(100 * ETHER))
        attesters = [word for address in self.runner("attesters") for word in ("--attester", address)]
        deployed = json.loads(commonwatt(
            "chain", "deploy", "--rpc", self.node.url, "--key", self.file("owner"), "--origin", ORIGIN, *attesters, "--quorum",
            2, "--guardian", self.keys["guardian"], "--veto-seconds", VETO_SECONDS, "--contracts", ROOT / "contracts", "--json"))
        self.registry = deployed["contracts"][0]["address"]
        self.heads = self.runner("heads", str(PENDING_MAX + 1))

    def file(self, name):
        return self.directory / f"{name}.key"

    @staticmethod
    def environment(again=()):
        return {**os.environ, "CHAIN_RUNNER_COMMUNITY": ORIGIN, "CHAIN_RUNNER_AGAIN": " ".join(again)}

    def runner(self, *words):
        return subprocess.run([RUNNER, *words], env=self.environment(), capture_output=True, text=True, check=True,
                              timeout=60).stdout.split()

    def open_outbox(self, epochs, again=(), url=None):
        outbox = Outbox(RUNNER, str(self.directory / "outbox.db"), self.file("relayer"), 31337, self.registry, epochs,
                        url or self.node.url, environment=self.environment(again))
        self.addCleanup(outbox.kill)
        return outbox

    def wait(self, outbox, condition):
        deadline = time.monotonic() + PATIENCE
        while not condition():
            self.assertLess(time.monotonic(), deadline, (outbox.last, outbox.alarms))
            time.sleep(0.05)

    def anchor(self, epochs, again=()):
        outbox = self.open_outbox(epochs, again)
        self.wait(outbox, lambda: outbox.last["epoch"] == epochs)
        outbox.kill()

    def expect_idle(self, outbox, kind, words):
        """For some ticks the outbox raises that alarm and sends nothing."""
        before = len(outbox.alarms.get(kind, []))
        self.wait(outbox, lambda: len(outbox.alarms.get(kind, [])) >= before + 1)
        nonce = self.nonce()
        self.wait(outbox, lambda: len(outbox.alarms[kind]) >= before + TICKS)
        self.assertIn(words, outbox.alarms[kind][-1])
        self.assertEqual(outbox.last["sent"], 0)
        self.assertEqual(self.nonce(), nonce)

    def nonce(self):
        return int(self.node("eth_getTransactionCount", self.keys["relayer"], "pending"), 16)

    def chain(self, command, key, *words, status=0):
        """A command's JSON, or its complaint, which costs nothing."""
        money = self.node("eth_getBalance", self.keys[key], "latest")
        said = commonwatt("chain", command, "--rpc", self.node.url, "--registry", self.registry, "--key", self.file(key),
                          "--json", *words, status=status)
        if status == 0:
            return json.loads(said)
        self.assertEqual(self.node("eth_getBalance", self.keys[key], "latest"), money)
        return said

    def status(self, *words):
        return commonwatt("chain", "status", "--rpc", self.node.url, "--registry", self.registry, *words)

    def state(self):
        said = json.loads(self.status("--json"))
        return said["epoch"], said["vetoed"], said["paused"]

    def test_a_guardian_undoes_an_epoch_within_its_window_and_anybody_rewinds(self):
        self.anchor(3)
        for key in ("owner", "relayer"):
            self.assertIn("is not a guardian of the registry", self.chain("veto", key, "--epoch", 2, status=1))
        self.assertIn("epoch 9 is not anchored yet; the registry is at epoch 3",
                      self.chain("veto", "guardian", "--epoch", 9, status=1))
        self.assertIn("--epoch is 1 or more", self.chain("veto", "guardian", "--epoch", 0, status=64))
        self.assertIn("nothing to rewind", self.chain("rewind", "anybody", status=1))
        self.assertEqual(self.state(), (3, False, False))

        done = self.chain("veto", "guardian", "--epoch", 2)
        self.assertEqual((done["from"], done["to"]), (2, 3))
        self.assertEqual(self.state(), (1, True, False))
        self.assertIn("VETOED from epoch 2 on: nothing is anchored. Find out why; anybody's 'commonwatt chain rewind'",
                      self.status())
        self.assertIn("waits for 'commonwatt chain rewind'", self.chain("veto", "guardian", "--epoch", 2, status=1))
        # A veto of what is left joins the first.
        self.assertEqual(self.chain("veto", "guardian", "--epoch", 1)["to"], 1)
        late = ("--first-block", self.node.height())
        self.assertIn("is --first-block behind it?", self.chain("rewind", "anybody", *late, status=1))
        done = self.chain("rewind", "anybody")
        self.assertEqual(done["epoch"], 0)
        self.assertEqual(done["undone"], [{"epoch": i, "head": self.heads[i - 1]} for i in (1, 2, 3)])
        self.assertEqual(self.state(), (0, False, False))
        self.assertIn("nothing to rewind", self.chain("rewind", "anybody", status=1))

        # The events of what was undone before do not mislead a second time.
        self.anchor(2, self.heads[:2])
        self.chain("veto", "guardian", "--epoch", 2)
        done = self.chain("rewind", "anybody")
        self.assertEqual((done["epoch"], [each["epoch"] for each in done["undone"]]), (1, [2]))
        self.anchor(3, self.heads)
        self.node.pass_time(VETO_SECONDS)
        self.assertIn("the veto window of epoch 3 is over", self.chain("veto", "guardian", "--epoch", 3, status=1))

    def test_an_outbox_does_not_send_what_was_vetoed_unless_its_head_is_named(self):
        outbox = self.open_outbox(PENDING_MAX + 1)
        self.wait(outbox, lambda: outbox.last["epoch"] == PENDING_MAX and REFUSED_ANCHOR in outbox.alarms)
        # So deep that the outbox no longer looks the anchors up, but still within the window.
        self.node("anvil_mine", hex(20))
        self.wait(outbox, lambda: outbox.last["final"] == PENDING_MAX)
        self.chain("veto", "guardian", "--epoch", 6)
        self.expect_idle(outbox, VETOED, "epoch 6 and all newer ones were vetoed by a guardian, and the registry waits for "
                                         "'commonwatt chain rewind'")
        self.assertEqual(outbox.last["final"], 5)
        self.chain("rewind", "anybody")
        self.expect_idle(outbox, VETOED_ANCHOR, f'anchor_again = ["{self.heads[5]}"] and restart')
        self.assertIn("epoch 6 was vetoed by a guardian and is not sent again", outbox.alarms[VETOED_ANCHOR][0])
        self.assertEqual(self.state(), (5, False, False))
        for kind in (FOREIGN_EPOCH, LOST_FINAL):
            self.assertNotIn(kind, outbox.alarms)
        # On a loaded machine a node may be slow.
        self.assertEqual([text for text in outbox.alarms.get(UNREACHABLE, []) if "Timeout was reached" not in text], [])
        outbox.kill()

        # The control: a head that is named goes, alone.
        outbox = self.open_outbox(PENDING_MAX + 1, [self.heads[5]])
        self.wait(outbox, lambda: outbox.last["epoch"] == 6)
        self.expect_idle(outbox, VETOED_ANCHOR, f'anchor_again = ["{self.heads[6]}"] and restart')
        self.assertEqual(self.state(), (6, False, False))
        outbox.kill()
        self.anchor(PENDING_MAX, self.heads[5:7])
        self.assertEqual(self.state(), (PENDING_MAX, False, False))

    def test_nothing_is_sent_while_it_is_not_known_whether_it_was_vetoed(self):
        network = DeafNetwork(self.node, run(native("cast"), "sig", "wasVetoed(bytes32)")[2:].encode())
        self.addCleanup(network.server_close)
        self.addCleanup(network.shutdown)
        outbox = self.open_outbox(2, url=f"http://127.0.0.1:{network.server_address[1]}")
        self.expect_idle(outbox, UNREACHABLE, "eth_call")
        network.unheard = b"nobody says this"
        self.wait(outbox, lambda: outbox.last["epoch"] == 2)

    def test_a_guardian_pauses_and_the_owner_alone_resumes(self):
        self.anchor(2)
        self.assertIn("is not a guardian", self.chain("pause", "owner", status=1))
        self.assertNotIn("transaction", self.chain("unpause", "owner"))
        self.assertIn("transaction", self.chain("pause", "guardian"))
        self.assertNotIn("transaction", self.chain("pause", "guardian"))
        self.assertEqual(self.state(), (2, False, True))
        self.assertIn("PAUSED: nothing is anchored or paid. Find out why; its owner's 'commonwatt chain unpause'",
                      self.status())
        outbox = self.open_outbox(4)
        self.expect_idle(outbox, REFUSED_ANCHOR, "the registry is paused; its owner resumes it with 'commonwatt chain unpause'")
        self.assertIn(f"only the registry's owner resumes it, which is {self.keys['owner']}",
                      self.chain("unpause", "guardian", status=1))
        # A guardian may veto in a pause; each is taken back by itself.
        self.chain("veto", "guardian", "--epoch", 2)
        self.assertEqual(self.state(), (1, True, True))
        self.chain("unpause", "owner")
        self.assertEqual(self.state(), (1, True, False))
        self.chain("rewind", "anybody")
        outbox.kill()
        self.anchor(4, self.heads[1:2])


if __name__ == "__main__":
    require_peers()
    subprocess.run([ROOT / "contracts" / "compile"], check=True, stdout=subprocess.DEVNULL)
    test_chain_commands.COMMONWATT, RUNNER = map(os.path.abspath, sys.argv[1:3])
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=2)
