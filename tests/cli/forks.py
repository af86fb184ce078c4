#!/usr/bin/env -S python3 -B
"""Forks, and what an operator may do to them: forks.py SPACETIME [PART]."""

import os
import pty
import signal

from harness import (FAILED, OK, UNREACHABLE, USAGE, Home, Running, claim, equal,
                     expect, main)

_made = {}


def home():
    """A chain of a few blocks, made once; no node runs."""
    if "home" not in _made:
        _made["home"] = Home("home")
        _made["home"].grow(6)
    return _made["home"]


def forks(at):
    return at.run("chain", "forks", "--json", "--quiet").exits(OK).json()["forks"]


def header(at, block):
    return at.run("chain", "header", block, "--json", "--quiet").exits(OK).json()


class still:
    """A node that makes no blocks: it has no plots and no timelord."""

    def __init__(self, at):
        self.at = at

    def __enter__(self):
        os.makedirs(self.at.path("no-plots"), exist_ok=True)
        self.at.node_toml("config_version = 1", "[farm]",
                          'plot_dirs = ["no-plots"]', "[timelord]",
                          'mode = "off"')
        self.node = self.at.start("node", "--json", "--quiet")
        self.at.until_answers(self.node)
        return self.node

    def __exit__(self, *_):
        if not self.node.is_over():
            self.node.stop().exits(OK)
        self.at.node_toml("config_version = 1")


@claim("a chain without forks says so, with a node and without")
def _():
    at = home()
    equal(forks(at), [], "the forks")
    at.run("chain", "forks").exits(OK).says("no forks", "from the database")
    with still(at):
        at.run("chain", "forks").exits(OK).says("no forks")
        at.run("chain", "reorgs").exits(OK).says("no reorganisations")
        equal(at.run("chain", "reorgs", "--json").exits(OK).json(),
              {"schema": 1, "reorgs": []}, "the reorganisations")


@claim("orders need a node, a block and a yes")
def _():
    at = home()
    at.run("chain", "invalidate", 3, "--yes").exits(UNREACHABLE)
    at.run("chain", "reorgs").exits(UNREACHABLE).says("in memory")
    at.run("chain", "invalidate").exits(USAGE)
    with still(at):
        tip = at.tip()
        at.run("chain", "invalidate", 3).exits(USAGE).says("--yes")
        for wrong in ("3x", "tip", 999, "f" * 64):
            result = at.run("chain", "invalidate", wrong, "--yes")
            expect(result.code != OK, f"{wrong} was taken")
        at.run("chain", "invalidate", 0, "--yes").says("genesis")
        equal(at.tip(), tip, "the tip")


@claim("an invalidated grandparent takes the tip back, new blocks go another "
       "way, and reconsider returns to the heavier chain")
def _():
    at = home().copy("go-back")
    old_tip = at.tip()
    grandparent = header(at, old_tip["height"] - 2)
    with still(at):
        said = at.run("chain", "invalidate", grandparent["id"], "--yes",
                      "--json").exits(OK).json()
        equal((said["moved"], said["height"]), (True, old_tip["height"] - 3),
              "what the order did")
        equal(said["tip"], grandparent["parent"], "the tip it told")
        equal(at.tip()["id"], grandparent["parent"], "the tip")
        fork, = forks(at)
        equal((fork["id"], fork["status"], fork["length"], fork["cause"]),
              (old_tip["id"], "invalidated", 3, grandparent["id"]), "the fork")
        reorg, = at.run("chain", "reorgs", "--json").exits(OK).json()["reorgs"]
        equal((reorg["depth"], reorg["reason"], reorg["old_tip"]),
              (3, "invalidate", old_tip["id"]), "the reorganisation")
        at.run("chain", "reorgs").exits(OK).says("depth 3", "invalidate")
        at.run("status").says("1 reorgs")
    # Without a node the database tells the same.
    at.run("chain", "forks").exits(OK).says(old_tip["id"], "invalidated at")
    at.grow(1)
    other = at.tip()
    expect(other["height"] == old_tip["height"] - 2
           and other["id"] != grandparent["id"], f"it built {other}")
    at.verify()
    with still(at):
        said = at.run("chain", "reconsider", old_tip["id"],
                      "--yes").exits(OK).says("the tip is now", old_tip["id"])
        equal(at.tip()["id"], old_tip["id"], "the tip")
        fork, = forks(at)
        equal((fork["id"], fork["status"], fork["cause"]),
              (other["id"], "valid", None), "the fork")
        at.run("chain", "reconsider", old_tip["id"],
               "--yes").exits(OK).says("the tip is still")
    equal(at.verify()["tip"], old_tip["id"], "the verified tip")


@claim("a mark outlives kill -9 and restarts, and so do the forks")
def _():
    at = home().copy("killed")
    old_tip = at.tip()
    block = header(at, old_tip["height"] - 1)
    with still(at) as node:
        at.run("chain", "invalidate", block["id"], "--yes").exits(OK)
        node.stop(signal.SIGKILL)
    equal(at.tip()["id"], block["parent"], "the tip after the kill")
    for _ in range(2):
        with still(at) as node:
            equal(at.tip()["id"], block["parent"], "the tip after the start")
            fork, = forks(at)
            equal((fork["id"], fork["status"]), (old_tip["id"], "invalidated"),
                  "the fork")
            node.stop(signal.SIGKILL)
    with still(at) as node:
        at.run("chain", "reconsider", block["id"], "--yes").exits(OK)
        node.stop(signal.SIGKILL)
    equal(at.tip()["id"], old_tip["id"], "the tip")
    equal(at.verify()["tip"], old_tip["id"], "the verified tip")


@claim("the confirmation says what will happen, and no leaves all as it was")
def _():
    at = home().copy("asked")
    tip = at.tip()
    with still(at):
        for answer, code, moves in ((b"n\n", FAILED, False),
                                    (b"y\n", OK, True)):
            terminal, theirs = pty.openpty()
            verb = Running("chain", "invalidate", tip["height"] - 1,
                           *at.flags(), stdin=theirs)
            verb.until_says(r"1 above it leave the chain")
            os.write(terminal, answer)
            verb.wait(10).exits(code)
            os.close(theirs)
            os.close(terminal)
            equal(at.tip()["id"] != tip["id"], moves, "whether the tip moved")


if __name__ == "__main__":
    main()
