"""A chain on this machine with a registry, relayers with money, outboxes as processes, and all that can go wrong."""

import contextlib
import functools
import http.server
import json
import os
import random
import socket
import sqlite3
import subprocess
import threading
import time
import urllib.error
import urllib.request

from chain_peers import PEERS, native

ANCHORED = "Anchored(uint64,bytes32,bytes32,uint64,bytes32,uint256)"
DEPTH_MAX = 6
FINAL = 5  # AnchorState::final
REGISTRY_SOURCE = PEERS.parent / "TestRegistry.sol"

def run(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=600).stdout.strip()


@functools.lru_cache
def registry_code():
    return run("node", str(PEERS / "compile.js"), str(REGISTRY_SOURCE), "TestRegistry")


def free_port():
    """A port below those that the system hands out by itself, so that nobody is given it before it is used."""
    while True:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", random.randrange(20_000, 32_768)))
            return probe.getsockname()[1]


class Node:
    """anvil, without mining of its own."""

    def __init__(self, directory):
        self.port = free_port()
        self.state = os.path.join(directory, "anvil.json")
        self.process = None
        self.start()

    def options(self):
        return ["--state", self.state, "-s", "1", "--no-mining"]

    def start(self):
        """Returns when it answers."""
        self.process = subprocess.Popen(
            [native("anvil"), "--port", str(self.port), *self.options(), "--slots-in-an-epoch", "1", "--silent"],
            stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 120
        while True:
            try:
                return self("eth_chainId")
            except OSError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise
                time.sleep(0.1)

    def kill(self):
        """kill -9. The node writes its state in place; half of one is replaced by the one before."""
        before = self.whole_state()
        self.process.kill()
        self.process.wait()
        if before and not self.whole_state():
            with open(self.state, "w", encoding="ascii") as file:
                file.write(before)

    def whole_state(self):
        """The state that is on the disk; nothing when there is none."""
        for _ in range(100):
            try:
                with open(self.state, encoding="ascii") as file:
                    text = file.read()
                json.loads(text)
                return text
            except FileNotFoundError:
                break
            except ValueError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.05)
        return None

    def __call__(self, method, *parameters):
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}", body, {"Content-Type": "application/json"})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=60) as reply:
            said = json.load(reply)
        if "error" in said:
            raise RuntimeError(f"{method}: {said['error']}")
        return said["result"]

    def height(self):
        return int(self("eth_blockNumber"), 16)


