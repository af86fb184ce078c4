#!/usr/bin/env -S python3 -B
"""Making and checking plots: plot_create.py SPACETIME [PART OF A NAME]."""

import os
import re
import signal
import subprocess
import time

from harness import (FAILED, OK, USAGE, Home, Running, Skip, claim, equal,
                     expect, files_below, hash_of, main, run, work)

BIG = ["--k", "22", "--color", "always"] # seconds, with a bar that moves


def home():
    return Home("home", "regtest")


def names(home_or_dir):
    directory = home_or_dir if isinstance(home_or_dir, str) else \
        home_or_dir.path("plots")
    return sorted(os.listdir(directory)) if os.path.isdir(directory) else []


def tmpfs(name, size):
    """A small file system; nothing where mounting is not permitted."""
    where = work(name)
    os.makedirs(where)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", where],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return where if done.returncode == 0 else None


def unmount(where):
    subprocess.run(["umount", where], check=True)


@claim("plot create makes keys, says so, and makes as many plots as asked")
def _():
    made = home().run("plot", "create", "--count", 3).exits(OK)
    made.says("done: 3 created", "back them up")
    equal(len(names(home())), 3, "the number of files")
    expect(all(re.fullmatch(r"p18-[0-9a-f]{8}\.plot", n)
               for n in names(home())), f"{names(home())}")


@claim("plot create again makes other plots, and touches none that is there")
def _():
    before = {n: hash_of(home().path("plots", n)) for n in names(home())}
    told = home().run("plot", "create", "--count", 3, "--json").exits(OK).json()
    equal((told["schema"], told["created"], told["interrupted"]),
          (1, 3, False), "the answer")
    equal(len(names(home())), 6, "the number of files")
    for name, then in before.items():
        equal(hash_of(home().path("plots", name)), then, name)


@claim("--first makes the same plots again: a seed has one plot")
def _():
    there = home().run("plot", "create", "--first", 0, "--count", 6).exits(OK)
    there.says("0 created, 6 there before")
    elsewhere = work("again")
    home().run("plot", "create", "--first", 0, "--count", 2, "--dir",
               elsewhere).exits(OK)
    again = names(elsewhere)
    expect(set(again) < set(names(home())), f"{again} of {names(home())}")
    for name in again: # the header has the time of its creation
        a = home().run("plot", "inspect", home().path("plots", name), "--json")
        b = home().run("plot", "inspect", os.path.join(elsewhere, name),
                       "--json")
        a, b = a.exits(OK).json(), b.exits(OK).json()
        for key in ("plot_id", "seed", "entries", "size", "farmer_key"):
            equal(a[key], b[key], key)


@claim("two directories take turns")
def _():
    a, b = work("disk-a"), work("disk-b")
    home().run("plot", "create", "--count", 4, "--dir", a, "--dir", b,
               "--quiet").exits(OK)
    equal((len(names(a)), len(names(b))), (2, 2), "plots per directory")


@claim("plot check passes good plots, in text and in JSON")
def _():
    text = home().run("plot", "check").exits(OK)
    text.says(r"6 ok, 0 bad; \d+ proofs", r"\d+/30 proofs/expected")
    told = home().run("plot", "check", "--json", "--samples", 20).exits(OK)
    told = told.json()
    equal((told["schema"], told["ok"], told["bad"]), (1, 6, 0), "the counts")
    for row in told["plots"]:
        expect(row["ok"] and row["k"] == 18, f"{row}")
        equal(row["expected"], 20, "the lookups")
    proofs = sum(row["proofs"] for row in told["plots"])
    expect(60 < proofs < 200, f"{proofs} proofs of 120 expected")


@claim("plot list says which plots farm and adds up their bytes")
def _():
    told = home().run("plot", "list", "--json").exits(OK).json()
    equal((told["schema"], told["farming"]), (1, 6), "schema and farming")
    equal(told["bytes"], sum(os.path.getsize(p["file"]) for p in told["plots"]),
          "the bytes")
    other = run("plot", "list", "--network", "devnet", "--dir",
                home().path("plots"))
    other.exits(OK).says("of another network", "0 farm on devnet")


@claim("plot inspect prints the header with stable keys")
def _():
    file = home().path("plots", names(home())[0])
    told = home().run("plot", "inspect", file, "--json").exits(OK).json()
    equal(set(told), {"k", "strength", "testnet", "plot_id", "network_id",
                      "farmer_key", "payout", "seed", "entries", "size",
                      "created", "schema", "file"}, "the keys")
    equal((told["k"], told["size"]), (18, os.path.getsize(file)), "k and size")
    expect(told["plot_id"][2:10] in file, "the name is of another id")
    expect(re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]{12}Z", told["created"]),
           told["created"])
    home().run("plot", "inspect", file).exits(OK).says(told["plot_id"])
    home().run("plot", "inspect", work("nothing")).exits(FAILED).says(
        "nothing")
    home().run("plot", "inspect", "/bin/sh").exits(FAILED).says("/bin/sh",
                                                                 "not a plot")


@claim("a plot check of nothing, or of no plot, says so")
def _():
    os.makedirs(work("empty"))
    home().run("plot", "check", "--dir", work("empty")).exits(OK).says(
        "0 ok, 0 bad")
    home().run("plot", "check", work("no.plot")).exits(FAILED).says("no.plot")


