#!/usr/bin/python3
"""Killing any gateway, the broker or the controller at a random moment loses no accepted order and no acknowledged
reading, and settles nothing twice.

Twenty seeded moments over four runs. The control takes the outbox away and keeps the broker down across a boundary:
then readings must be missing, or the check would prove nothing. COMMONWATT_FAULT_SEED chooses other moments.
"""

import json
import os
import random
import signal
import time

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

import neighbourhood
from neighbourhood import INTERVAL_SECONDS, Neighbourhood, cbor, register_rows, rows, wait_until

SEED = int(os.environ.get("COMMONWATT_FAULT_SEED", "20260621"))
RUNS = 4
KILLS = 5
HOUSEHOLDS = 4
INTERVALS = 24
NOON = 1782043200  # a short day lies around 2026-06-21T12:00:00Z
BEGIN = NOON - INTERVALS // 2 * INTERVAL_SECONDS
END = BEGIN + INTERVALS * INTERVAL_SECONDS
FIRST_MOMENT = BEGIN - 500  # after the start, before the first gate closes
LAST_MOMENT = END + 1800  # the last interval is being settled
APART = 1500  # market seconds: a part is up again before the next one is killed
ORDER, READING = 0, 1
RUN_INITIAL = 0
EVENT_ORDER, EVENT_READING = 1, 2
VICTIMS = ["broker", "controller"] + [f"gateway hh{number:02}" for number in range(1, HOUSEHOLDS + 1)]


class Outbox:
    """What a gateway made and was told, from its gateway.sqlite."""

    def __init__(self, directory, household):
        self.household = household
        self.items = []  # (subject, id, boundary or interval, meter, payload, receipt or nothing)
        table = rows(directory / "households" / household / "gateway.sqlite",
                     "SELECT subject, item, interval_begin, meter, payload, receipt FROM outbox ORDER BY number")
        for subject, item, at, meter, payload, receipt in table:
            answer = None
            if receipt is not None:
                answer = cbor(receipt)[0]  # [subject, id, received, [rejection]]
                assert answer[:2] == [subject, item], f"{household} holds the receipt of another item"
            self.items.append((subject, item, at, meter, payload, answer))

    def of(self, subject):
        return [item for item in self.items if item[0] == subject]

    @staticmethod
    def is_accepted(item):
        return item[5] is not None and item[5][3] == []


class Sealed:
    """Opens what lies sealed in a controller's journal, with the data keys beside it (docs/data-model.md)."""

    def __init__(self, directory):
        found = rows(directory / "controller" / "data_keys.sqlite", "SELECT name, secret FROM data_key")
        self.keys = {bytes(name): AESGCM(bytes(secret)) for name, secret in found}

    def open(self, record, about):
        household, key, nonce, text = record
        return self.keys[key].decrypt(nonce, text, about + (household[0] if household else b""))

    def event(self, sequence, stored):
        """The event's encoding; of a configuration, whose names alone are sealed, nothing."""
        kind, body = cbor(stored)
        if kind == 1:
            return self.open(body, cbor_integer(0) + cbor_integer(sequence))
        return stored[2:] if kind == 0 else b""


def cbor_integer(number):
    """A number from 0 on, as the journal writes it."""
    for size, head in ((0, number), (1, 24), (2, 25), (4, 26), (8, 27)):
        if number < (24 if size == 0 else 1 << 8 * size):
            return bytes([head]) + (number.to_bytes(size, "big") if size else b"")
    raise ValueError(number)


class Journal:
    """What the controller wrote down, from its journal.sqlite."""

    def __init__(self, directory):
        file = directory / "controller" / "journal.sqlite"
        self.payloads = {EVENT_ORDER: [], EVENT_READING: []}  # as the gateways sent them
        self.readings = {}  # meter to sequence number to what came under it
        sealed = Sealed(directory)
        for sequence, stored in rows(file, "SELECT sequence, event FROM journal ORDER BY sequence"):
            event = sealed.event(sequence, stored)
            if not event:
                continue
            kind, body = cbor(event)
            if kind not in self.payloads:
                continue
            # An event is [kind, [sender, message]]: the message is its end, byte for byte.
            head = 1 + 1 + 1 + 1 + len(body[0])
            self.payloads[kind].append(event[head:])
            if kind == EVENT_READING:
                reading = body[1][0]
                self.readings.setdefault(reading[0].decode(), {}).setdefault(reading[3], set()).add(event[head:])
        self.batches = []  # (log index, interval, run, order ids, order leaves, reading leaves)
        for index, begin, row in rows(file, "SELECT log_index, interval_begin, batch FROM batch ORDER BY log_index"):
            record, order_leaves, reading_leaves, _, _ = cbor(row)
            self.batches.append((index, begin, record[1], [order[0] for order in record[7]], order_leaves, reading_leaves))


