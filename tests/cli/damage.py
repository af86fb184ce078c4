#!/usr/bin/env -S python3 -B
"""Files that a disk damaged: damage.py SPACETIME [PART OF A NAME].

Every claim flips single bits of single bytes. Found damage ends a command with
a code other than 0 and names file and reason; no command dies by a signal.
"""

import os
import re
import shutil

from harness import (FAILED, OK, UNHEALTHY, UNREACHABLE, USAGE, Home, claim, equal, expect,
                     files_below, flip, hash_of, main, seeded, work)

BLOCKS = 10
SEGMENT_HEADER, RECORD_HEADER = 64, 16


def base():
    """A stopped home of ten blocks; nothing here changes it."""
    home = Home.__new__(Home)
    home.root, home.network = work("base"), "quick"
    if not os.path.exists(home.root):
        home = Home("base")
        home.grow(BLOCKS, plots=2)
    return home


def spoiled(name, relative, offset, mask=0x01):
    """A copy of the base with one bit changed."""
    home = base().copy(name)
    flip(home.path(*relative.split("/")), offset, mask)
    return home


def no_crash(result):
    expect(result.code >= 0, f"ended by signal {-result.code}: {result}")
    expect(result.code in (OK, FAILED, USAGE, UNREACHABLE, UNHEALTHY),
           f"an undocumented {result}")
    if result.code != OK:
        expect("error: " in result.err, f"no reason in {result}")
    return result


def refused(result, *patterns):
    """Not done, and said why."""
    no_crash(result)
    expect(result.code != OK, f"nothing was noticed: {result}")
    return result.says(*patterns)


def records(segment):
    """Offset and length of the payload of every record of a segment."""
    with open(segment, "rb") as f:
        raw = f.read()
    out, at = [], SEGMENT_HEADER
    while at < len(raw):
        length = int.from_bytes(raw[at + 4:at + 8], "big")
        out.append((at, length))
        at += RECORD_HEADER + length
    return out


def verify(home):
    return home.run("chain", "verify", "--json", "--quiet")


