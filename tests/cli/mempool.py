#!/usr/bin/env -S python3 -B
"""What waits, and what stays of it: mempool.py SPACETIME [PART OF A NAME].

The node has no plots, so nothing it takes ever leaves by a block.
"""

import os
import re

from harness import (FAILED, OK, UNREACHABLE, USAGE, Home, claim, equal,
                     expect, flip, main, run, wait_until, work)
from signing import payment


def home():
    made = Home.__new__(Home)
    made.root, made.network = work("home"), "quick"
    if not os.path.exists(made.root):
        made = Home("home")
        start(made).stop().exits(OK)
    return made


def start(at):
    node = at.start("node", "--quiet")
    at.until_answers(node)
    return node


def waiting(at):
    told = at.run("mempool", "stats", "--json").exits(OK).json()
    equal(told["schema"], 1, "the schema")
    return told["txs"]


def pay(at, nonces, fee=1000):
    """Offers payments together; their ids."""
    network = at.call("chain_getSpec")["result"]["network_id"]
    all_of_them = [payment(network, n, fee) for n in nonces]
    told = at.call("tx_submit", [raw for raw, _ in all_of_them])["result"]
    for item, (_, txid) in zip(told, all_of_them):
        equal(item, {"txid": txid}, "the verdict")
    return [txid for _, txid in all_of_them]


def until_waiting(at, count):
    wait_until(lambda: waiting(at) == count, 20, f"{count} wait")


@claim("without a node each verb exits with 3 and says what to do")
def _():
    for verb in (("list",), ("stats",), ("show", "0" * 64)):
        told = run("mempool", *verb, "--home", work("none"))
        told.exits(UNREACHABLE).says("no node", "spacetime up")
        expect(len(told.err.splitlines()) <= 3, told.err)


@claim("a typo, a bad limit and a missing id exit with 2")
def _():
    for arguments in (("lits",), ("list", "--limit", "0"),
                      ("list", "--limit", "1001"), ("list", "--limit", "x"),
                      ("show",), ()):
        run("mempool", *arguments).exits(USAGE).says("spacetime --help")


@claim("an empty mempool says so in words and in JSON")
def _():
    node = start(home())
    home().run("mempool", "list").exits(OK).says("nothing waits")
    told = home().run("mempool", "list", "--json").exits(OK).json()
    equal((told["schema"], told["txs"], told["next"]), (1, [], None), "list")
    home().run("mempool", "stats").exits(OK).says(
        "0 transactions", "1000 motes per 1000 bytes")
    home().run("mempool", "show", "0" * 64).exits(FAILED).says("error: ")
    home().run("mempool", "show", "xyz").says("error: ")
    home().run("mempool", "list", "--after", "zz").says("error: ")
    node.stop().exits(OK)


@claim("payments are listed by rate, page by page, and shown")
def _():
    node = start(home())
    cheap = pay(home(), [0], 500)[0]
    dear = pay(home(), [1], 2000)[0]
    first = home().run("mempool", "list", "--limit", 1, "--json").exits(OK)
    first = first.json()
    equal(first["txs"][0]["txid"], dear, "the first")
    second = home().run("mempool", "list", "--after", first["next"],
                        "--json").exits(OK).json()
    equal([t["txid"] for t in second["txs"]], [cheap], "the second page")
    home().run("mempool", "list").exits(OK).says(dear[2:18], "0.000002")
    home().run("mempool", "show", cheap).exits(OK).says(
        cheap, "waiting", r"fee +0\.0000005\n")
    home().run("mempool", "stats").exits(OK).says("2 transactions")
    again = home().call("tx_submit", payment(
        home().call("chain_getSpec")["result"]["network_id"], 0, 550)[0])
    equal(again["error"]["data"]["code"], "pool_full", "a cheap replacement")
    node.stop().exits(OK)


@claim("a restart keeps what waits")
def _():
    node = start(home())
    until_waiting(home(), 2)
    account = home().call("tx_getPool")["result"]["txs"][0]["sender_key"]
    expect(account.startswith("0x"), f"{account}")
    pay(home(), range(2, 30))
    node.stop().exits(OK)
    with open(home().path("mempool.dat"), "rb") as f:
        raw = f.read()
    equal(raw[:8], b"STPOOL\r\n", "the magic")
    equal(os.stat(home().path("mempool.dat")).st_mode & 0o777, 0o600,
          "the mode")
    node = start(home())
    until_waiting(home(), 30)
    node.stop().exits(OK)


@claim("SIGKILL leaves the last saved file whole, and it is read")
def _():
    node = start(home())
    until_waiting(home(), 30)
    pay(home(), range(30, 35))
    node.kill()
    equal([n for n in os.listdir(home().path()) if "mempool" in n],
          ["mempool.dat"], "the files")
    node = start(home())
    wait_until(lambda: waiting(home()) in (30, 35), 20, "the saved ones wait")
    node.stop().exits(OK)


@claim("a damaged file is set aside and named in the log, and the node runs")
def _():
    at = home()
    flip(at.path("mempool.dat"), 12)
    node = start(at)
    node.until(lambda: os.path.exists(at.path("mempool.dat.bad")), 20,
               "the file is set aside")
    equal(waiting(at), 0, "what waits")
    pay(at, [0])
    node.stop().exits(OK)
    with open(at.path("log", "spacetime.log"), encoding="utf-8") as f:
        expect(re.search("file_set_aside.*mempool.dat", f.read()),
               "the log does not name it")
    node = start(at)
    until_waiting(at, 1)
    node.stop().exits(OK)


if __name__ == "__main__":
    main()
