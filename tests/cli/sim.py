"""sim chain, chain mine and sim difficulty, as their user meets them."""

import os
import re

from harness import (FAILED, OK, USAGE, Home, Running, claim, equal,
                     expect, files_below, hash_of, main, run, work)


def sim(home, *arguments, **more):
    return home.run("sim", "chain", *arguments, **more)


def made(home, *arguments, **more):
    """What sim chain --json says."""
    return sim(home, "--json", *arguments, **more).exits(OK).json()


@claim("sim chain twice with one seed gives equal tips, and verify passes")
def _():
    a, b, c = (Home(f"twice-{i}", "regtest") for i in "abc")
    flags = ["--blocks", 30, "--txs", 3, "--accounts", 10]
    first = made(a, *flags, "--seed", 5)
    equal(first["height"], 30, "the height")
    expect(first["txs"] > 60, f"only {first['txs']} payments")
    equal(made(b, *flags, "--seed", 5)["tip"], first["tip"], "the second tip")
    expect(made(c, *flags, "--seed", 6)["tip"] != first["tip"],
           "another seed made the same blocks")
    for home in (a, b, c):
        checked = home.verify()
        equal(checked["blocks"], 30, "the verified blocks")
    equal(a.verify()["txs"], first["txs"], "the verified payments")
    equal(a.tip()["id"], first["tip"], "the stored tip")


@claim("sim chain of network sim verifies, and its time steps by tau")
def _():
    home = Home("sim", "sim")
    said = made(home, "--blocks", 2000)
    checked = home.verify()
    equal((checked["blocks"], checked["tip"]), (2000, said["tip"]), "the chain")
    start = home.run("chain", "block", 0, "--json", "--quiet").json()["time"]
    equal(said["time"], start + 10_000 * said["epoch"], "the tip's time")


@claim("sim chain never writes over a chain")
def _():
    home = Home("twice", "regtest")
    made(home, "--blocks", 2)
    before = {name: hash_of(home.path(name))
              for name in files_below(home.path()) if "chain/" in name}
    again = sim(home, "--blocks", 3)
    again.exits(FAILED).says("there is a chain already", "--home")
    after = {name: hash_of(home.path(name))
             for name in files_below(home.path()) if "chain/" in name}
    equal(after, before, "the chain's files")


@claim("Ctrl-C leaves a shorter chain that verifies")
def _():
    home = Home("interrupted", "sim")
    running = home_start(home, "sim", "chain", "--blocks", 50_000_000)
    running.until(lambda: stored_blocks(home), 30, "a block in the database")
    running.stop(limit=20).exits(FAILED).says("interrupted")
    checked = home.verify()
    expect(0 < checked["blocks"] < 50_000_000, f"{checked['blocks']} blocks")
    equal(home.tip()["id"], checked["tip"], "the tip")


def home_start(home, *arguments):
    return Running(*arguments, *home.flags())


def stored_blocks(home):
    """Whether the first batch has been written."""
    try:
        return os.path.getsize(home.path("chain", "blocks", "000000.seg")) > 9000
    except FileNotFoundError:
        return False


@claim("a side branch is stored below the tip, and a node goes on")
def _():
    home = Home("branch", "regtest")
    said = made(home, "--blocks", 25, "--fork-at", 18, "--fork-blocks", 4)
    equal(said["fork_blocks"], 4, "the branch")
    equal(home.verify()["tip"], said["tip"], "the tip")
    side = home.run("chain", "block", said["fork_tip"], "--json",
                    "--quiet").exits(OK).json()
    equal((side["height"], side["on_best_chain"]), (22, False), "the side tip")
    node = home.start("up", "--json", "--plots", 4, "--blocks", 1)
    node.wait(60).exits(OK)
    checked = home.verify()
    expect(checked["blocks"] >= 26, f"only {checked['blocks']} blocks")
    equal(home.run("chain", "block", 25, "--json", "--quiet").json()["id"],
          said["tip"], "the block under the node's")


