#!/usr/bin/env -S python3 -B
"""kill -9 at seeded moments: kill_nine.py SPACETIME [PART OF A NAME].

SPACETIME_KILLS is the number of kills, 10 unless set; SPACETIME_SEED chooses
other moments.
"""

import os
import signal
import time

from harness import (OK, Home, claim, equal, expect, files_below, hash_of,
                     main, seeded)

KILLS = int(os.environ.get("SPACETIME_KILLS", "10"))
RESTART = 5 # seconds until a killed node answers again


def kill_after(node, seconds):
    """Lets it run, unless it ends by itself, which it must not."""
    end = node.begun + seconds
    while time.monotonic() < end:
        expect(not node.is_over(), "it ended by itself")
        time.sleep(0.002)
    return node.stop(signal.SIGKILL)


@claim(f"after each of {KILLS} kills a node is back in 5 s with every block")
def _():
    dice = seeded("kill_nine")
    home = Home("home")
    home.grow(2)
    printed = {} # height -> id of the last block that was acknowledged there
    slowest = 0
    for kill in range(KILLS):
        verb = ["node", "--json", "--quiet"] if kill % 2 else \
            ["up", "--json", "--quiet", "--plots", 4]
        node = home.start(*verb)
        if kill % 3 == 2: # in the start, where nothing is known of it
            kill_after(node, dice.uniform(0, 0.3))
        else:
            tip = home.until_answers(node, RESTART)
            slowest = max(slowest, time.monotonic() - node.begun)
            check_kept(home, tip, printed)
            kill_after(node, time.monotonic() - node.begun
                       + dice.uniform(0, 1.2))
        for block in node.blocks():
            printed[block["height"]] = block["id"]
    tip = home.tip()
    check_kept(home, tip, printed)
    expect(len(printed) >= KILLS // 3, f"only {len(printed)} blocks came")
    verified = home.verify()
    equal(verified["tip"], tip["id"], "the verified tip")
    home.up("--blocks", 1, "--quiet", limit=30).exits(OK)
    print(f"# {len(printed)} blocks; the slowest start took {slowest:.2f} s")


def check_kept(home, tip, printed):
    """The tip is at least as high as what was printed, on the same chain."""
    last = max(printed, default=0)
    expect(tip["height"] >= last, f"{tip} is below the printed {last}")
    for height in sorted(printed)[-3:]:
        kept = home.run("chain", "header", height, "--json", "--quiet")
        equal(kept.exits(OK).json()["id"], printed[height], f"block {height}")


@claim("a kill while the next block is computed keeps the RPC files harmless")
def _():
    home = Home("stale")
    home.grow(1)
    node = home.start_up()
    home.until_answers(node, RESTART)
    node.stop(signal.SIGKILL)
    expect(home.rpc_address(), "the killed node left no address behind")
    told = home.run("status", "--json").exits(OK).json()
    equal((told["state"], told["source"]), ("stopped", "database"), "status")
    node = home.start_up()
    home.until_answers(node, RESTART)
    node.stop().exits(OK)


@claim("a kill in the very first start leaves a home that the next one completes")
def _():
    dice = seeded("first start")
    for attempt in range(max(KILLS, 4)):
        home = Home(f"first-{attempt}")
        node = home.start_up("--plots", 2)
        # Directories, keys, plots, database: spread over all of these.
        kill_after(node, 0.35 * (attempt + dice.random()) / max(KILLS, 4))
        secrets = {name: hash_of(home.path("keys", name))
                   for name in files_below(home.path("keys"))
                   if name.endswith(".key")}
        home.grow(1, plots=2)
        for name, before in secrets.items():
            equal(hash_of(home.path("keys", name)), before, f"the hash of {name}")
        home.run("plot", "check", "--samples", 1).exits(OK)
        left = [f for f in files_below(home.path("plots")) if ".tmp" in f]
        equal(left, [], "what the killed plotter left")
        home.remove()


@claim("a kill between the two key files loses no key")
def _():
    home = Home("half")
    home.grow(1, plots=2)
    # The wallet is written first, and the farmer's key is made from it.
    farmer = home.path("keys", "farmer.key")
    before = hash_of(farmer)
    os.unlink(farmer)
    home.grow(1, plots=2)
    equal(hash_of(farmer), before, "the hash of the farmer's key")
    equal(len(os.listdir(home.path("plots"))), 2, "the number of plots")


@claim("farmer.key without wallet.key is refused, and nothing takes its place")
def _():
    home = Home("walletless")
    home.grow(1, plots=1)
    os.unlink(home.path("keys", "wallet.key"))
    home.up("--blocks", 1).exits(1).says("wallet.key")
    equal(os.listdir(home.path("keys")), ["farmer.key"], "the key files")


@claim("the lock of a killed node holds nobody up")
def _():
    home = Home("lock")
    home.grow(1, plots=1)
    node = home.start_up()
    home.until_answers(node, RESTART)
    pid = node.pid
    node.stop(signal.SIGKILL)
    with open(home.path("run", "lock"), encoding="utf-8") as f:
        equal(int(f.read()), pid, "the process id in the lock")
    home.grow(1, plots=1)


if __name__ == "__main__":
    main()