def missing_readings(outboxes, journal, until=END):
    """Readings of the traded span that a gateway made and the controller never wrote down."""
    received = set(journal.payloads[EVENT_READING])
    return [f"{item[3]} at {item[2]}" for outbox in outboxes for item in outbox.of(READING)
            if BEGIN <= item[2] <= until and item[4] not in received]


def planned(seed):
    """Seeded moments in market time with a victim each, one run after the other."""
    draw = random.Random(seed)
    runs = []
    for _ in range(RUNS):
        slack = LAST_MOMENT - FIRST_MOMENT - (KILLS - 1) * APART
        offsets = sorted(draw.uniform(0, slack) for _ in range(KILLS))
        runs.append([(FIRST_MOMENT + offset + place * APART, draw.choice(VICTIMS))
                     for place, offset in enumerate(offsets)])
    return runs


class Faults(Neighbourhood):
    def test_killing_any_part_at_any_moment_loses_nothing_and_settles_nothing_twice(self):
        print(f"\nseed {SEED}")
        for number, moments in enumerate(planned(SEED)):
            print(f"run {number}: " + ", ".join(f"{name} at {moment - BEGIN:+.1f} s" for moment, name in moments))
            demo = self.start_demo(f"run{number}", HOUSEHOLDS, INTERVALS, seed=number + 1)
            demo.wait_for_trading()
            for moment, name in moments:
                demo.run_until(moment)
                demo.kill(name)
            demo.let_go()
            with self.subTest(run=number):
                self.check(demo, *demo.finish())

    def test_every_reading_of_a_long_outage_counts(self):
        demo = self.start_demo("outage", HOUSEHOLDS, 12)
        demo.wait_for_trading()
        demo.run_until(BEGIN + 9 * INTERVAL_SECONDS - 200)  # within a run of twelve around noon
        demo.kill("broker")
        # The one started in its place hangs as soon as it is there, for two boundaries.
        pid = wait_until(lambda: demo.pid("broker"), 60, "the next broker")
        os.kill(pid, signal.SIGSTOP)
        begin = int(demo.now()) // INTERVAL_SECONDS * INTERVAL_SECONDS + INTERVAL_SECONDS
        demo.run_until(begin + INTERVAL_SECONDS + 120)
        os.kill(pid, signal.SIGCONT)
        demo.let_go()
        status, result, told = demo.finish()
        self.assertEqual(status, 0, told)
        outboxes = [Outbox(demo.directory, home["id"]) for home in result["per_household"]]
        waited = [item[5][2] // 10**9 - item[2] for box in outboxes for item in box.of(READING) if item[2] == begin]
        print(f"\noutage: {len(waited)} readings waited {min(waited)} to {max(waited)} s, "
              f"{result['rejected_orders']} orders came too late", flush=True)
        self.assertGreater(min(waited), INTERVAL_SECONDS, "there was no outage to speak of")
        self.check_readings(outboxes, Journal(demo.directory))

    def check(self, demo, status, result, told):
        self.assertIsNotNone(result, told[-2000:])
        print(f"  exit {status}, {result['restarts']} restarts, {result['estimated_readings']} readings estimated, "
              f"{result['orders']} orders, faults {result['faults']}", flush=True)
        self.assertGreaterEqual(result["restarts"], KILLS)
        outboxes = [Outbox(demo.directory, home["id"]) for home in result["per_household"]]
        journal = Journal(demo.directory)
        self.check_receipts(outboxes, journal)
        self.check_readings(outboxes, journal)
        self.check_batches(outboxes, journal, result)
        self.assertEqual(result["ledger_sum"], 0)
        verified = self.call("verify", demo.directory, "--json")
        self.assertEqual(verified.returncode, 0, verified.stdout + verified.stderr)
        self.check_energy(demo, result, outboxes)
        unexplained = [fault for fault in result["faults"] if "own register" not in fault]
        self.assertEqual(unexplained, [], "the demo's own verdict")
        self.assertEqual(status, 1 if result["faults"] else 0)

    def check_receipts(self, outboxes, journal):
        """Whoever holds a receipt finds the order or reading in the controller's journal."""
        kept = {ORDER: set(journal.payloads[EVENT_ORDER]), READING: set(journal.payloads[EVENT_READING])}
        receipts = 0
        for outbox in outboxes:
            for item in outbox.items:
                if not outbox.is_accepted(item):
                    continue
                receipts += 1
                self.assertIn(item[4], kept[item[0]], f"{outbox.household} holds a receipt the journal knows not of")
        self.assertGreater(receipts, HOUSEHOLDS * INTERVALS, "there are hardly any receipts: the check sees nothing")

    def check_readings(self, outboxes, journal):
        self.assertEqual(missing_readings(outboxes, journal), [], "readings a gateway made and nobody received")
        refused = [f"{item[3]} at {item[2]}: {item[5]}" for outbox in outboxes for item in outbox.of(READING)
                   if item[5] is not None and item[5][3] != []]
        self.assertEqual(refused, [], "readings the controller refused after the fault")
        for meter, sequences in journal.readings.items():
            self.assertEqual(sorted(sequences), list(range(1, max(sequences) + 1)), f"gaps in {meter}")
            twice = [number for number, came in sequences.items() if len(came) > 1]
            self.assertEqual(twice, [], f"{meter}: two readings under one number")

    def check_batches(self, outboxes, journal, result):
        self.assertEqual([index for index, *_ in journal.batches], list(range(len(journal.batches))), "gaps in the log")
        self.assertEqual([begin for _, begin, run, *_ in journal.batches if run == RUN_INITIAL],
                         [BEGIN + place * INTERVAL_SECONDS for place in range(INTERVALS)],
                         "the initial runs are not one per interval, in order")
        settled = [(begin, order) for _, begin, _, orders, _, _ in journal.batches for order in orders]
        self.assertEqual(len({order for _, order in settled}), len(settled), "an order was settled twice")
        accepted = {(item[2], item[1]) for outbox in outboxes for item in outbox.of(ORDER) if outbox.is_accepted(item)}
        self.assertEqual(accepted - set(settled), set(), "accepted orders that no batch holds")
        self.assertEqual(len(settled), result["orders"], "orders accepted in the journal and orders in batches")
        # A refused order that was sent again before its receipt came is judged, and counted, again.
        unsettled = len(set(journal.payloads[EVENT_ORDER])) - len(settled)
        self.assertLessEqual(unsettled, result["rejected_orders"], "orders neither in a batch nor refused")
        for leaves in ([leaf for batch in journal.batches for leaf in batch[4]],
                       [leaf for batch in journal.batches for leaf in batch[5]]):
            self.assertEqual(len(set(leaves)), len(leaves), "a leaf stands in two batches")

    def check_energy(self, demo, result, outboxes):
        """What was settled is what the meter counted, unless its gateway was down at the first or last boundary."""
        for home, outbox in zip(result["per_household"], outboxes):
            read = {(item[3], item[2]) for item in outbox.of(READING)}
            below = demo.directory / "households" / home["id"]
            for device, keys in (("main", ("import_wh", "export_wh")), ("pv", (None, "produced_wh"))):
                meter = f"{home['id']}-{device}"
                if not (file := below / f"{meter}.registers.csv").exists():
                    continue
                own = register_rows(file)
                counted = [own[END][place] - own[BEGIN][place] for place in (0, 1) if keys[place]]
                settled = [home[key] for key in keys if key]
                if {(meter, BEGIN), (meter, END)} <= read:
                    self.assertEqual(settled, counted, f"{meter}: settled and counted energy")
                elif settled != counted:
                    print(f"  {meter} was not read at the first or last boundary: counted {counted}, settled {settled}")


class Control(Neighbourhood):
    def test_without_the_outbox_readings_are_lost_so_the_check_would_see_it(self):
        demo = self.start_demo("control", 2, INTERVALS, options=["--insecure-outbox-off"])
        demo.wait_for_trading()
        boundaries = [BEGIN + 3 * INTERVAL_SECONDS, BEGIN + 7 * INTERVAL_SECONDS]
        for boundary in boundaries:
            # The broker stays down across the boundary: whatever is started before it is over is killed again.
            demo.run_until(boundary - 90)
            demo.kill("broker")
            demo.announce(os.getpid(), boundary + 90)
            while demo.now() < boundary + 90:
                if demo.pid("broker"):
                    demo.kill("broker")
                time.sleep(0.01)
        demo.run_until(boundaries[-1] + 1000)
        demo.process.send_signal(signal.SIGINT)  # Nobody waits for orders that are lost.
        demo.process.wait(60)
        outboxes = [Outbox(demo.directory, f"hh{number:02}") for number in (1, 2)]
        missing = missing_readings(outboxes, Journal(demo.directory), boundaries[-1])
        print(f"\ncontrol: {len(missing)} readings lost without the outbox: {', '.join(missing)}", flush=True)
        self.assertNotEqual(missing, [], "nothing was lost without the outbox: the check of the faults sees nothing")


if __name__ == "__main__":
    neighbourhood.main()
