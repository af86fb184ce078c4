#!/usr/bin/env -S python3 -B
"""The database as its operator meets it: db.py SPACETIME [PART OF A NAME].

Sizes, whole checks, copies beside a running node, the way back, pruning.
"""

import json
import os
import re

from harness import (FAILED, OK, UNREACHABLE, USAGE, Home, claim, equal,
                     expect, files_below, flip, hash_of, main, seeded, work)

BLOCKS = 12


def base():
    """A stopped home; nothing here changes it."""
    home = Home.__new__(Home)
    home.root, home.network = work("base"), "quick"
    if not os.path.exists(home.root):
        home = Home("base")
        home.grow(BLOCKS)
    return home


def check(home):
    return home.run("db", "verify", "--json", "--quiet")


def sound(home):
    found = check(home).exits(OK).json()
    equal(found["damages"], [], "the damages")
    return found


@claim("db stats tells sizes, indexes and growth, with and without a node")
def _():
    home = base().copy("stats")
    offline = home.run("db", "stats", "--json").exits(OK).json()
    equal(offline["height"], home.tip()["height"], "the height")
    tables = {t["name"]: t for t in offline["tables"]}
    equal(tables["blocks"]["entries"], BLOCKS + 1, "the blocks")
    equal(tables["times"]["entries"], BLOCKS + 1, "the times")
    expect(offline["growth_per_day_bytes"] > 0, "no growth")
    equal(offline["indexes"]["history"], None, "the index that is off")
    equal(offline["indexes"]["txs"], {"from": 0, "next": BLOCKS + 1},
          "the range of the index")
    home.run("db", "stats").exits(OK).says(r"segments +.* in 1 files",
                                           r"growth ", r"history off")
    node = home.start_up()
    home.until_answers(node)
    home.run("db", "stats").exits(OK)
    node.stop().exits(OK)
    Home("none").run("db", "stats").exits(UNREACHABLE)
    home.remove()


@claim("db verify passes on a sound home and names a flipped byte anywhere")
def _():
    found = sound(base())
    equal(found["blocks"], BLOCKS + 1, "the blocks read")
    equal(found["undo_records"], BLOCKS, "the undo records read")
    dice = seeded("db verify")
    home = base().copy("flips")
    segment = home.path("chain", "blocks", "000000.seg")
    size = os.path.getsize(segment)
    for offset in sorted(dice.randrange(size) for _ in range(8)):
        flip(segment, offset)
        bad = check(home).exits(FAILED).says(r"000000\.seg")
        expect(bad.json()["damages"], "no damage is listed")
        flip(segment, offset)
    # Every copy of a value: which of them is the newest only LMDB knows.
    tables = home.path("chain", "data.mdb")
    with open(tables, "rb") as f:
        raw = f.read()
    key = b"segment_end"
    places = [m.end() + 3 for m in re.finditer(re.escape(key), raw)]
    for at in places:
        flip(tables, at)
    check(home).exits(FAILED).says(r"data\.mdb: table meta, key "
                                   + key.hex())
    for at in places:
        flip(tables, at)
    sound(home)
    home.remove()


@claim("a backup beside a running node is whole, and a node starts from it")
def _():
    home = base().copy("backup")
    node = home.start_up()
    home.until_answers(node)
    target = work("backups", "first")
    made = home.run("db", "backup", target, "--json", "--quiet").exits(OK).json()
    expect(made["height"] >= BLOCKS, "an old height")
    again = home.run("db", "backup", target)
    again.exits(FAILED).says(r"not empty")
    node.stop().exits(OK)
    for line in open(os.path.join(target, "SHA256SUMS"), encoding="utf-8"):
        wanted, name = line.strip().split("  ", 1)
        equal(hash_of(os.path.join(target, name)), wanted, name)
    expect(not os.path.exists(os.path.join(target, "lock.mdb")), "a lock file")
    other = base().copy("restored")
    os.rename(other.path("chain"), other.path("chain.lost"))
    os.rename(target, other.path("chain"))
    equal(other.tip()["height"], made["height"], "the restored height")
    sound(other)
    other.grow(2)
    expect(other.tip()["height"] >= made["height"] + 2, "no new blocks")
    home.remove()
    other.remove()


