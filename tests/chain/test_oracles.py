#!/usr/bin/python3
"""Foundry's cast and ethers judge our transactions, typed data and ABI encoding: every byte must be theirs.

    test_oracles.py CHAIN_ORACLE [SEED]
"""

import json
import pathlib
import random
import subprocess
import sys
import unittest

from chain_peers import PEERS, native, require_peers

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
SEALED_BATCH = pathlib.Path(__file__).resolve().parents[2] / "contracts/test/sealed_batch.json"
CAST_COMMAND_MAX = 100_000  # characters; the kernel takes 128 KiB in one argument
ORACLE = ""
SEED = 0


def word(rng):
    return f"0x{rng.randbytes(32).hex()}"


def number(rng, bits):
    """Numbers of every size, the edges often."""
    edge = rng.randrange(6)
    if edge < 2:
        return [0, (1 << bits) - 1][edge]
    return rng.getrandbits(rng.randint(1, bits))


def key(rng):
    return f"0x{rng.randrange(1, ORDER):064x}"


def address(rng):
    return f"0x{rng.randbytes(20).hex()}"


def ask(command, questions):
    """The answers of a program that reads and writes JSON lines."""
    text = "".join(json.dumps(question) + "\n" for question in questions)
    run = subprocess.run(command, input=text, stdout=subprocess.PIPE, text=True, check=True, timeout=300)
    return [json.loads(line) for line in run.stdout.splitlines()]


def ours(questions):
    return ask([ORACLE], questions)


def ethers(questions):
    return ask(["node", str(PEERS / "ethers_oracle.js")], questions)


def cast(*arguments):
    return subprocess.run([native("cast"), *arguments], stdout=subprocess.PIPE, text=True, check=True, timeout=60).stdout.strip()


def transaction(rng, data_size):
    fee = number(rng, 100)
    to = None if rng.random() < 0.2 else address(rng)
    data = rng.randbytes(data_size)
    return {
        "do": "transaction", "key": key(rng), "chain_id": rng.choice([1, 10, 31337, rng.randint(1, 1 << 52)]),
        "nonce": number(rng, 52), "tip": str(rng.randint(0, fee)), "fee": str(fee), "gas": rng.randint(21000, 30_000_000),
        "to": to, "value": str(number(rng, 200)), "data": f"0x{(data or b'`').hex() if to is None else data.hex()}",
    }


def cast_transaction(question):
    arguments = ["mktx", "--private-key", question["key"], "--chain", str(question["chain_id"]), "--nonce", str(question["nonce"]),
                 "--gas-price", question["fee"], "--priority-gas-price", question["tip"], "--gas-limit", str(question["gas"]),
                 "--value", question["value"], "--rpc-url", "http://127.0.0.1:1"]
    if question["to"] is None:
        return cast(*arguments, "--create", question["data"])
    return cast(*arguments, question["to"], *([question["data"]] if question["data"] != "0x" else []))


def has_short_scalar(raw):
    """Whether r or s of a raw transaction lost leading zero bytes: its last items are then not two of 33 bytes."""
    return raw[-132:-130] != "a0" or raw[-66:-64] != "a0"


def abi(rng, depth=0):
    """A random value: its ABI type, what cast is told, what our oracle is told."""
    kind = rng.choice(["uint", "int", "address", "bytes32", "bytes"] + (["array", "tuple"] * 2 if depth < 3 else []))
    if kind == "uint":
        value = str(number(rng, 256))
        return "uint256", value, {"uint": value}
    if kind == "int":
        value = str(rng.choice([-(1 << 255), (1 << 255) - 1, -1, number(rng, 255), -number(rng, 255)]))
        return "int256", value, {"int": value}
    if kind in ("address", "bytes32"):
        value = address(rng) if kind == "address" else word(rng)
        return kind, value, {kind: value}
    if kind == "bytes":
        value = "0x" + rng.randbytes(rng.choice([0, 1, 31, 32, 33, 65, 200])).hex()
        return "bytes", value, {"bytes": value}
    if kind == "tuple":
        parts = [abi(rng, depth + 1) for _ in range(rng.randint(1, 4))]
        types, texts, described = zip(*parts)
        return f"({','.join(types)})", f"({','.join(texts)})", {"tuple": list(described)}
    # The items of an array are of one type: the same shape drawn again with other numbers is hard, equal ones are not.
    item_type, text, described = abi(rng, depth + 1)
    count = rng.randint(0, 3)
    return f"{item_type}[]", f"[{','.join([text] * count)}]", {"array": [described] * count}