@claim("sim chain refuses what cannot be, and leaves nothing behind")
def _():
    home = Home("refused", "regtest")
    for flags, why in ((["--blocks", 0], "--blocks"),
                       ([], "--blocks is required"),
                       (["--blocks", 9, "--accounts", 5], "--txs"),
                       (["--blocks", 9, "--txs", 1, "--accounts", 1],
                        "--accounts"),
                       (["--blocks", 9, "--fork-at", 5], "--fork-blocks"),
                       (["--blocks", 9, "--fork-at", 5, "--fork-blocks", 4],
                        "would reach block 9")):
        sim(home, *flags).exits(USAGE).says(re.escape(why))
    run("sim", "chain", "--blocks", 1, "--home", work("refused"), "--network",
        "testnet").exits(USAGE).says("k=24")
    run("sim", "chain", "--blocks", 1, "--home", work("refused"), "--network",
        "mainnet").exits(USAGE).says("has not started")
    expect(not os.path.exists(work("refused")), "something was made")


@claim("chain mine extends the chain with the home's key, and verify passes")
def _():
    home = Home("mined", "regtest")
    first = home.run("chain", "mine", 3, "--json").exits(OK)
    first.says("in memory")
    equal(first.json()["height"], 3, "the height")
    home.run("plot", "create", "--count", 3).exits(OK)
    second = home.run("chain", "mine", 5, "--json").exits(OK)
    expect("in memory" not in second.err, "plots on disk were not used")
    equal(second.json()["height"], 8, "the height")
    checked = home.verify()
    equal((checked["blocks"], checked["tip"]), (8, second.json()["tip"]),
          "the chain")
    payees = {home.run("chain", "block", h, "--json", "--quiet").json()["payee"]
              for h in range(1, 9)}
    equal(len(payees), 1, "the number of payees")
    home.start("up", "--json", "--blocks", 1).wait(60).exits(OK)
    expect(home.verify()["blocks"] > 8, "the node did not go on")


@claim("chain mine goes on from a chain that sim chain wrote")
def _():
    home = Home("mixed", "regtest")
    made(home, "--blocks", 5, "--txs", 2)
    home.run("chain", "mine", 2, "--quiet").exits(OK)
    equal(home.verify()["blocks"], 7, "the verified blocks")


@claim("chain mine says so when a node runs, and changes nothing")
def _():
    home = Home("running")
    node = home.start_up("--plots", 2)
    node.until_blocks(1)
    refused = home.run("chain", "mine", 1).exits(FAILED)
    refused.says(str(node.pid), "stop the node first")
    node.stop().exits(OK)
    home.verify()


@claim("chain mine stops where the clock does not allow a block yet")
def _():
    home = Home("ahead")
    home.grow(1) # a tip of now
    said = home.run("chain", "mine", 100_000, "--json").exits(FAILED)
    said.says("caught up with the clock")
    answer = said.json()
    expect(answer["caught_up"], "caught_up is false")
    expect(answer["blocks"] < 1000, f"{answer['blocks']} blocks")
    equal(home.verify()["tip"], answer["tip"], "the tip")


@claim("chain mine is for networks of one's own")
def _():
    for network in ("mainnet", "testnet", "sim"):
        run("chain", "mine", 1, "--home", work("own"), "--network",
            network).exits(USAGE).says("devnet and regtest")
    expect(not os.path.exists(work("own")), "something was made")


def charts(name, *flags):
    """Names and hashes of what sim difficulty writes."""
    run("sim", "difficulty", "--out", work(name), *flags).exits(OK)
    return {f: hash_of(work(name, f)) for f in files_below(work(name))}


@claim("sim difficulty writes the same bytes for a seed, and others for another")
def _():
    first = charts("charts")
    expect(len(first) >= 14, f"only {len(first)} files")
    equal({f.rpartition(".")[2] for f in first}, {"csv", "svg"}, "the kinds")
    equal(charts("again"), first, "the second run's files")
    equal(set(charts("other", "--seed", 2)), set(first), "their names")
    expect(charts("other", "--seed", 2) != first, "the seed changes nothing")


@claim("sim difficulty prints every scenario, and JSON of them")
def _():
    table = run("sim", "difficulty").exits(OK)
    table.says("space-x4", "space-d100", "hopper", "timelord-x2", "accumulator",
               "average-1152")
    said = run("sim", "difficulty", "--json").exits(OK).json()
    equal(said["schema"], 1, "the schema")
    steps = [s for s in said["space"] if s["scenario"].startswith("space-")
             and s["rule"] == "accumulator"]
    equal(len(steps), 4, "the steps of space")
    for step in steps:
        expect(step["recovered_epochs"] is not None, f"no recovery: {step}")
    run("sim", "difficulty", "--network", "nonet").exits(FAILED)


if __name__ == "__main__":
    main()
