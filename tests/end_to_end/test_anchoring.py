#!/usr/bin/python3
"""A community's anchors reach a real node, in the real AnchorRegistry: five attesters, processes of their own, of which one
lies, one is dead, one loses the token its key is in for a while and one has a full disk; controller and an attester are
killed in the middle. Every epoch is anchored and final in the end, each with the hash the journal gives, and every household
holds a proof that a foreign library takes. The control has three of five lie: then nothing may be anchored, and the alarms
must name them.

Needs node and the peers of tests/chain/peers, and says so.
"""

import contextlib
import json
import os
import pathlib
import random
import resource
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "chain"))

# pylint: disable=wrong-import-position
import neighbourhood
from chain_peers import PEERS, native, require_peers
from chain_world import Node, run
from neighbourhood import REPOSITORY, Neighbourhood, cbor, rows, wait_until
from soft_token import SoftToken

HOUSEHOLDS = 3
INTERVALS = 8
SPEED = 180  # an interval takes five seconds
VETO_WINDOW = 6
QUORUM = 3
ANCHOR = "f((bytes32,uint64,bytes32,bytes32,uint64,bytes32,uint256))"
CHAIN = """
[chain]
mode = "anchor"
chain_id = 31337
registry = "{registry}"
rpc = ["http://127.0.0.1:{port}"]
relayer_key = "relayer.key"
anchor_intervals = 1
quorum = {quorum}
"""
ATTESTER = """[attester]
name = "{name}"
store = "."
{key}
[market]
origin = "{origin}"
log_key = "{log_key}"
[chain]
chain_id = 31337
registry = "{registry}"
{broker}
"""


class Chain:
    """anvil with a registry, and a block every half second."""

    def __init__(self, directory, attesters, community):
        self.node = Node(directory)
        self.ended = threading.Event()
        payer = self.node("eth_accounts")[0]
        code = json.loads((REPOSITORY / "contracts" / "out" / "AnchorRegistry.json").read_text())["bytecode"]
        arguments = run(native("cast"), "abi-encode", "f(address,bytes32,uint32,uint256,address[],address)", payer, community,
                        str(VETO_WINDOW), str(QUORUM), f"[{','.join(sorted(attesters, key=str.lower))}]", payer)
        sent = self.node("eth_sendTransaction", {"from": payer, "data": code + arguments[2:], "gas": hex(6_000_000)})
        self.node("evm_mine")
        receipt = self.node("eth_getTransactionReceipt", sent)
        assert receipt["status"] == "0x1", "the registry was not deployed"
        self.registry = run(native("cast"), "to-check-sum-address", receipt["contractAddress"])
        self.miner = threading.Thread(target=self.mine, daemon=True)
        self.miner.start()

    def mine(self):
        while not self.ended.wait(0.5):
            with contextlib.suppress(OSError):
                self.node("evm_mine")

    def anchored(self):
        """The registry's events: (epoch, head)."""
        topic = run(native("cast"), "keccak", "Anchored(uint64,bytes32,bytes32,uint64,bytes32,uint256)")
        logs = self.node("eth_getLogs", {"address": self.registry, "topics": [topic], "fromBlock": "0x0", "toBlock": "latest"})
        return [(int(log["topics"][1], 16), log["data"][:66]) for log in logs]

    def final(self):
        data = run(native("cast"), "sig", "finalEpoch()")
        return int(self.node("eth_call", {"to": self.registry, "data": data}, "latest"), 16)

    def close(self):
        self.ended.set()
        self.miner.join()
        self.node.kill()


