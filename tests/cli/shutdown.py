#!/usr/bin/env -S python3 -B
"""How a node ends, and goes on after it: shutdown.py SPACETIME [PART].

A full disk is a small tmpfs, skipped where mounting is not permitted.
"""

import os
import re
import signal
import subprocess
import time

from harness import (FAILED, OK, Home, Skip, claim, equal, expect, main,
                     wait_until, work)

LIMIT = 5 # seconds a shutdown may take


def home():
    """One home that every claim leaves sound."""
    made = Home.__new__(Home)
    made.root, made.network = work("home"), "quick"
    if not os.path.exists(made.root):
        made = Home("home")
        made.grow(1)
    return made


def goes_on(at, blocks):
    """What was printed is still the chain, and it grows."""
    tip = at.tip()
    if blocks:
        expect(tip["height"] >= blocks[-1]["height"],
               f"{tip} is below {blocks[-1]}")
    node = at.start_up("--quiet")
    more = node.until_blocks(1)
    equal(more[0]["height"], tip["height"] + 1, "the next height")
    node.stop().exits(OK)
    at.verify()


@claim("SIGTERM and SIGINT end a node that makes blocks with 0, under 5 s")
def _():
    for verb in ("up", "node"):
        for number in (signal.SIGTERM, signal.SIGINT):
            node = home().start(verb, "--json")
            blocks = node.until_blocks(2)
            sent = time.monotonic()
            node.stop(number, limit=LIMIT + 5).exits(OK).says("stopped after")
            took = time.monotonic() - sent
            expect(took < LIMIT, f"{took:.1f} s after {number}")
            expect(home().tip()["height"] >= blocks[-1]["height"], "the tip")
    goes_on(home(), [])


@claim("a signal in the middle of a start ends it with 0, under 5 s")
def _():
    for step in range(6):
        node = home().start("up", "--quiet")
        # Signals before the program blocks them end it as any program.
        wait_until(lambda: node.is_over() or blocked(node.pid), 5,
                   "signals are blocked")
        time.sleep(0.03 * step)
        code = node.stop(signal.SIGTERM, limit=LIMIT).code
        equal(code, OK, "the exit code")
    goes_on(home(), [])


def blocked(pid):
    """Whether a thread blocks SIGTERM; one that waits for it seems not to."""
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/status", encoding="ascii") as f:
                mask = re.search(r"^SigBlk:\s*(\w+)", f.read(), re.MULTILINE)
            if mask and int(mask.group(1), 16) >> (signal.SIGTERM - 1) & 1:
                return True
    except OSError:
        pass # it ended meanwhile
    return False


@claim("the run files are gone after a shutdown, and the log says stopped")
def _():
    node = home().start_up("--quiet")
    home().until_answers(node)
    node.stop().exits(OK)
    equal(sorted(os.listdir(home().path("run"))), ["lock"], "the run files")
    with open(home().path("log", "spacetime.log"), encoding="utf-8") as f:
        last = f.read().splitlines()[-1]
    expect(re.fullmatch(r"[\d-]+T[\d:.]+Z info node stopped", last), last)


@claim("a second SIGINT ends the node at once, and nothing is lost")
def _():
    for wait in (0, 0.001, 0.01, 0.05):
        node = home().start_up("--quiet")
        blocks = node.until_blocks(1)
        node.send(signal.SIGINT)
        time.sleep(wait)
        node.send(signal.SIGINT)
        code = node.wait(LIMIT).code
        expect(code in (OK, -signal.SIGINT), f"exit {code}")
        expect(home().tip()["height"] >= blocks[-1]["height"], "the tip fell")
    goes_on(home(), [])


@claim("a node whose stdin is closed or a pipe that ends goes on")
def _():
    closed = home().start_up("--quiet", stdin=None, close_fds=True,
                             preexec_fn=lambda: os.close(0))
    closed.until_blocks(2)
    closed.stop().exits(OK)
    ended = home().start_up("--quiet", stdin=subprocess.PIPE)
    ended.process.stdin.close()
    ended.until_blocks(2)
    ended.stop().exits(OK)


@claim("a node whose stdout nobody reads any more goes on, and stops as told")
def _():
    read_end, write_end = os.pipe()
    process = subprocess.Popen(
        [os.sys.argv[1], "up", "--json", *home().flags("--rpc-listen",
                                                        "127.0.0.1:0")],
        stdin=subprocess.DEVNULL, stdout=write_end, stderr=subprocess.DEVNULL)
    os.close(write_end)
    try:
        before = home().tip()["height"]
        os.close(read_end) # what `| head` does
        wait_until(lambda: home().tip()["height"] >= before + 2, 30,
                   "two blocks more")
        equal(process.poll(), None, "the exit code of a node that runs")
        process.send_signal(signal.SIGTERM)
        equal(process.wait(LIMIT), OK, "the exit code")
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