class BadNetwork(http.server.ThreadingHTTPServer):
    """Hands calls on to the node, most of the time."""

    daemon_threads = True

    def __init__(self, node, seed):
        self.node, self.rng, self.lock = node, random.Random(seed), threading.Lock()
        self.faults = dict.fromkeys(["hang", "429", "500", "half", "pass"], 0)
        super().__init__(("127.0.0.1", 0), BadNetworkHandler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def draw(self):
        with self.lock:
            fault = self.rng.choices(list(self.faults), [1, 3, 3, 3, 90])[0]
            self.faults[fault] += 1
            return fault

    def handle_error(self, request, client_address):
        pass  # a client that was killed


class BadNetworkHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):  # pylint: disable=invalid-name
        body = self.rfile.read(int(self.headers["Content-Length"]))
        fault = self.server.draw()
        if fault == "hang":
            time.sleep(2)
        if fault in ("429", "500"):
            return self.reply(int(fault), b"slow down")
        try:
            request = urllib.request.Request(f"http://127.0.0.1:{self.server.node.port}", body,
                                             {"Content-Type": "application/json"})
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as reply:
                text = reply.read()
        except (OSError, urllib.error.URLError):
            return self.reply(502, b"the node is down")
        if fault != "half":
            return self.reply(200, text)
        self.send_response(200)
        # Half of what was promised, or half of the JSON under the right length.
        whole = self.server.rng.random() < 0.5
        self.send_header("Content-Length", str(len(text) if whole else len(text) // 2))
        self.end_headers()
        self.wfile.write(text[: len(text) // 2])
        self.close_connection = True
        return None

    def reply(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):  # pylint: disable=arguments-differ
        pass


class Outbox:
    """chain_runner as a process that can be killed and started again."""

    def __init__(self, runner, store, *arguments, environment=None):
        self.store, self.command = store, [runner, store, *map(str, arguments)]
        self.last = {"epoch": 0, "final": 0, "sent": 0, "alarms": []}
        self.alarms = {}
        self.forgotten = 0  # epochs, by forget_final
        self.environment = {**os.environ, **(environment or {})}
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True, env=self.environment)
        self.follower = threading.Thread(target=self.follow, args=(self.process.stdout,), daemon=True)
        self.follower.start()

    def follow(self, lines):
        for line in lines:
            try:
                self.last = json.loads(line)
            except ValueError:
                continue  # the last line of a killed process
            for alarm in self.last["alarms"]:
                self.alarms.setdefault(alarm["kind"], []).append(alarm["text"])

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.follower.join()
        self.process.stdout.close()

    def forget_final(self):
        """What the control does: an outbox that keeps only what is not final, and the last."""
        if self.last["epoch"] == 0:
            return  # there may be no tables yet
        with sqlite3.connect(self.store, timeout=30) as database:
            old = f"epoch IN (SELECT epoch FROM anchor WHERE state >= {FINAL} AND epoch < (SELECT max(epoch) FROM anchor))"
            database.execute(f"DELETE FROM signed_transaction WHERE {old}")
            self.forgotten += database.execute(f"DELETE FROM anchor WHERE {old}").rowcount
        database.close()


class World:
    """A chain with a registry, a relayer with money, an outbox behind a bad network; and what can go wrong."""

    def __init__(self, runner, directory, seed):
        self.runner, self.directory = runner, directory
        self.rng = random.Random(seed)
        self.node = Node(directory)
        self.network = None
        self.outboxes = []
        self.key, self.relayer, self.key_file = self.new_relayer()
        self.registry = self.deploy(run(runner, "attesters").splitlines())
        self.floor = self.node.height()
        self.node("anvil_mine", "0x3")
        self.happened = {}

    def new_relayer(self, ether=100):
        key = f"0x{self.rng.randbytes(32).hex()}"
        address = run(native("cast"), "wallet", "address", "--private-key", key)
        self.node("anvil_setBalance", address, hex(ether * 10**18))
        key_file = os.path.join(self.directory, f"{address}.key")
        with open(os.open(key_file, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as file:
            file.write(f"commonwatt-relayer-key {key[2:]}\n")
        return key, address, key_file

    def deploy(self, attesters):
        code = registry_code() + run(native("cast"), "abi-encode", "f(address[],uint256)", f"[{','.join(attesters)}]", "3")[2:]
        payer = self.node("eth_accounts")[0]
        sent = self.node("eth_sendTransaction", {"from": payer, "data": code, "gas": hex(3_000_000)})
        self.node("evm_mine")
        return self.node("eth_getTransactionReceipt", sent)["contractAddress"]

    def open_outbox(self, epochs, name="outbox", key_file=None, registry=None, chain=31337, environment=None):
        """Starts an outbox; behind the bad network if there is one."""
        port = self.network.server_address[1] if self.network else self.node.port
        outbox = Outbox(self.runner, os.path.join(self.directory, f"{name}.db"), key_file or self.key_file, chain,
                        registry or self.registry, epochs, f"http://127.0.0.1:{port}", environment=environment)
        self.outboxes.append(outbox)
        return outbox

    def foreign(self, nonce):
        """A transaction of the relayer's that is not the outbox's."""
        return run(native("cast"), "mktx", "--private-key", self.key, "--chain", "31337", "--nonce", str(nonce), "--gas-limit",
                   "21000", "--gas-price", str(10**13), "--priority-gas-price", str(10**12), "--rpc-url",
                   f"http://127.0.0.1:{self.node.port}", self.relayer)

    def nonce(self, block="latest"):
        return int(self.node("eth_getTransactionCount", self.relayer, block), 16)

    def reorganise(self):
        depth = self.rng.randint(1, DEPTH_MAX)
        height = self.node.height()
        if height - depth <= self.floor:
            return
        competitor = []
        if self.rng.random() < 0.4:
            competitor = [[self.foreign(self.nonce(hex(height - depth))), 0]]
        self.node("anvil_reorg", depth, competitor)
        self.count("reorg with a foreign transaction" if competitor else "reorg")

    def undo_everything(self):
        """A reorganisation down to the registry, below whatever the node called finalized."""
        self.node("anvil_reorg", self.node.height() - self.floor - 1, [])
        if self.node("eth_getCode", self.registry, "latest") == "0x":
            raise AssertionError("the reorganisation took the registry as well")
        self.count("reorg of everything")

    def compete(self):
        self.node("eth_sendRawTransaction", self.foreign(self.nonce()))
        self.node("evm_mine")
        self.count("foreign transaction")

    def spike(self):
        # 60 gwei can be paid; 200 are above the outbox's budget until some blocks later.
        self.node("anvil_setNextBlockBaseFeePerGas", hex(self.rng.choice([60, 200]) * 10**9))
        self.node("evm_mine")
        self.count("base-fee spike")

    def count(self, what):
        self.happened[what] = self.happened.get(what, 0) + 1

    def step(self):
        act = self.rng.choices([self.reorganise, self.compete, self.spike, lambda: self.node("evm_mine")], [12, 6, 4, 78])[0]
        try:
            act()
        except RuntimeError as refused:  # the nonce was taken in the meantime, a replacement is underpriced
            self.count(str(refused)[:60])

    def kill(self, what):
        what.kill()
        what.start()
        self.count(f"kill -9 of {type(what).__name__}")

    def close(self):
        for outbox in self.outboxes:
            outbox.kill()
        self.node.kill()
        if self.network:
            self.network.shutdown()
            self.network.server_close()

    def anchored(self, registry=None):
        """A registry's events: (epoch, head)."""
        topic = run(native("cast"), "keccak", ANCHORED)
        logs = self.node("eth_getLogs", {"address": registry or self.registry, "topics": [topic], "fromBlock": "0x0",
                                         "toBlock": "latest"})
        return [(int(log["topics"][1], 16), log["data"][:66]) for log in logs]