def new_key(kind, file):
    """A new key in a file; its address."""
    number = random.SystemRandom().randbytes(32).hex()
    with open(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as out:
        out.write(f"commonwatt-{kind}-key {number}\n")
    return run(native("cast"), "wallet", "address", "--private-key", f"0x{number}")


def certify(demo, home, name):
    """A client certificate of the neighbourhood's authority."""
    (home / "use").write_text("basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth\n")
    quiet = {"check": True, "capture_output": True}
    subprocess.run(["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}",
                    "-keyout", home / "own.key", "-out", home / "own.csr"], **quiet)
    subprocess.run(["openssl", "x509", "-req", "-in", home / "own.csr", "-CA", demo / "ca" / "ca.pem", "-CAkey",
                    demo / "ca" / "ca.key", "-set_serial", str(random.getrandbits(100)), "-days", "2", "-extfile", home / "use",
                    "-out", home / "own.pem"], **quiet)


class Attester:
    """`commonwatt chain attest` in a directory of its own."""

    def __init__(self, program, home, environment, *options):
        self.home, self.command = home, [program, "chain", "attest", "--config", home / "attester.toml", *options]
        self.environment = {**os.environ, **environment}
        self.process = None

    def start(self):
        with (self.home / "told").open("a") as told:
            self.process = subprocess.Popen(self.command, stderr=told, env=self.environment,
                                            preexec_fn=lambda: signal.signal(signal.SIGXFSZ, signal.SIG_IGN))

    def told(self):
        return (self.home / "told").read_text()

    def limit_files(self, size):
        """No file of its grows any more, as on a full disk."""
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    def stop(self, how):
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            return self.process.wait(60)
        return None


class Community(Neighbourhood):
    """A demo whose controller gets attesters and a chain while it runs."""

    households = HOUSEHOLDS
    intervals = INTERVALS
    liars = ()
    dead = ()
    in_token = "attester-1"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        run("node", str(REPOSITORY / "contracts" / "compile"))
        cls.others = []
        cls.demo = cls.start_demo("community", cls.households, cls.intervals, speed=SPEED)
        cls.demo.wait_for_trading()
        cls.home = cls.demo.directory
        cls.settings = (cls.home / "controller" / "controller.toml").read_text()
        with cls.demo.standing_still():  # before the first interval
            cls.prepare_chain()
        cls.kill_controller()
        for name, attester in cls.attesters.items():
            if name not in cls.dead:
                attester.start()

    @classmethod
    def prepare_chain(cls):
        cls.attesters = {}
        addresses = {}
        for number in range(1, 6):
            home = cls.directory / f"attester-{number}"
            home.mkdir()
            addresses[home.name] = new_key("attester", home / "attester.key")
            certify(cls.home, home, home.name)
        cls.chain = Chain(str(cls.directory), addresses.values(), run(native("cast"), "keccak", cls.setting("origin")))
        cls.addClassCleanup(cls.chain.close)
        module = pathlib.Path(cls.program).parents[1] / "tests" / "chain" / "libfaulty_token.so"
        (cls.directory / "token").mkdir()
        cls.token = SoftToken(cls.directory / "token", module)
        key_file = cls.directory / cls.in_token / "attester.key"
        cls.token.take_in("attester", key_file.read_text().split()[1])
        key_file.unlink()
        for name in addresses:
            cls.write_attester(name)
        relayer = new_key("relayer", cls.home / "controller" / "relayer.key")
        cls.chain.node("anvil_setBalance", relayer, hex(100 * 10**18))
        tables = "".join(f'[[chain.attester]]\nname = "{name}"\naddress = "{address}"\n' for name, address in addresses.items())
        with (cls.home / "controller" / "controller.toml").open("a") as settings:
            settings.write(CHAIN.format(registry=cls.chain.registry, port=cls.chain.node.port, quorum=QUORUM) + tables)
        checked = cls.call("check-config", cls.home / "controller" / "controller.toml")
        assert checked.returncode == 0, checked.stderr

    @classmethod
    def clean_up(cls):
        for attester in cls.attesters.values():
            attester.stop(signal.SIGKILL)
        for process in cls.others:
            process.terminate()
        for process in cls.others:
            process.wait(60)
        super().clean_up()

    @classmethod
    def setting(cls, key):
        """A key of the controller's file whose value is a text."""
        return next(line.split('"')[1] for line in cls.settings.splitlines() if line.startswith(f"{key} ="))

    @classmethod
    def write_attester(cls, name):
        home = cls.directory / name
        log_key = next(line.split('"')[1] for line in (cls.home / "households" / "hh01" / "gateway.toml").read_text().splitlines()
                       if line.startswith("log_key"))
        broker = (f'[broker]\nuri = "{cls.setting("uri")}"\nca = "{cls.home}/ca/ca.pem"\ncertificate = "own.pem"\nkey = "own.key"\n'
                  "reconnect_min_ms = 50\nreconnect_max_ms = 500\n")
        key = f'pkcs11 = "{cls.token.key("attester")}"' if name == cls.in_token else 'key = "attester.key"'
        (home / "attester.toml").write_text(ATTESTER.format(name=name, key=key, origin=cls.setting("origin"), log_key=log_key,
                                                            registry=cls.chain.registry, broker=broker))
        checked = cls.call("check-config", home / "attester.toml")
        assert checked.returncode == 0, checked.stderr
        cls.attesters[name] = Attester(cls.program, home, cls.token.environment, *(["--insecure-lie"] if name in cls.liars else []))

    @classmethod
    def kill_controller(cls):
        pid = cls.demo.kill("controller")
        wait_until(lambda: cls.demo.pid("controller") not in (0, pid), 60, "the controller's return")

    @classmethod
    def figure(cls, name):
        return (cls.demo.api("/v1/state").get("chain") or {}).get(name, 0)

    @classmethod
    def start_other(cls, log, *command):
        with (cls.directory / log).open("a") as told:
            cls.others.append(subprocess.Popen([str(part) for part in command], stdout=told, stderr=told))

    @classmethod
    def start_again(cls):
        """Broker, controller and gateways on what the demo left; the clock stands still now."""
        broker = next(path for path in ("/usr/sbin/mosquitto", "/usr/bin/mosquitto", "/usr/local/sbin/mosquitto")
                      if os.access(path, os.X_OK))
        cls.start_other("broker.log", broker, "-c", cls.home / "broker" / "mosquitto.conf")
        cls.start_other("controller.log", cls.program, "controller", "--config", cls.home / "controller" / "controller.toml")
        for home in sorted((cls.home / "households").iterdir()):
            cls.start_other("gateways.log", cls.program, "gateway", "--config", home / "gateway.toml")

    @classmethod
    def anchors(cls):
        """The anchors of the journal."""
        return [cbor(row) for (row,) in rows(cls.home / "controller" / "journal.sqlite", "SELECT anchor FROM anchor ORDER BY epoch")]

    @classmethod
    def log(cls):
        return "".join(file.read_text() for file in (cls.home / "logs" / "controller.log", cls.directory / "controller.log")
                       if file.exists())


def head_of(anchor):
    """The struct hash, by cast."""
    community, epoch, previous, root, size, settlement, volume = anchor
    kind = "Anchor(bytes32 community,uint64 epoch,bytes32 previous,bytes32 logRoot,uint64 logSize,bytes32 settlementRoot,uint256 volume)"
    text = f"(0x{community.hex()},{epoch},0x{previous.hex()},0x{root.hex()},{size},0x{settlement.hex()},{volume})"
    return run(native("cast"), "keccak", run(native("cast"), "keccak", kind) + run(native("cast"), "abi-encode", ANCHOR, text)[2:])


class Anchoring(Community):
    """One attester lies, one is dead: the other three must all sign."""

    liars = ("attester-4",)
    dead = ("attester-5",)

    def lose_token(self):
        """One anchor waits for the token, and for the attester's next start."""
        attester = self.attesters[self.in_token]
        self.token.pulled.touch()
        wait_until(lambda: "is not signed: no token 'commonwatt'" in attester.told(), 120, "an anchor that is not signed")
        with self.demo.standing_still():
            self.assertEqual(attester.stop(signal.SIGTERM), 0)
            self.token.pulled.unlink()
            attester.start()

    def fill_disk(self):
        """One anchor waits until there is room again."""
        attester = self.attesters["attester-2"]
        attester.limit_files(6 * 1024)  # its log is shorter, its store longer
        wait_until(lambda: any("is not signed" in line and "attester.sqlite: " in line for line in attester.told().splitlines()),
                   120, "an anchor that finds no room")
        attester.limit_files(resource.RLIM_INFINITY)

    def await_anchors(self, count):
        """Chain and attesters have as long as they need: the market waits for them."""
        wait_until(lambda: self.figure("epoch") >= count, 120, f"epoch {count}")
        with self.demo.standing_still():
            wait_until(lambda: self.figure("anchored") >= count, 120, f"anchor {count}")

    def test_every_interval_is_anchored_and_final(self):
        self.await_anchors(1)
        self.lose_token()
        self.await_anchors(2)
        self.fill_disk()
        self.kill_controller()
        self.attesters["attester-1"].stop(signal.SIGKILL)
        wait_until(lambda: self.figure("epoch") >= 4, 120, "a fourth epoch")
        self.attesters["attester-1"].start()
        status, result, told = self.demo.finish()
        self.assertEqual(status, 0, told[-2000:])
        self.assertEqual(result["faults"], [])
        self.start_again()
        epochs = len(self.anchors())
        self.assertEqual(epochs, INTERVALS)
        wait_until(lambda: self.figure("final") == epochs, 120, "the last final anchor")
        self.assertEqual([(epoch, head_of(anchor)) for epoch, anchor in enumerate(self.anchors(), 1)], self.chain.anchored())
        self.assertEqual(self.chain.final(), epochs)
        self.assertIn("attester-4: its attestation of epoch", self.log())
        self.check_attesters(epochs)
        self.check_proofs(epochs)
        for attester in self.attesters.values():
            self.assertIn(attester.stop(signal.SIGTERM), (0, None))
        verified = self.verify()
        self.assertEqual(verified.returncode, 0, verified.stdout + verified.stderr)

    def verify(self):
        """Once nobody has the journal open."""
        for process in self.others:
            process.terminate()
        for process in self.others:
            self.assertIsNotNone(process.wait(60))
        return self.call("verify", self.home)

    def check_attesters(self, epochs):
        """The honest ones signed what is anchored, the liar something else, and everybody one anchor of an epoch."""
        heads = [bytes.fromhex(head[2:]) for _, head in self.chain.anchored()]
        for name in ("attester-1", "attester-2", "attester-3"):
            signed = rows(self.directory / name / "attester.sqlite", "SELECT head FROM signed_anchor ORDER BY epoch")
            self.assertEqual([bytes(head) for (head,) in signed], heads, name)
        lied = rows(self.directory / "attester-4" / "attester.sqlite", "SELECT head FROM signed_anchor ORDER BY epoch")
        self.assertEqual(len(lied), epochs)
        self.assertFalse(set(heads) & {bytes(head) for (head,) in lied})

    def check_proofs(self, epochs):
        """Every household's newest file, judged by OpenZeppelin's library against the root on the chain."""
        root = "0x" + self.anchors()[-1][5].hex()
        script = ("const {StandardMerkleTree} = require('@openzeppelin/merkle-tree');"
                  "const [root, value, path] = JSON.parse(process.argv[1]);"
                  "console.log(StandardMerkleTree.verify(root, ['bytes32', 'address', 'int256'], value, path));")
        for home in sorted((self.home / "households").iterdir()):
            file = home / f"settlement-{epochs}.json"
            proof = json.loads(wait_until(lambda file=file: file.exists() and file.read_text(), 60, str(file)))
            value = ["0x" + proof["anchor"]["community"], proof["account"], str(proof["cumulative_net_nano"])]
            for worth, expected in ((value, "true"), ([*value[:2], str(int(value[2]) + 1)], "false")):
                judged = subprocess.run(["node", "-e", script, json.dumps([root, worth, ["0x" + node for node in proof["path"]]])],
                                        cwd=PEERS, capture_output=True, text=True, check=True)
                self.assertEqual(judged.stdout.strip(), expected, file)


class ThreeLie(Community):
    """The control: what three of five sign has no quorum when they sign a lie."""

    intervals = 3
    liars = ("attester-1", "attester-3", "attester-5")

    def test_nothing_is_anchored_and_the_liars_are_named(self):
        def named():
            return [name for name in self.attesters if f"{name}: its attestation of epoch" in self.log()]
        wait_until(lambda: self.figure("epoch") > 0, 120, "an anchor to sign")
        with self.demo.standing_still():
            wait_until(lambda: len(named()) == 3, 120, "three refusals")
            self.assertEqual(named(), list(self.liars))
        status, _, told = self.demo.finish()
        self.assertEqual(status, 0, told[-2000:])
        time.sleep(2)
        self.assertEqual(self.chain.anchored(), [])


if __name__ == "__main__":
    require_peers()
    neighbourhood.main()