@claim("--blocks stops after exactly so many new blocks")
def _():
    before = home().tip()["height"]
    ended = home().up("--blocks", 2, "--json").exits(OK)
    heights = [int(h) for h in re.findall(r'"height":(\d+)', ended.out)]
    equal(heights[:2], [before + 1, before + 2], "the first heights")
    expect(len(heights) <= 3, f"it went on to {heights}")


def fill(where, leave):
    """Takes all but about `leave` bytes of a file system."""
    with open(os.path.join(where, "ballast"), "wb") as f:
        for step in (1 << 20, 1 << 12): # a writer beside us takes some, too
            while True:
                about = os.statvfs(where)
                if about.f_bavail * about.f_frsize < leave + step:
                    break
                try:
                    os.posix_fallocate(f.fileno(), f.seek(0, os.SEEK_END), step)
                except OSError:
                    break


class tmpfs:
    """A small file system for one claim; None where mounting is forbidden."""

    def __init__(self, name, size):
        self.where, self.size = work(name), size

    def __enter__(self):
        os.makedirs(self.where)
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={self.size}", "tmpfs",
             self.where], stderr=subprocess.DEVNULL, check=False)
        self.mounted = done.returncode == 0
        return self.where if self.mounted else None

    def __exit__(self, *_failure):
        if self.mounted: # also while a process still ends in there
            subprocess.run(["umount", "-l", self.where], check=True)



@claim("a disk that fills up makes the node read-only; it resumes by itself")
def _():
    with tmpfs("small", "96m") as where:
        if where is None:
            return Skip("mounting is not permitted")
        full = Home("small", root=where)
        full.node_toml("[storage]", 'min_free = "16MB"')
        node = full.start_up("--plots", 4)
        node.until_blocks(2)
        fill(where, 8 << 20)
        node.until(lambda: "read-only" in full.run("status").out, 20,
                   "read-only in status")
        count = len(node.blocks())
        equal(full.call("chain_getTip")["result"]["height"],
              node.blocks()[-1]["height"], "the tip")
        equal(len(node.blocks()), count, "the blocks while it is read-only")
        os.unlink(os.path.join(where, "ballast"))
        blocks = node.until_blocks(count + 2, 60)
        node.stop().exits(OK)
        goes_on(full, blocks)
    return None


@claim("a disk without one free byte takes nothing that was acknowledged")
def _():
    with tmpfs("tiny", "96m") as where:
        if where is None:
            return Skip("mounting is not permitted")
        full = Home("tiny", root=where)
        full.node_toml("[storage]", 'min_free = "16MB"')
        node = full.start_up("--plots", 4)
        node.until_blocks(2)
        fill(where, 0)
        node.until(lambda: "read-only" in full.run("status").out, 20,
                   "read-only in status")
        blocks = node.blocks()
        ended = node.stop()
        expect(ended.code in (OK, FAILED), f"{ended}")
        # A start on the full disk is a clear error or a read-only node.
        tried = full.start_up("--quiet")
        wait_until(lambda: tried.is_over() or full.rpc_address(), 10,
                   "an end or an RPC address")
        ended = tried.stop()
        expect(ended.code >= 0, f"a crash: {ended}")
        if ended.code != OK:
            ended.says("error: ", where)
        os.unlink(os.path.join(where, "ballast"))
        goes_on(full, blocks)
    return None


@claim("with less free than storage.min_free the first start names the disk")
def _():
    with tmpfs("little", "12m") as where:
        if where is None:
            return Skip("mounting is not permitted")
        refused = Home("little", root=where).up("--plots", 1, "--blocks", 1,
                                                limit=20)
        refused.exits(FAILED).says(where, "free")
    return None


@claim("a chain without plots for many runs goes on when plots come")
def _():
    bare = Home("bare")
    for _run in range(6):
        node = bare.start("node", "--quiet")
        bare.until_answers(node)
        epoch = node.until(lambda: epoch_of(bare), LIMIT, "an epoch")
        node.until(lambda: epoch_of(bare) > epoch + 9, 20,
                   "more than an era, and not whole eras")
        node.stop().exits(OK)
    node = bare.start_up("--plots", 4)
    node.until_blocks(1, 30)
    node.stop().exits(OK)
    bare.verify()


def status_of(at, actor, key):
    """What an actor says of itself; nothing before it does."""
    status = at.call("node_getStatus").get("result") or {}
    return (status.get(actor) or {}).get(key)


def epoch_of(at):
    """The epoch the node's own ticks have reached."""
    return status_of(at, "timelord", "epoch")


@claim("a node that restarts looks plots up at once, not after a renewal")
def _():
    for _run in range(3):
        node = home().start_up("--quiet")
        home().until_answers(node)
        node.until(lambda: status_of(home(), "scanner", "scans"), 3, "a scan")
        node.stop().exits(OK)


if __name__ == "__main__":
    main()
