"""What `commonwatt settle` must come to, computed a second time from docs/settlement.md alone: exact fractions, sorts and
dictionaries. And the directories it is tried on."""

import collections
import hashlib
import json
import os
import random
from fractions import Fraction

T = 1782000000  # 2026-06-21T00:00:00Z
MICRO = {"retail": 300000, "feed_in": 80000}


def half_even(value):
    return round(Fraction(value))  # Python rounds a half to the even neighbour


def split(wants, available):
    """{household: quantity} to {household: share}: floor, then the largest remainders, then the smaller hash."""
    total = sum(wants.values())
    if total == 0:
        return dict.fromkeys(wants, 0)
    exact = {name: Fraction(want * available, total) for name, want in wants.items()}
    shares = {name: int(value) for name, value in exact.items()}
    tie = lambda name: hashlib.sha256(bytes(32) + name.encode()).digest()
    order = sorted(wants, key=lambda name: (shares[name] - exact[name], tie(name)))
    for name in order[: available - sum(shares.values())]:
        shares[name] += 1
    return shares


def allocate(rules, delivered, prices):
    demand = {name: energy for name, energy in delivered.items() if energy > 0}
    surplus = {name: -energy for name, energy in delivered.items() if energy < 0}
    supply = sum(surplus.values())
    got = dict.fromkeys(demand, 0)

    def pass_on(names):
        left = {name: demand[name] - got[name] for name in names}
        for name, share in split(left, min(supply - sum(got.values()), sum(left.values()))).items():
            got[name] += share

    if rules["key"] in ("static", "percentage"):
        for name in demand:
            got[name] = min(demand[name], supply * rules["shares"].get(name, 0) // 1000)
    if rules["key"] in ("dynamic", "percentage"):
        pass_on(demand)
    if rules["key"] == "priority":
        tier_of = lambda name: rules["tiers"].get(name, 10**9)
        for tier in sorted(set(map(tier_of, demand))):
            pass_on([name for name in demand if tier_of(name) == tier])
    sold = split(surplus, sum(got.values()))
    contract = {name: got.get(name, 0) - sold.get(name, 0) for name in delivered}
    return contract, internal_price(rules["internal_price"], prices, supply, sum(demand.values()))


def internal_price(price, prices, supply, demand):
    retail, feed_in = prices
    if price == "mid_market":
        return (retail + feed_in) // 2
    if price != "supply_demand_ratio":
        return price
    if supply >= demand:
        return feed_in
    ratio = Fraction(supply, demand)
    if feed_in > 0:
        return int(Fraction(feed_in * retail) / ((retail - feed_in) * ratio + feed_in))
    value = retail - (retail - feed_in) * ratio
    return value.numerator // value.denominator


def meter_energies(rows, begin, count, length, fuse):
    """Net Wh of every interval of the span."""
    good, read = [], {}
    for time, imported, exported, quality in rows:
        if quality == "good" and time % length == 0:
            read.setdefault(time, (imported, exported))
    for time in sorted(read):
        now = read[time]
        if good:
            before, last = good[-1]
            rises = [b - a for a, b in zip(last, now)]
            if min(rises) < 0:
                continue
            if fuse is not None and max(rises) > fuse * (time - before) * 11 // 36000 + 10:
                continue
        good.append((time, now))
    known = dict(good)

    def at(time):
        if time in known:
            return known[time]
        earlier, later = [g for g in good if g[0] < time], [g for g in good if g[0] > time]
        if not earlier or not later:
            return None
        (t0, a), (t1, b) = earlier[-1], later[0]
        return tuple(x + (y - x) * (time - t0) // (t1 - t0) for x, y in zip(a, b))

    result = []
    for i in range(count):
        first, last = begin + i * length, begin + (i + 1) * length
        a, b = at(first), at(last)
        if a and b:
            result.append((b[0] - a[0]) - (b[1] - a[1]))
            continue
        energy = 0
        for back in (7 * 86400, 86400):
            f, l = first - back, last - back
            if f >= begin and f in known and l in known:
                energy = (known[l][0] - known[f][0]) - (known[l][1] - known[f][1])
                break
        result.append(energy)
    return result


def edge_fees(case, contract):
    """Fees of all edges, and what each household would pay of them."""
    shares, total = dict.fromkeys(contract, 0), 0
    for zone, (parent, fee, _) in case.zones.items():
        if parent is None or fee == 0:
            continue
        inside = {name for name in contract if zone in case.way_up(name)}
        net = sum(contract[name] for name in inside)
        side = 1 if net > 0 else -1
        wants = {name: side * contract[name] for name in inside if side * contract[name] > 0}
        for name, carried in split(wants, abs(net)).items():
            shares[name] += carried * fee
            total += carried * fee
    return shares, total


def share_energy(case, used, prices):
    """What every household is allocated in every community: {(community, household): (Wh, amount)}, and how many Wh x permille of
    the network fee it is relieved of."""
    shared, relief = {}, collections.Counter()
    for community in case.communities or [case.rules]:
        permille = community.get("participation", dict.fromkeys(used, 1000))
        part = {name: abs(used[name]) * permille[name] // 1000 * (1 if used[name] > 0 else -1) for name in used if name in permille}
        contract, price = allocate(community, part, prices)
        for name, energy in contract.items():
            shared[(community.get("name", ""), name)] = (energy, energy * price)
            relief[name] += max(energy, 0) * case.reduction_of(community)
    return shared, relief


def settle_again(case):
    """{(interval, household): figures}, {(interval, account, account, kind): net amount} and {(interval, community, household):
    (Wh, amount)}."""
    rules, length = case.rules, case.length
    statements, money, communities = {}, collections.Counter(), {}
    times = [row[0] for row in case.registers]
    if rules["method"] == "auction":
        times += [row[0] for row in case.contracts] + [row[0] + length for row in case.contracts]
    begin, count = min(times), (max(times) - min(times)) // length
    meters = collections.defaultdict(list)
    for time, meter, household, imported, exported, quality in case.registers:
        meters[(meter, household)].append((time, imported, exported, quality))
    delivered = {}
    for (_, household), rows in meters.items():
        energies = meter_energies(rows, begin, count, length, rules["fuse_w"].get(household))
        delivered[household] = [a + b for a, b in zip(delivered.get(household, [0] * count), energies)]
    for i in range(count):
        start = begin + i * length
        mine = [row for row in case.contracts if row[0] == start] if rules["method"] == "auction" else []
        names = sorted(set(delivered) | {row[1] for row in mine})
        used = {name: delivered[name][i] if name in delivered else 0 for name in names}
        contract, energy = dict.fromkeys(names, 0), dict.fromkeys(names, 0)
        for _, name, _, side, quantity, price in mine:
            contract[name] += quantity if side == "buy" else -quantity
            energy[name] += quantity * price if side == "buy" else -quantity * price
        island = any(begin < start + length and end > start for begin, end in case.island_spans)
        prices = case.islanded if island else (rules["retail"], rules["feed_in"])
        relief = collections.Counter()
        if rules["method"] == "allocation":
            shared, relief = share_energy(case, used, prices)
            for (community, name), (quantity, amount) in shared.items():
                contract[name] += quantity
                energy[name] += amount
                communities[(start, community, name)] = (quantity, amount)
        shares, fees = edge_fees(case, contract)
        gap = sum(energy.values())
        in_prices = max(0, min(gap, fees))
        shares = split(shares, fees - in_prices)
        sums = collections.Counter()
        for name in names:
            deviation = used[name] - contract[name]
            high, low = rules["single"] * 2 if rules["single"] and not island else prices
            imbalance = deviation * (high if deviation > 0 else low)
            network_exact = Fraction((max(used[name], 0) * 1000 - relief[name]) * case.network_fee, 1000)
            network = half_even(network_exact)
            fee = shares[name] + network
            loss_exact = Fraction(max(contract[name], 0) * prices[0] * case.zones[case.zone_of(name)][2], 1000)
            loss = half_even(loss_exact)
            before = energy[name] + imbalance + fee + loss
            levies = (max(deviation, 0) + max(contract[name], 0)) * rules["levy"]
            share = Fraction((max(imbalance, 0) + max(energy[name], 0) + fee + loss + levies) * rules["tax"], 1000)
            tax, tax_exact = levies + half_even(share), share
            sums.update(network=network, network_exact=network_exact, loss=loss, loss_exact=loss_exact, tax=tax - levies, tax_exact=tax_exact)
            statements[(start, name)] = [contract[name], used[name], deviation, energy[name], imbalance, fee, loss, tax, before + tax]
            for account, kind, amount in (("escrow", "energy", energy[name]), ("spread" if island else "utility", "imbalance", imbalance), ("fees", "fee", fee),
                                          ("losses", "loss", loss), ("utility", "tax", tax)):
                money[(start, "household:" + name, account, kind)] += amount
        money[(start, "escrow", "fees", "fee")] += in_prices
        gap -= in_prices
        rent = len(case.zones) > 1 and gap > 0
        money[(start, "escrow", "congestion" if rent else "spread", "congestion" if rent else "spread")] += gap
        money[(start, "utility", "rounding", "rounding")] += sums["tax"] - half_even(sums["tax_exact"])
        money[(start, "fees", "rounding", "rounding")] += sums["network"] - half_even(sums["network_exact"])
        money[(start, "losses", "rounding", "rounding")] += sums["loss"] - half_even(sums["loss_exact"])
    return statements, {key: amount for key, amount in money.items() if amount}, communities if case.communities else {}


class Case:
    """What an operator has in a directory."""

    def __init__(self, method="auction", length=900, **rules):
        self.length = length
        self.rules = {"method": method, "key": "dynamic", "internal_price": 150000, "shares": {}, "tiers": {}, "single": None,
                      "tax": 0, "levy": 0, "fuse_w": {}, **MICRO, **rules}
        self.zones = {"": (None, 0, 0)}  # parent, fee, loss permille
        self.homes, self.contracts, self.registers = {}, [], []
        self.communities = []  # each with name, key, internal_price, shares, tiers, participation, reduction
        self.network_fee, self.preset, self.reduction = 0, None, 0
        self.islanded, self.island_spans = None, []  # (shortfall, surplus), [(begin, end)]

    def reduction_of(self, community):
        if self.preset != "ch-leg":
            return community.get("reduction", self.reduction)
        members = community.get("participation", {row[2] for row in self.registers})
        root = next(iter(self.zones))
        below = {next((zone for zone in self.way_up(name) if self.zones[zone][0] == root), root) for name in members}
        return 400 if len(below) < 2 else 200

    def zone_of(self, household):
        return self.homes.get(household, next(iter(self.zones)))

    def way_up(self, household):
        zone, way = self.zone_of(household), set()
        while zone is not None:
            way.add(zone)
            zone = self.zones[zone][0]
        return way

    def trade(self, seller, buyer, quantity, price, bought_at=None, at=T):
        self.contracts.append([at, seller, self.homes.get(seller, ""), "sell", quantity, price])
        self.contracts.append([at, buyer, self.homes.get(buyer, ""), "buy", quantity, price if bought_at is None else bought_at])

    def meter(self, household, *readings, at=T, quality="good", meter=None):
        """Readings are (import, export) at one boundary after the other; None is a missing one."""
        for i, reading in enumerate(readings):
            imported, exported = reading or ("", "")
            self.registers.append([at + i * self.length, meter or "m-" + household, household, imported, exported,
                                   quality if reading else "missing"])

    def toml(self):
        rules, table = self.rules, lambda pairs: "{ " + ", ".join(f"{key} = {value}" for key, value in pairs.items()) + " }"
        text = f'interval_seconds = {self.length}\nmethod = "{rules["method"]}"\n'
        text += f'[tariff]\nretail = {rules["retail"]}\nfeed_in = {rules["feed_in"]}\n'
        for community in self.communities or [rules]:
            text += f'[[community]]\nname = "{community["name"]}"\n' if self.communities else "[allocation]\n"
            if self.preset:
                text += f'preset = "{self.preset}"\n'
            elif self.network_fee:
                text += f'fee_reduction_permille = {community.get("reduction", self.reduction)}\n'
            if self.communities:
                text += f'participation = {table(community["participation"])}\n'
            text += f'key = "{community["key"]}"\ninternal_price = {json.dumps(community["internal_price"])}\n'
            text += f'shares = {table(community["shares"])}\ntiers = {table(community["tiers"])}\n'
        if self.network_fee:
            text += f"[community_fee]\nnetwork_fee = {self.network_fee}\n"
        if self.islanded:
            text += f"[islanded]\nshortfall = {self.islanded[0]}\nsurplus = {self.islanded[1]}\n"
        text += "[fuse_w]\n"
        text += "".join(f"{name} = {watts}\n" for name, watts in rules["fuse_w"].items())
        if rules["single"]:
            text += f'[imbalance]\nrule = "single"\nprice = {rules["single"][0]}\n'
        if rules["tax"]:
            applies = '["utility", "neighbours", "fees", "levies"]'
            text += f'[[tariff.tax]]\nname = "VAT"\npermille = {rules["tax"]}\napplies_to = {applies}\n'
        if rules["levy"]:
            text += f'[[tariff.levy]]\nname = "levy"\nprice = {rules["levy"]}\napplies_to = ["utility", "neighbours"]\n'
        if len(self.zones) > 1:
            text += "[households]\n" + "".join(f'{name} = "{zone}"\n' for name, zone in self.homes.items())
            for name, (parent, fee, loss) in self.zones.items():
                text += f'[[zone]]\nname = "{name}"\nloss_permille = {loss}\n' + (f'parent = "{parent}"\nfee = {fee}\n' if parent else "")
        return text

    def write(self, directory):
        for name, header, rows in (("contracts.csv", "interval_start,household,zone,side,quantity_wh,price", self.contracts),
                                   ("registers.csv", "time,meter,household,import_wh,export_wh,quality", self.registers),
                                   ("islanded.csv", "begin,end", self.island_spans)):
            if name == "islanded.csv" and not self.islanded:
                continue
            with open(os.path.join(directory, name), "w", encoding="utf-8") as file:
                file.write("\n".join([header, *[",".join(map(str, row)) for row in rows]]) + "\n")
        with open(os.path.join(directory, "settlement.toml"), "w", encoding="utf-8") as file:
            file.write(self.toml())


def random_case(seed):
    case = random_market(seed)
    draw = random.Random(f"community {seed}")
    names = sorted({row[2] for row in case.registers})
    if draw.random() < 0.4:
        case.islanded = draw.choice([(500001, 120000), (70000, -3)])
        times = [row[0] for row in case.registers]
        for _ in range(draw.randint(0, 3)):
            begin = draw.randint(min(times) - 4000, max(times))
            case.island_spans.append((begin, begin + draw.choice([1, 900, 4000])))
    if case.rules["method"] == "auction":
        return case
    if draw.random() < 0.7:
        case.network_fee, case.reduction = draw.choice([95001, 7]), draw.choice([0, 333, 570, 1000])
    whole = dict.fromkeys(names, 1000)
    for number in range(draw.choice([0, 0, 1, 2, 5]) if names else 0):
        part = {name: draw.choice([whole[name], draw.randint(1, whole[name])]) for name in names if whole[name] and draw.random() < 0.8}
        if not part:
            break
        for name, permille in part.items():
            whole[name] -= permille
        some = list(part)[:3]
        case.communities.append({"name": f"c{9 - number}", "key": draw.choice(["dynamic", "static", "percentage", "priority"]),
                                 "internal_price": draw.choice([150000, 99999, "mid_market", "supply_demand_ratio"]),
                                 "shares": {name: draw.randint(0, 333) for name in some}, "tiers": {name: draw.randint(0, 1) for name in some},
                                 "participation": part, "reduction": draw.choice([0, 280, 571])})
    # Whoever is in a Swiss community is in no other.
    if case.network_fee and len(case.communities) < 2 and case.length == 900 and draw.random() < 0.8:
        case.preset = "ch-leg"
        if len(case.zones) == 1 and draw.random() < 0.7:
            case.zones = {"root": (None, 0, 0), "t1": ("root", 0, 0), "t2": ("root", 3, 25), "feeder": ("t1", 0, 0)}
            case.homes = {name: draw.choice(["t1", "feeder", "t1", "t2", "root"]) for name in names}
    return case


def random_market(seed):
    draw = random.Random(seed)
    method = draw.choice(["auction", "allocation"])
    case = Case(method, draw.choice([900, 3600]), key=draw.choice(["dynamic", "static", "percentage", "priority"]),
                internal_price=draw.choice([150000, -3, "mid_market", "supply_demand_ratio"]),
                retail=draw.choice([300000, 287301]), feed_in=draw.choice([80000, 0, -50001]), tax=draw.choice([0, 0, 77, 190]),
                levy=draw.choice([0, 0, 20501]),
                single=draw.choice([None, None, (200001,)]))
    houses = [f"h{i}" for i in range(draw.randint(2, 6))]
    left = 1000
    for name in houses:
        case.rules["shares"][name] = draw.randint(0, left)
        left -= case.rules["shares"][name]
        if draw.random() < 0.7:
            case.rules["tiers"][name] = draw.randint(0, 2)
    if draw.random() < 0.5:
        case.zones = {"z0": (None, 0, draw.choice([0, 13]))}
        for number in range(1, draw.randint(2, 4)):
            case.zones[f"z{number}"] = (f"z{draw.randint(0, number - 1)}", draw.choice([0, 7, 5000]), draw.choice([0, 25]))
        case.homes = {name: draw.choice(list(case.zones)) for name in houses}
    intervals = draw.choice([3, 8, 30]) if case.length == 900 else draw.choice([5, 28, 8 * 24])
    if draw.random() < 0.3:
        case.rules["fuse_w"][houses[0]] = draw.choice([500, 20000])
    for name in houses[: len(houses) if draw.random() < 0.7 else -1]:
        for number in range(draw.choice([1, 1, 2])):
            random_meter(draw, case, name, f"{name}-{number}", intervals)
    if draw.random() < 0.3:
        draw.shuffle(case.registers)
    for i in range(intervals if method == "auction" else 0):
        for _ in range(draw.choice([0, 1, 3])):
            seller, buyer = draw.sample(houses, 2)
            price = draw.randint(-50, 300000)
            case.trade(seller, buyer, draw.randint(1, 900), price, price + draw.choice([0, 0, 6000, -5]), T + i * case.length)
    return case


def random_meter(draw, case, household, meter, intervals):
    imported, exported, silent = draw.randint(0, 10**6), draw.randint(0, 10**6), 0
    for i in range(intervals + 1):
        time = T + i * case.length
        imported += draw.choice([0, draw.randint(0, 900)])
        exported += draw.choice([0, draw.randint(0, 900)])
        row = [time, meter, household, imported, exported, "good"]
        silent = silent - 1 if silent else draw.choice([0] * 12 + [1, 4])
        if silent:
            row[5] = draw.choice(["missing", "estimated", "suspect"])
        elif draw.random() < 0.03:
            row[3] -= draw.randint(1, 2000)  # may fall below the reading before
            row[3] = max(row[3], 0)
        case.registers.append(row)
        if draw.random() < 0.03:
            case.registers.append(row[:3] + [row[3] + draw.choice([0, 1]), row[4], "good" if not silent else "held"])