@claim("chain verify finds a flipped bit anywhere in a segment, and names it")
def _():
    dice = seeded("segments")
    segment = base().path("chain", "blocks", "000000.seg")
    places = records(segment)
    equal(len(places), base().tip()["height"] + 1, "the number of records")
    offsets = list(range(0, SEGMENT_HEADER, 4)) # of every field
    for at, length in (places[0], places[BLOCKS // 2], places[-1]):
        offsets += list(range(at, at + RECORD_HEADER, 3))
        offsets += [at + RECORD_HEADER + dice.randrange(length)
                    for _ in range(8)]
    home = base().copy("segment")
    victim = home.path("chain", "blocks", "000000.seg")
    for offset in offsets:
        bit = 1 << dice.randrange(8)
        flip(victim, offset, bit)
        broken = hash_of(victim)
        refused(verify(home), r"000000\.seg: ")
        equal(hash_of(victim), broken, "the damaged file")
        flip(victim, offset, bit)
    verify(home).exits(OK)
    home.remove()


@claim("up refuses a damaged segment header and tip, and leaves them as they are")
def _():
    places = records(base().path("chain", "blocks", "000000.seg"))
    tip = places[-1][0]
    for offset in (3, 20, 60, tip + 1, tip + 9, tip + RECORD_HEADER + 40):
        home = spoiled("segment-up", "chain/blocks/000000.seg", offset)
        victim = home.path("chain", "blocks", "000000.seg")
        broken = hash_of(victim)
        refused(home.up("--blocks", 1), r"000000\.seg: ")
        refused(home.run("node", "--rpc-listen", "127.0.0.1:0"),
                r"000000\.seg: ")
        equal(hash_of(victim), broken, "the damaged file")


@claim("a missing or shortened segment is named, and never made anew")
def _():
    home = base().copy("segment-gone")
    victim = home.path("chain", "blocks", "000000.seg")
    os.unlink(victim)
    refused(verify(home), r"000000\.seg")
    refused(home.up("--blocks", 1), r"000000\.seg")
    expect(not os.path.exists(victim), "a segment took its place")
    home = base().copy("segment-short")
    victim = home.path("chain", "blocks", "000000.seg")
    os.truncate(victim, os.path.getsize(victim) - 1)
    broken = hash_of(victim)
    refused(verify(home), r"000000\.seg")
    refused(home.up("--blocks", 1), r"000000\.seg")
    equal(hash_of(victim), broken, "the shortened file")


@claim("chain verify finds flipped bits in the database, and never crashes")
def _():
    dice = seeded("database")
    home = base().copy("database")
    victim = home.path("chain", "data.mdb")
    size = os.path.getsize(victim)
    good = base().verify()
    with open(victim, "rb") as f:
        sound = f.read()
    found = 0
    wrong = [] # messages without a place
    offsets = [(size * step + dice.randrange(size)) // 60 for step in range(60)]
    # Where the tip is named: in its tables, and in older versions of those.
    tip = bytes.fromhex(good["tip"][2:])
    named = [i + 9 for i in range(size) if sound.startswith(tip, i)]
    for offset in offsets + named:
        flip(victim, offset, 1 << dice.randrange(8))
        checked = no_crash(verify(home))
        if checked.code == OK:
            told = checked.json()
            equal((told["tip"], told["state_root"]),
                  (good["tip"], good["state_root"]), f"tip at {offset}")
        else:
            found += 1
            if not re.search("chain|block|table", checked.err):
                wrong.append(f"byte {offset}: {checked}")
        with open(victim, "wb") as f:
            f.write(sound)
    expect(not wrong, "\n".join(wrong))
    expect(found > 3, f"only {found} were found")
    print(f"# {found} found of {len(offsets + named)}; the others are unused")
    home.remove()


@claim("up on a database with a flipped bit refuses it or makes a valid chain")
def _():
    dice = seeded("database up")
    size = os.path.getsize(base().path("chain", "data.mdb"))
    went_on = 0
    for step in range(12):
        offset = (size * step + dice.randrange(size)) // 12
        home = spoiled("database-up", "chain/data.mdb", offset,
                       1 << dice.randrange(8))
        segment = hash_of(home.path("chain", "blocks", "000000.seg"))
        started = no_crash(home.up("--blocks", 1, limit=30))
        if started.code == OK:
            went_on += 1
            no_crash(verify(home))
        else:
            equal(hash_of(home.path("chain", "blocks", "000000.seg")), segment,
                  "the segment beside it")
    print(f"# {went_on} of 12 went on")


@claim("after kill -9 up refuses a database with any flipped bit in its tables")
def _():
    dice = seeded("database unclean")
    unclean = base().copy("unclean")
    node = unclean.start_up("--quiet")
    node.until_blocks(2)
    node.kill()
    victim = unclean.path("chain", "data.mdb")
    with open(victim, "rb") as f:
        sound = f.read()
    # The first header pages, then the root of everything in one of them.
    for offset in (0, 16, 20, 24, 40, 80, 100, 130, 4096, 4112, 4116, 4120,
                   dice.randrange(16, 150), 4096 + dice.randrange(16, 150)):
        flip(victim, offset, 0x10)
        no_crash(verify(unclean))
        with open(victim, "wb") as f:
            f.write(sound)
    verify(unclean).exits(OK)


def zero_headers(file):
    with open(file, "r+b") as f:
        f.write(bytes(8192))


@claim("a database that is gone, empty or cut is refused beside its segments")
def _():
    wrong = []
    for name, spoil in (
            ("gone", os.unlink), ("empty", lambda f: os.truncate(f, 0)),
            ("one page", lambda f: os.truncate(f, 4096)),
            ("half", lambda f: os.truncate(f, os.path.getsize(f) // 2)),
            ("without headers", zero_headers)):
        home = base().copy("cut")
        segment = home.path("chain", "blocks", "000000.seg")
        before = hash_of(segment)
        spoil(home.path("chain", "data.mdb"))
        for result in (verify(home), home.up("--blocks", 1)):
            if result.code <= 0: # passed, or a signal
                wrong.append(f"{name}: {result}")
        if not os.path.exists(segment) or hash_of(segment) != before:
            wrong.append(f"{name}: the segment beside it has changed")
    expect(not wrong, "\n".join(wrong))


@claim("plot check finds a flipped bit anywhere in a plot, and names the file")
def _():
    dice = seeded("plots")
    name = os.listdir(base().path("plots"))[0]
    victim = work(name)
    shutil.copy(base().path("plots", name), victim)
    size = os.path.getsize(victim)
    offsets = [0, 8, 10, 11, 12, 13, 14, 15, 16, 48, 80, 112, 144, 176, 184,
               192, 200, 208, 216, 224, 256, 4000, 4064, 4095] # the header
    offsets += [4096, 4100, 4108, 4112, 4120, 4150] # the index, padded
    offsets += [4160, 4161, 4288, 4291, 4292, size - 1] # the first group
    offsets += [dice.randrange(4160, size) for _ in range(24)]
    for offset in offsets:
        bit = 1 << dice.randrange(8)
        flip(victim, offset, bit)
        broken = hash_of(victim)
        check = base().run("plot", "check", victim, "--samples", 2)
        check.exits(FAILED).says(f"{name}.*BAD.*{name}: .*offset")
        equal(hash_of(victim), broken, "the damaged file")
        flip(victim, offset, bit)
    base().run("plot", "check", victim, "--samples", 2).exits(OK)
    os.truncate(victim, size - 1)
    base().run("plot", "check", victim).exits(FAILED).says("BAD")
    os.truncate(victim, 0)
    base().run("plot", "check", victim).exits(FAILED).says("BAD")


@claim("a damaged plot does not keep the others from farming, and stays")
def _():
    for offset in (60, 4100, 5000):
        home = base().copy("plots")
        name = sorted(os.listdir(home.path("plots")))[0]
        victim = home.path("plots", name)
        flip(victim, offset)
        broken = hash_of(victim)
        home.up("--blocks", 2).exits(OK)
        home.up("--plots", 2, "--blocks", 1).exits(OK)
        equal(hash_of(victim), broken, "the damaged plot")
        listed = home.run("plot", "list", "--json").exits(OK).json()
        equal(len(listed["plots"]), 2, "the number of plots")


@claim("status and log name a plot whose header is damaged")
def _():
    home = base().copy("plot-status")
    name = sorted(os.listdir(home.path("plots")))[0]
    flip(home.path("plots", name), 60)
    node = home.start_up("--quiet")
    node.until(home.rpc_address, 10, "an RPC address")
    node.until(lambda: name in home.run("status").out, 15, "a problem line")
    node.stop().exits(OK)


@claim("a key file with any flipped bit is refused by name and not replaced")
def _():
    for name in ("farmer.key", "wallet.key"):
        home = base().copy("keys")
        victim = home.path("keys", name)
        names = files_below(home.path("keys"))
        for offset in range(0, os.path.getsize(victim), 7):
            flip(victim, offset)
            broken = hash_of(victim)
            refused(home.up("--blocks", 1), rf"keys/{name}")
            equal(hash_of(victim), broken, f"{name} with byte {offset} flipped")
            equal(files_below(home.path("keys")), names, "the files")
            flip(victim, offset)
        os.truncate(victim, 0)
        refused(home.up("--blocks", 1), rf"keys/{name}")
        refused(home.run("plot", "create"), rf"keys/{name}")
        equal(os.path.getsize(victim), 0, "the size")


@claim("a chain spec that is gone or changed is refused, and makes no other chain")
def _():
    home = base().copy("spec")
    spec = home.path("chain-spec.toml")
    with open(spec, encoding="utf-8") as f:
        text = f.read()
    tables = hash_of(home.path("chain", "blocks", "000000.seg"))
    os.unlink(spec)
    for verb in (["up", "--blocks", 1], ["node"], ["chain", "verify"],
                 ["chain", "tip"], ["status"], ["plot", "list"]):
        home.run(*verb).exits(USAGE).says("no network is called quick")
    for old, new in (("vdf_bits = 256", "vdf_bits = 512"), # another network
                     ("strength = 2", "strength = 3"),
                     ("k = 18", "k = 19"), ("[rules]", "[rulez]"),
                     ("tau_ms = 250 ", "tau_ms = 10 "),
                     ('name = "quick"', 'name = "other"'),
                     ("mode =", "mode"), (text, "")):
        expect(old in text, old)
        with open(spec, "w", encoding="utf-8") as f:
            f.write(text.replace(old, new, 1))
        refused(home.up("--blocks", 1))
        refused(verify(home))
        equal(hash_of(home.path("chain", "blocks", "000000.seg")), tables,
              "the blocks")
    with open(spec, "w", encoding="utf-8") as f:
        f.write(text)
    home.grow(1, plots=2)


@claim("the mark of the network is no other network's, whatever bit flips")
def _():
    for offset in range(len("quick")):
        home = spoiled("mark", "network", offset)
        refused(home.up("--blocks", 1), "quick")


CONFIG = """\
config_version = 1
[log]
level = "info"
rotate_size = "50MB"
[rpc]
listen = "127.0.0.1:0"
[storage]
min_free = "16MB"
[mempool]
max_bytes = "64MB"
[farm]
plot_dirs = ["plots"]
threads = 1
"""


@claim("syntax, type, range and key errors in node.toml name file and line")
def _():
    home = base().copy("config")
    for line, old, new in ((1, "config_version = 1", "config_version = 99"),
                           (1, "config_version = 1", "config_version"),
                           (2, "[log]", "[logs]"), (2, "[log]", "[log"),
                           (3, '"info"', '"loud"'), (3, '"info"', "3"),
                           (3, "level", "levle"), (4, "50MB", "50"),
                           (4, "50MB", "50XB"), (4, "50MB", "1B"),
                           (6, "127.0.0.1:0", "192.0.2.1:9791"),
                           (6, "127.0.0.1:0", "127.0.0.1:99999"),
                           (8, "16MB", "-1MB"), (8, '"16MB"', '"16MB'),
                           (10, "64MB", "99999TB"), (12, "plots", "\\q"),
                           (13, "threads = 1", "threads = 1.5"),
                           (13, "threads = 1", "threads = 1\nthreads = 2")):
        expect(old in CONFIG, old)
        home.node_toml(CONFIG.replace(old, new, 1))
        place = rf"node\.toml:{line + new.count(chr(10))}:"
        for verb in (["up", "--blocks", 1], ["plot", "list"]):
            home.run(*verb).exits(USAGE).says(place)
    home.node_toml(CONFIG)
    home.run("up", "--blocks", 1).exits(OK)


@claim("node.toml with a flipped bit is a legal configuration or exit code 2")
def _():
    dice = seeded("config")
    home = base().copy("config-bits")
    legal = 0
    for _ in range(40):
        home.node_toml(CONFIG.rstrip("\n"))
        file = home.path("node.toml")
        flip(file, dice.randrange(os.path.getsize(file)),
             1 << dice.randrange(8))
        broken = hash_of(file)
        read = no_crash(home.run("plot", "list"))
        if read.code == OK:
            legal += 1
        else:
            read.exits(USAGE).says(r"node\.toml:\d+")
            refused(home.up("--blocks", 1), r"node\.toml:\d+").exits(USAGE)
        equal(hash_of(file), broken, "the file")
    print(f"# {legal} of 40 were legal")


@claim("what can be learned or made again is made again")
def _():
    home = base().copy("remade")
    shutil.rmtree(home.path("run"))
    shutil.rmtree(home.path("log"))
    os.unlink(home.path("chain", "lock.mdb"))
    os.unlink(home.path("chain", "writer.lock"))
    os.unlink(home.path("node.toml"))
    home.grow(1, plots=2)
    verify(home).exits(OK)
    with open(home.path("run", "lock"), "wb") as f:
        f.write(b"\xff" * 100)
    with open(home.path("chain", "lock.mdb"), "r+b") as f:
        f.write(os.urandom(64))
    no_crash(home.up("--blocks", 1))
    no_crash(verify(home))


if __name__ == "__main__":
    main()