@claim("SIGINT or SIGTERM in the middle of a plot leaves no file, soon")
def _():
    for number in (signal.SIGINT, signal.SIGTERM):
        where = work(f"interrupted-{number}")
        plotter = Running("plot", "create", *BIG, "--dir", where,
                          *home().flags())
        plotter.until_says(r" [1-9]\d?%")
        sent = time.monotonic()
        ended = plotter.stop(number, limit=10).exits(FAILED)
        took = time.monotonic() - sent
        expect(took < 5, f"it took {took:.1f} s")
        ended.says("interrupted")
        equal(names(where), [], "what it left")


@claim("a second SIGINT ends at once and leaves a .tmp at most")
def _():
    where = work("killed")
    for wait in (0, 0.05, 0.1):
        plotter = Running("plot", "create", *BIG, "--dir", where,
                          *home().flags())
        plotter.until_says(r" [1-9]\d?%")
        plotter.send(signal.SIGINT)
        time.sleep(wait)
        plotter.send(signal.SIGINT)
        code = plotter.wait(5).code
        expect(code in (FAILED, -signal.SIGINT), f"exit {code}")
    expect(all(n.endswith(".tmp") for n in names(where)), f"{names(where)}")


@claim("kill -9 leaves at most a .tmp, which the same plot then replaces")
def _():
    where = work("killed-9")
    for pause in (0.02, 0.08, 0.15, 0.3):
        plotter = Running("plot", "create", "--dir", where, "--first", 0,
                          *home().flags())
        end = time.monotonic() + pause
        while time.monotonic() < end and not plotter.is_over():
            time.sleep(0.002)
        plotter.kill()
        good = [n for n in names(where) if n.endswith(".plot")]
        if good: # it was done, so it is whole
            home().run("plot", "check", "--dir", where).exits(OK)
            os.unlink(os.path.join(where, good[0]))
    with open(os.path.join(where, names(home())[0] + ".tmp"), "wb") as f:
        f.write(b"left over")
    home().run("plot", "create", "--dir", where, "--first", 0, "--count",
               6).exits(OK)
    home().run("plot", "check", "--dir", where, "--samples", 1).exits(
        OK).says("6 ok")
    equal([n for n in names(where) if not n.endswith(".plot")], [],
          "what is left over")


@claim("two plotters of one home and directory never damage each other's plots")
def _():
    where = work("two")
    both = [Running("plot", "create", "--count", 4, "--dir", where,
                    *home().flags()) for _ in range(2)]
    for one in both:
        ended = one.wait(60)
        expect(ended.code in (OK, FAILED), f"{ended}")
        if ended.code == FAILED:
            ended.says("is being written|exists")
    home().run("plot", "check", "--dir", where, "--samples", 1).exits(OK)
    equal([n for n in names(where) if not n.endswith(".plot")], [],
          "what is left over")


@claim("a full disk is an error that names the directory and leaves no file")
def _():
    sizes = ["64k", "640k", "648k", "652k", "656k", "660k"]
    full = made = 0
    for i, size in enumerate(sizes):
        where = tmpfs(f"full-{i}", size)
        if where is None:
            return Skip("mounting is not permitted")
        try:
            ended = home().run("plot", "create", "--count", 2, "--first", i * 2,
                               "--dir", where, limit=30)
            ended.exits(FAILED).says(where, "disk_full|free")
            full += 1
            made += len(names(where))
            expect(all(n.endswith(".plot") for n in names(where)),
                   f"it left {names(where)}")
            home().run("plot", "check", "--dir", where, "--samples",
                       1).exits(OK)
        finally:
            unmount(where)
    expect(full == len(sizes), f"{full} of {len(sizes)} were full")
    print(f"# {made} whole plots fitted")
    return None


@claim("a directory that cannot be made or written is named")
def _():
    with open(work("file"), "w", encoding="utf-8"):
        pass
    home().run("plot", "create", "--dir", work("file")).exits(FAILED).says(
        work("file"))
    home().run("plot", "create", "--dir", "/proc/plots").exits(FAILED).says(
        "/proc/plots")


@claim("a k of another network is made, and listed as not farming")
def _():
    where = work("k20")
    home().run("plot", "create", "--k", 20, "--dir", where).exits(OK).says(
        "warning: regtest farms k=18 alone")
    home().run("plot", "list", "--dir", where).exits(OK).says(
        "does not farm: the network's k is 18")
    home().run("plot", "check", "--dir", where, "--samples", 5).exits(
        OK).says("1 ok, 0 bad")


@claim("a payout that is no address of the network is refused")
def _():
    home().run("plot", "create", "--payout", "nobody").exits(USAGE).says(
        "--payout")
    equal(len(names(home())), 6, "the number of plots")


@claim("without a terminal progress is plain lines on stderr, and none if quiet")
def _():
    plain = home().run("plot", "create", "--dir", work("plain")).exits(OK)
    expect("\r" not in plain.err and "\033" not in plain.err, plain.err)
    quiet = home().run("plot", "create", "--dir", work("quiet"),
                       "--quiet").exits(OK)
    equal(quiet.err, "", "stderr")
    equal(files_below(work("quiet"))[0][-5:], ".plot", "the file's name")
    run("plot", "create", "--count", "1", "--json", "--quiet", "--dir",
        work("json"), *home().flags()).exits(OK).json()


if __name__ == "__main__":
    main()