@claim("rollback asks, goes back, and the node mines on from there")
def _():
    home = base().copy("rollback")
    before = home.tip()
    home.run("db", "rollback", "--to", 5).exits(FAILED).says(r"--yes",
                                                            r"nothing was")
    equal(home.tip(), before, "the tip without a yes")
    home.run("db", "rollback", "--to", BLOCKS + 50, "--yes").exits(FAILED) \
        .says(rf"ends at height {BLOCKS}")
    fifth = home.run("chain", "block", "5", "--json", "--quiet").json()
    done = home.run("db", "rollback", "--to", 5, "--yes", "--json",
                    "--quiet").exits(OK).json()
    equal((done["from"], done["height"], done["forgotten"]),
          (BLOCKS, 5, BLOCKS - 5), "what was done")
    equal(home.tip()["id"], fifth["id"], "the new tip")
    equal(done["state_root"], fifth["state_root"], "the state root")
    sound(home)
    home.verify()
    home.grow(3)
    expect(home.tip()["height"] >= 8, "no new blocks")
    node = home.start_up()
    home.until_answers(node)
    home.run("db", "rollback", "--to", 2, "--yes").exits(FAILED) \
        .says(r"already running|another process", r"stop the node")
    home.run("db", "compact").exits(FAILED).says(r"stop the node")
    node.stop().exits(OK)
    home.remove()


@claim("rollback gets a home going again whose newest blocks are damaged")
def _():
    home = base().copy("mended")
    segment = home.path("chain", "blocks", "000000.seg")
    flip(segment, os.path.getsize(segment) - 10)
    home.up("--blocks", 1).exits(FAILED).says(r"000000\.seg")
    check(home).exits(FAILED).says(rf"at height {BLOCKS}", r"rollback --to")
    home.run("db", "rollback", "--to", BLOCKS - 1, "--yes").exits(OK)
    home.grow(2)
    home.verify()
    sound(home)
    home.remove()


@claim("compact makes the file smaller and loses nothing")
def _():
    home = base().copy("compact")
    before, root = home.tip(), sound(home)["state_root"]
    done = home.run("db", "compact", "--json", "--quiet").exits(OK).json()
    expect(done["after_bytes"] <= done["before_bytes"], f"{done}")
    equal(home.tip(), before, "the tip")
    equal(sound(home)["state_root"], root, "the state root")
    equal([n for n in files_below(home.path("chain"))
           if n.endswith((".old", ".tmp"))], [], "files that were left")
    home.grow(1)
    home.remove()


@claim("an index that is turned on is built at the start, and off again goes")
def _():
    home = base().copy("indexes")
    home.node_toml("config_version = 1", "[storage]", "history_index = true",
                   "tx_index = false")
    node = home.start_up()
    home.until_answers(node)
    payee = home.call("chain_getBlock", 1)["result"]["payee"]
    rows = home.call("chain_getHistory", payee)["result"]["rows"]
    expect(any(r["kind"] == "reward" and r["earned_at"] == 1 for r in rows),
           f"no reward in {rows}")
    refused = home.call("tx_get", "0x" + "00" * 32)["error"]
    expect("storage.tx_index" in json.dumps(refused), f"{refused}")
    node.stop().exits(OK)
    sound(home)
    home.node_toml("config_version = 1")
    home.grow(1)
    stats = home.run("db", "stats", "--json").exits(OK).json()
    equal(stats["indexes"]["history"], None, "the index that is off")
    sound(home)
    home.run("chain", "tx", "00" * 32).exits(FAILED).says(r"no block")
    home.run("chain", "tx", "xyz").exits(USAGE).says(r"64 hex digits")
    home.remove()


@claim("pruning below what a reorganisation may need is refused with the "
       "reason")
def _():
    home = base().copy("prune")
    home.node_toml("config_version = 1", "[storage]", 'prune = "5 blocks"')
    home.up("--blocks", 1).exits(USAGE).says(r"at least \d+ eras")
    home.node_toml("config_version = 1", "[storage]", 'prune = "many"')
    home.up("--blocks", 1).exits(USAGE).says(r"storage\.prune|expected")
    home.remove()


if __name__ == "__main__":
    main()
