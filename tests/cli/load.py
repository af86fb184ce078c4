#!/usr/bin/env -S python3 -B
"""Transfers through the RPC of a whole node: load.py SPACETIME [NAME].

SPACETIME_LOAD is "ACCOUNTS,TRANSFERS,REFUSED", 200,3000,10000 unless set; the
full size is 1000,50000,100000. SPACETIME_LOAD_NETWORK is quick (a regtest with
four ticks a second) unless set; devnet works, too.
"""

import os
import time

from harness import OK, Home, claim, equal, expect, main, seeded, work
from transfers import (BATCH, Client, Follower, Load, check_ledger,
                       check_roots, rss, submit_all)

ACCOUNTS, TRANSFERS, REFUSED = (int(n) for n in os.environ.get(
    "SPACETIME_LOAD", "200,3000,10000").split(","))
NETWORK = os.environ.get("SPACETIME_LOAD_NETWORK", "quick")
PATIENCE = 120 # seconds without a block that takes a transfer

_load = None


def home():
    made = Home.__new__(Home)
    made.root, made.network = work("home"), NETWORK
    return made


@claim(f"all of {TRANSFERS} transfers of {ACCOUNTS} accounts end in blocks, "
       "and every mote is where it belongs")
def _():
    global _load
    at = Home("home", NETWORK)
    at.grow(1)
    _load = load = Load(at, ACCOUNTS, TRANSFERS)
    node = at.start_up("--quiet")
    at.until_answers(node)
    before = rss(node)
    client = Client(at)
    follower = Follower(client)
    begun, again = time.monotonic(), 0
    for phase in load.phases:
        again += submit_all(client, follower, phase, PATIENCE)
    took = time.monotonic() - begun
    check_ledger(client, load)
    after = rss(node)
    print(f"# {len(load.all())} transfers in {follower.height} blocks, "
          f"{took:.1f} s, {len(load.all()) / took:.0f}/s; {again} offers "
          f"again; signed in {load.signing:.1f} s")
    print(f"# VmRSS {before:.0f} MB before, {after:.0f} MB after")
    # Of each transfer its bytes wait in the pool, and some copies on the way.
    bound = 96 + 0.004 * len(load.all())
    expect(after - before < bound, f"{after - before:.0f} MB more in memory")
    node.stop().exits(OK)


@claim("chain verify from genesis comes to the same state root")
def _():
    verified = check_roots(home(), _load)
    print(f"# {verified['blocks']} blocks, {verified['txs']} transfers in "
          f"{verified['seconds']:.1f} s")


def mutated(dice, raw):
    """A transfer with one bit of its bytes turned, or cut, or longer."""
    kind = dice.randrange(20)
    if kind == 0:
        return raw[:2 * dice.randrange(len(raw) // 2)]
    if kind == 1:
        return raw + "00" * dice.randrange(1, 9)
    at = dice.randrange(len(raw))
    return raw[:at] + f"{int(raw[at], 16) ^ 1 << dice.randrange(4):x}" + \
        raw[at + 1:]


@claim(f"{REFUSED} mutated transfers are refused, and memory stays flat")
def _():
    dice = seeded("mutated")
    at = home()
    some = _load.phases[-1][:1000]
    node = at.start_up("--quiet")
    at.until_answers(node)
    client = Client(at)
    codes, sizes = {}, []
    warm = max(REFUSED // 10, BATCH)
    begun = time.monotonic()
    for done in range(0, REFUSED, BATCH):
        raws = [mutated(dice, dice.choice(some).raw) for _ in range(BATCH)]
        for answer in client.call("tx_submit", raws):
            expect("error" in answer, f"one was taken: {answer}")
            code = answer["error"]["data"]["code"]
            codes[code] = codes.get(code, 0) + 1
        if done >= warm:
            sizes.append(rss(node))
    print(f"# {REFUSED / (time.monotonic() - begun):.0f}/s: " + ", ".join(
        f"{code} {n}" for code, n in sorted(codes.items())))
    expect("busy" not in codes, "a busy node refused nothing")
    equal(client.call("tx_getPool")["txs"], [], "the pool")
    growth = max(sizes) - sizes[0]
    print(f"# VmRSS {sizes[0]:.0f} MB after {warm}, {sizes[-1]:.0f} MB at the "
          f"end, {growth:.1f} MB more at most")
    expect(growth < 32, f"{growth:.0f} MB more in memory")
    expect({"bad_signature", "bad_tx_size", "bad_tx_version"} <= codes.keys(),
           f"{codes}")
    node.stop().exits(OK)


@claim("every old transfer is refused when it comes again")
def _():
    at = home()
    node = at.start_up("--quiet")
    at.until_answers(node)
    client = Client(at)
    old = _load.all()
    for start in range(0, min(len(old), 20 * BATCH), BATCH):
        part = old[start:start + BATCH]
        for answer in client.call("tx_submit", [t.raw for t in part]):
            equal(answer["error"]["data"]["code"], "nonce_too_low", "the code")
    node.stop().exits(OK)


if __name__ == "__main__":
    main()
