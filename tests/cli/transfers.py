"""Signed transfers for the load tests, and what the ledger must make of them.

`load_maker` signs; this module submits through the node's RPC, follows the
blocks, and keeps a model of every balance in plain integers.
"""

import collections
import http.client
import json
import os
import subprocess
import time

from harness import equal, expect, wait_until

BATCH = 500 # transactions of one call
# Refusals that pass by themselves: the pool is behind, or a block is missing.
LATER = {"busy", "pool_full", "nonce_too_high", "insufficient_balance",
         "timed_out", "unavailable"}
KNOWN = {"duplicate", "nonce_too_low"} # it waits, or a block has it

Transfer = collections.namedtuple(
    "Transfer", "sender nonce recipient amount fee txid raw")


def parse(sender, txid, raw):
    """version | type | key[32] | nonce | recipient[32] | amount | fee ..."""
    def number(at):
        return int(raw[2 * at:2 * at + 16], 16)
    return Transfer(sender, number(34), raw[2 * 42:2 * 74], number(74),
                    number(82), txid, raw)


class Load:
    """`phases` of transfers, all `accounts` that hold coins then."""

    def __init__(self, home, accounts, transfers, seed=1):
        self.home = home
        spec = home.run("chain", "spec", "--json").exits(0).json()
        self.premine = {p["account"][2:]: int(p["amount"])
                        for p in spec["genesis"]["premine"]}
        rules = spec["rules"]
        self.subsidy, self.halving, self.tail = (
            int(rules[name][0]["value"])
            for name in ("subsidy", "halving", "tail"))
        path = home.path("load-spec.toml")
        with open(path, "w", encoding="utf-8") as f:
            f.write(home.run("chain", "spec", "show").exits(0).out)
        maker = os.environ["SPACETIME_LOAD_MAKER"]
        begun = time.monotonic()
        text = subprocess.run(
            [maker, path, str(accounts), str(transfers), str(seed)],
            check=True, capture_output=True, text=True, timeout=300).stdout
        self.signing = time.monotonic() - begun
        self.accounts, self.phases = [], []
        for line in text.splitlines():
            word, *values = line.split()
            if word == "account":
                self.accounts.append(values[0])
            elif word == "phase":
                self.phases.append([])
            else:
                self.phases[-1].append(parse(*values))
        self.phases = [phase for phase in self.phases if phase]
        equal(len(self.phases[-1]), transfers, "the number of transfers")

    def all(self):
        return [t for phase in self.phases for t in phase]

    def issued(self, height):
        """Premine and subsidies of all blocks up to a height, by the rules'
        schedule and not by the node's word."""
        return sum(self.premine.values()) + sum(
            max(self.subsidy >> min((h - 1) // self.halving, 63), self.tail)
            for h in range(1, height + 1))

    def balances(self):
        """What each account but the farmer's has after all of them."""
        have = collections.Counter(self.premine)
        for t in self.all():
            have[t.sender] -= t.amount + t.fee
            have[t.recipient] += t.amount
        expect(min(have.values()) >= 0, "the load overspends")
        return have

    def nonces(self):
        return collections.Counter(t.sender for t in self.all())


class Client:
    """JSON-RPC over one connection; made anew when the node is."""

    def __init__(self, home, timeout=30):
        self.home, self.timeout = home, timeout
        self.connection = None
        self.calls = 0

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def post(self, body):
        """Status and parsed answer; OSError if nobody is there."""
        if not self.connection:
            address = self.home.rpc_address()
            if not address:
                raise ConnectionError("no node")
            self.connection = http.client.HTTPConnection(
                *address, timeout=self.timeout)
        try:
            self.connection.request("POST", "/", json.dumps(body), {
                "Content-Type": "application/json",
                "Authorization": "Bearer " + self.home.cookie()})
            answer = self.connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if text[:1] in b"{[" else {}
        except (OSError, http.client.HTTPException, ValueError) as e:
            self.close()
            raise ConnectionError(str(e)) from e

    def call(self, method, *params):
        """The result; what passes by itself is tried again for 60 s."""
        return wait_until(lambda: self.try_call(method, *params), 60,
                          f"an answer to {method}")[0]

    def try_call(self, method, *params):
        """(result,), or nothing while the node is busy."""
        self.calls += 1
        status, answer = self.post({"jsonrpc": "2.0", "id": self.calls,
                                    "method": method, "params": params})
        if status == 503:
            return None
        equal(status, 200, f"the status of {method}")
        if "error" in answer:
            expect(answer["error"]["code"] == -32002, f"{method}: {answer}")
            return None
        return (answer["result"],)

    def batch(self, method, params):
        """Results in the order of `params`, 50 calls at a time."""
        out = []
        for start in range(0, len(params), 50):
            part = params[start:start + 50]
            status, answers = self.post([
                {"jsonrpc": "2.0", "id": i, "method": method, "params": [p]}
                for i, p in enumerate(part)])
            equal(status, 200, f"the status of a batch of {method}")
            by_id = {a["id"]: a for a in answers}
            for i in range(len(part)):
                expect("result" in by_id[i], f"{method}: {by_id[i]}")
                out.append(by_id[i]["result"])
        return out

    def submit(self, transfers):
        """Offers them; those to be offered again later, and the refusals."""
        done = self.try_call("tx_submit", [t.raw for t in transfers])
        if not done:
            return transfers, {}
        later, refused = [], {}
        for t, answer in zip(transfers, done[0]):
            if "error" not in answer:
                equal(answer["txid"], "0x" + t.txid, "the id of a transfer")
                continue
            code = answer["error"]["data"]["code"]
            if code in LATER:
                later.append(t)
            elif code not in KNOWN:
                refused[t.txid] = code
        return later, refused


class Follower:
    """What blocks hold, as the node shows them."""

    def __init__(self, client):
        self.client = client
        self.height = 0
        self.seen = {} # txid -> height

    def follow(self):
        top = self.client.call("chain_getTip")["height"]
        while self.height < top:
            block = self.client.call("chain_getBlock", self.height + 1)
            self.height += 1
            for t in block["txs"]:
                txid = t["txid"][2:]
                expect(txid not in self.seen, f"{txid} is in two blocks")
                self.seen[txid] = self.height
        return self.height


def submit_all(client, follower, transfers, limit):
    """Offers until blocks have all of them; an error after `limit` s without
    a new one. The number of times that a transfer had to be offered again."""
    open_ones, again = list(transfers), 0
    wanted = {t.txid for t in transfers}
    pause, left = 0.05, len(wanted)
    end = time.monotonic() + limit
    while open_ones or wanted:
        retry = []
        for start in range(0, len(open_ones), BATCH):
            later, refused = client.submit(open_ones[start:start + BATCH])
            equal(refused, {}, "the refusals")
            retry += later
            if later:
                pause = min(pause * 2, 1)
                time.sleep(pause) # it asked for patience
            else:
                pause = 0.05
        again += len(retry)
        open_ones = retry
        follower.follow()
        wanted -= follower.seen.keys()
        open_ones = [t for t in open_ones if t.txid in wanted]
        if len(wanted) < left:
            left, end = len(wanted), time.monotonic() + limit
        expect(time.monotonic() < end,
               f"{left} of {len(transfers)} in no block after {limit} s")
        if not open_ones:
            time.sleep(0.1) # until the next block
    return again


def check_ledger(client, load):
    """Every account, and the sum of all, against the model; the height."""
    tip = client.call("chain_getTip")
    payees, height = set(), 0
    for height in range(1, tip["height"] + 1):
        payees.add(client.call("chain_getHeader", height)["payee"][2:])
    while True: # all answers must be of one tip
        names = load.accounts + sorted(payees - set(load.accounts))
        answers = client.batch("chain_getAccount", ["0x" + a for a in names])
        supply = client.call("chain_getSupply")
        heights = {a["height"] for a in answers} | {supply["height"]}
        if len(heights) == 1:
            break
        expect(client.calls < 10 ** 6, "the tip never rests")
    height = heights.pop()
    model, nonces = load.balances(), load.nonces()
    total = 0
    for name, a in zip(names, answers):
        total += int(a["balance"])
        if name in payees:
            continue
        equal(int(a["balance"]), model[name], f"the balance of {name}")
        equal(int(a["nonce"]), nonces[name], f"the nonce of {name}")
    immature = sum(int(a["immature"]) for a in answers)
    issued = load.issued(height)
    equal(total + immature, issued, "balances and uncredited rewards")
    equal((int(supply["issued"]), int(supply["immature"]),
           int(supply["spendable"])), (issued, immature, total), "the supply")
    return height


def check_roots(home, load):
    """`chain verify` from genesis comes to the tip's state root; its
    summary."""
    verified = home.verify()
    tip = home.tip()
    equal(verified["tip"], tip["id"], "the verified tip")
    header = home.run("chain", "header", tip["height"], "--json",
                      "--quiet").exits(0).json()
    equal(verified["state_root"], header["state_root"], "the state root")
    equal(verified["txs"], len(load.all()),
          "the number of transfers in blocks")
    return verified


def rss(node):
    """Resident memory in MB."""
    with open(f"/proc/{node.pid}/status", encoding="utf-8") as f:
        for line in f:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
    raise AssertionError("no VmRSS")