class Oracles(unittest.TestCase):
    def test_ethers_makes_the_same_transactions_and_addresses(self):
        rng = random.Random(SEED)
        questions = [transaction(rng, rng.choice([0, 1, 4, 55, 56, 100, 255, 256, 1000])) for _ in range(1500)]
        questions += [transaction(rng, size) for size in (65_535, 65_536, 70_000)]
        made = ours(questions)
        self.assertGreater(sum(has_short_scalar(one["raw"]) for one in made), 3, "no r or s with a leading zero byte")
        for question, mine, theirs in zip(questions, made, ethers(questions), strict=True):
            self.assertEqual(mine, theirs, question)

    def test_cast_makes_the_same_transactions(self):
        rng = random.Random(SEED + 1)
        questions = [transaction(rng, rng.choice([0, 1, 55, 56, 256, 1000])) for _ in range(1500)]
        made = ours(questions)
        picked = [i for i, one in enumerate(made) if has_short_scalar(one["raw"])]
        self.assertGreater(len(picked), 3)
        questions.append(transaction(rng, CAST_COMMAND_MAX // 2 - 1))
        made = ours(questions)
        for i in picked[:20] + list(range(40)) + [len(questions) - 1]:
            self.assertEqual(cast_transaction(questions[i]), made[i]["raw"], questions[i])

    def test_ethers_hashes_signs_and_calls_the_same_anchors(self):
        rng = random.Random(SEED + 2)
        questions = [{
            "do": "anchor", "chain_id": rng.randint(1, 1 << 52), "registry": address(rng), "community": word(rng),
            "epoch": number(rng, 52), "previous": word(rng), "logRoot": word(rng), "logSize": number(rng, 52),
            "settlementRoot": word(rng), "volume": str(number(rng, 63)), "keys": [key(rng) for _ in range(rng.randrange(6))],
        } for _ in range(300)]
        for question, mine, theirs in zip(questions, ours(questions), ethers(questions), strict=True):
            self.assertEqual(mine, theirs, question)

    def test_an_attester_who_signs_twice_is_named(self):
        rng = random.Random(SEED + 3)
        twice = key(rng)
        answer = ours([{"do": "anchor", "chain_id": 1, "registry": address(rng), "community": word(rng), "epoch": 1,
                        "previous": word(rng), "logRoot": word(rng), "logSize": 1, "settlementRoot": word(rng), "volume": "0",
                        "keys": [twice, key(rng), twice]}])[0]
        self.assertIn("signed twice", answer["error"])

    def test_the_contracts_are_tested_with_the_batch_that_our_code_seals(self):
        sealed = ours([{"do": "sealed"}])[0]
        self.assertEqual(sealed, json.loads(SEALED_BATCH.read_text()), f"write it to {SEALED_BATCH} and run contracts/check")

    def test_cast_encodes_the_same_arguments(self):
        rng = random.Random(SEED + 4)
        calls = [list(zip(*[abi(rng) for _ in range(rng.randint(1, 4))])) for _ in range(100)]
        mine = ours([{"do": "abi", "value": {"tuple": list(described)}} for _, _, described in calls])
        for (types, texts, _), encoded in zip(calls, mine, strict=True):
            self.assertEqual(cast("abi-encode", f"f({','.join(types)})", "--", *texts), encoded["data"], (types, texts))


if __name__ == "__main__":
    require_peers()
    ORACLE = sys.argv[1]
    SEED = int(sys.argv[2]) if len(sys.argv) > 2 else 20261121
    print(f"seed {SEED}")
    unittest.main(argv=sys.argv[:1], verbosity=2)
