#!/usr/bin/env -S python3 -B
"""kill -9 while transfers flow: kill_load.py SPACETIME [PART OF A NAME].

SPACETIME_KILLS is the number of kills, 20 unless set; SPACETIME_SEED chooses
other moments.
"""

import os
import signal
import threading
import time

from harness import OK, Home, Skip, claim, equal, expect, main, seeded
from transfers import (Client, Follower, Load, check_ledger, check_roots,
                       submit_all)

KILLS = int(os.environ.get("SPACETIME_KILLS", "20"))
RESTART = 5 # seconds until a killed node answers again
ORDERS = max(2, KILLS // 4) # blocks invalidated and reconsidered
ACCOUNTS, PER_KILL = 100, 150


class Kept:
    """What the node acknowledged: blocks that it printed or showed."""

    def __init__(self):
        self.ids = {} # height -> id

    def add(self, node):
        for block in node.blocks():
            self.ids[block["height"]] = block["id"]

    def check(self, client):
        top = client.call("chain_getTip")["height"]
        last = max(self.ids, default=0)
        expect(top >= last, f"the tip {top} is below the acknowledged {last}")
        for height in sorted(self.ids)[-3:]:
            got = client.call("chain_getHeader", height)["id"]
            equal(got, self.ids[height], f"block {height}")


def offer_until(client, transfers, moment, is_over=lambda: False):
    """Submits in a loop until a moment, or until it is over; what is refused
    comes again later, and so does all of it after a restart."""
    at = 0
    while time.monotonic() < moment and not is_over():
        part = transfers[at:at + 100]
        at = at + 100 if at + 100 < len(transfers) else 0
        if part:
            _, refused = client.submit(part)
            equal(refused, {}, "the refusals")
        time.sleep(min(0.01, max(0, moment - time.monotonic())))


def still_open(client, transfers):
    """Those whose nonce the ledger has not used, in order."""
    senders = sorted({t.sender for t in transfers})
    answers = client.batch("chain_getAccount", ["0x" + s for s in senders])
    nonce = {s: int(a["nonce"]) for s, a in zip(senders, answers)}
    return [t for t in transfers if t.nonce >= nonce[t.sender]]


@claim(f"after each of {KILLS} kills under load a node is back in {RESTART} s "
       "and has every block and mote")
def _():
    dice = seeded("kill_load")
    home = Home("home")
    home.grow(1)
    load = Load(home, ACCOUNTS, PER_KILL * KILLS)
    kept, slowest = Kept(), 0
    node = home.start_up("--quiet")
    home.until_answers(node)
    client = Client(home)
    follower = Follower(client)
    for phase in load.phases[:-1]:
        submit_all(client, follower, phase, 60)
    open_ones, begun = load.phases[-1], time.monotonic()
    for kill in range(KILLS):
        # So many more may flow, so that there is something in flight each time.
        flowing = still_open(client, open_ones[:PER_KILL * (kill + 1)])
        if kill % 2: # soon after a block, however slow the machine is
            offer_until(client, flowing, time.monotonic() + 10, node.blocks)
            flowing = still_open(client, flowing)
        offer_until(client, flowing, time.monotonic()
                    + dice.uniform(0, 0.5 if kill % 2 else 1.5))
        node.send(signal.SIGKILL)
        node.wait(RESTART)
        kept.add(node)
        client.close()
        if kill % 4 == 3: # once more, in the start
            node = home.start_up("--quiet")
            moment = node.begun + dice.uniform(0, 0.4)
            while time.monotonic() < moment:
                time.sleep(0.005)
            node.send(signal.SIGKILL)
            node.wait(RESTART)
            kept.add(node)
        node = home.start_up("--quiet")
        home.until_answers(node, RESTART)
        slowest = max(slowest, time.monotonic() - node.begun)
        kept.check(client)
    took = time.monotonic() - begun
    again = Follower(client)
    again.follow()
    left = [t for t in open_ones if t.txid not in again.seen]
    submit_all(client, again, left, 60)
    equal(len(again.seen), len(load.all()), "the transfers in blocks")
    check_ledger(client, load)
    kept.check(client)
    node.stop().exits(OK)
    verified = check_roots(home, load)
    print(f"# {KILLS} kills in {took:.0f} s, {len(kept.ids)} acknowledged "
          f"blocks, {verified['txs']} transfers in {verified['blocks']} "
          f"blocks, {len(left)} of them after the last; the slowest restart "
          f"took {slowest:.2f} s")


def order_and_kill(home, node, method, block, delay):
    """Gives an order about a block and kills the node in the midst of it;
    whether the node had acknowledged it."""
    said = []

    def order():
        try:
            said.append(Client(home).try_call(method, block))
        except ConnectionError:
            pass # it was killed before

    asking = threading.Thread(target=order)
    moment = time.monotonic() + delay
    asking.start()
    while time.monotonic() < moment:
        time.sleep(0.0005)
    node.send(signal.SIGKILL)
    node.wait(RESTART)
    asking.join()
    return bool(said and said[0])


def restarted(home, client):
    client.close()
    node = home.start_up("--quiet")
    home.until_answers(node, RESTART)
    return node


@claim(f"{2 * ORDERS} kills in reorganisations leave a whole tip, and no mote "
       "is lost")
def _():
    dice = seeded("kill_reorg")
    home = Home("reorgs")
    home.grow(4)
    load = Load(home, ACCOUNTS, PER_KILL * ORDERS)
    node, client = home.start_up("--quiet"), Client(home)
    home.until_answers(node)
    known = {m["name"] for m in client.call("rpc_methods")}
    if "debug_invalidateBlock" not in known:
        return Skip("this node takes no order about a block")
    follower, orders = Follower(client), [0, 0]
    for phase in load.phases[:-1]:
        submit_all(client, follower, phase, 60)
    everything = load.all()
    for _order in range(ORDERS):
        flowing = still_open(client, everything)[:3 * PER_KILL]
        offer_until(client, flowing, time.monotonic() + dice.uniform(0.2, 1))
        before = client.call("chain_getTip")
        block = client.call("chain_getBlockHash",
                            max(1, before["height"] - dice.randrange(8)))
        done = order_and_kill(home, node, "debug_invalidateBlock", block,
                              0.08 * dice.random() ** 2)
        orders[done] += 1
        node = restarted(home, client)
        on_chain = client.call("chain_getHeader", block)["on_best_chain"]
        expect(not (done and on_chain), f"{block} was invalidated, and is back")
        done = order_and_kill(home, node, "debug_reconsiderBlock", block,
                              0.08 * dice.random() ** 2)
        orders[done] += 1
        node = restarted(home, client)
        client.call("debug_reconsiderBlock", block)
        after = client.call("chain_getTip")
        expect(int(after["weight"]) >= int(before["weight"]),
               f"{after} weighs less than {before} of before")
    again = Follower(client)
    again.follow()
    left = [t for t in everything if t.txid not in again.seen]
    submit_all(client, again, left, 60)
    check_ledger(client, load)
    node.stop().exits(OK)
    verified = check_roots(home, load)
    print(f"# {sum(orders)} kills, {orders[1]} after the order was "
          f"acknowledged; {verified['txs']} transfers in {verified['blocks']} "
          "blocks")


if __name__ == "__main__":
    main()
