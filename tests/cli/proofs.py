#!/usr/bin/env -S python3 -B
"""Proofs and snapshots of a real chain: proofs.py SPACETIME [PART OF A NAME].

Whoever has a proof and the id of a block checks it without a node; whoever has
a snapshot starts a node from it.
"""

import json
import os


from harness import (FAILED, OK, USAGE, Home, claim, equal, expect, flip, main,
                     run, seeded, work)



def home():
    """One chain for all claims."""
    one = Home("chain")
    if not os.path.exists(one.path("chain", "data.mdb")):
        one.grow(8)
    return one


def rich():
    """An account that exists: the first of the premine."""
    spec = home().run("chain", "spec", "--json").exits(OK).json()
    return spec["genesis"]["premine"][0]


def verify(*arguments):
    return run("verify", "proof", "--json", *arguments)


@claim("an account is proven under the tip's header, and checked by id alone")
def _():
    file = work("account.proof")
    proof = home().run("chain", "proof", rich()["address"], "--out", file,
                       "--json", "--quiet").exits(OK).json()
    equal(proof["exists"], True, "whether the account exists")
    equal(proof["block"], home().tip()["id"], "the header's block")
    for given in ([file], [proof["proof"]], [json.dumps(proof)]):
        verdict = verify("--block", proof["block"], *given).exits(OK).json()
        equal(verdict["valid"], True, "the verdict")
        expect(proof["balance"] in verdict["proven"], verdict["proven"])
        expect(rich()["account"] in verdict["proven"], verdict["proven"])
    text = run("verify", "proof", file).exits(OK)
    text.says("^valid", "proven +account", "not proven +that the block belongs")


@claim("an account that does not exist is proven to be absent")
def _():
    nobody = "0x" + "5a" * 32
    proof = home().run("chain", "proof", nobody, "--json",
                       "--quiet").exits(OK).json()
    equal((proof["exists"], proof["balance"]), (False, "0"), "the account")
    verdict = verify("--block", proof["block"], proof["proof"]).exits(OK).json()
    expect("does not exist" in verdict["proven"], verdict["proven"])


@claim("a block is proven in the chain, under the tip and under another block")
def _():
    for more in ([], ["--under", "5"]):
        proof = home().run("chain", "proof", "--block", 3, *more, "--json",
                           "--quiet").exits(OK).json()
        third = home().run("chain", "header", 3, "--json", "--quiet").json()
        equal(proof["ancestor"], third["id"], "the proven block")
        equal(proof["weight"], third["weight"], "its weight")
        if more:
            equal(proof["height"], 5, "the height of the header")
        verdict = verify(proof["proof"]).exits(OK).json()
        expect(third["id"] in verdict["proven"], verdict["proven"])
    home().run("chain", "proof", "--block", 5, "--under", 3).exits(FAILED)
    home().run("chain", "proof").exits(USAGE)
    home().run("chain", "proof", "--block", 3, "--tx", 0).says("0 transactions")


@claim("a proof with a flipped bit is refused or says nothing false")
def _():
    random = seeded("proofs")
    proof = home().run("chain", "proof", rich()["address"], "--json",
                       "--quiet").exits(OK).json()
    true = verify("--block", proof["block"], proof["proof"]).json()["proven"]
    file = work("flipped.proof")
    refused = 0
    for _ in range(40):
        raw = bytearray.fromhex(proof["proof"][2:])
        raw[random.randrange(4, len(raw))] ^= 1 << random.randrange(8)
        with open(file, "wb") as f:
            f.write(raw)
        verdict = verify("--block", proof["block"], file)
        expect(verdict.code in (OK, FAILED), verdict)
        if verdict.code == OK: # the header's signature is no part of its id
            equal(verdict.json()["proven"], true, "what is proven")
        else:
            expect(verdict.json()["rule"], verdict)
            refused += 1
    expect(refused > 30, f"only {refused} of 40 were refused")
    other = home().run("chain", "header", 2, "--json", "--quiet").json()["id"]
    verify("--block", other, proof["proof"]).exits(FAILED)
    verify("--block", "12", proof["proof"]).exits(USAGE)


@claim("a node starts from a snapshot of another and makes blocks after it")
def _():
    file = work("whole.snapshot")
    home().run("db", "snapshot", "export", file).exits(OK).says("exported")
    home().run("db", "snapshot", "export", file).exits(FAILED).says("exists")
    new = Home("from-snapshot")
    said = new.run("db", "snapshot", "import", file, "--json").exits(OK).json()
    equal(said["block"], home().tip()["id"], "the imported block")
    equal(new.tip(), home().tip(), "the tip")
    height = new.tip()["height"]
    checked = new.verify()
    equal((checked["blocks"], checked["headers_only"]), (height, height),
          "what was verified")
    new.run("chain", "verify").exits(OK).says("snapshot at height")
    new.run("chain", "header", 2).exits(OK)
    new.run("chain", "block", 2).exits(FAILED).says("below the snapshot")
    new.run("db", "snapshot", "import", file).exits(FAILED).says("already")
    new.grow(3)
    expect(new.tip()["height"] >= height + 3, "no blocks after the snapshot")
    checked = new.verify()
    equal(checked["headers_only"], height, "headers alone")
    expect(checked["blocks"] >= height + 3, "the blocks after it")


@claim("a snapshot of a running node is taken, also of a block below its tip")
def _():
    file = work("below.snapshot")
    node = home().start_up()
    home().until_answers(node, 30)
    said = home().run("db", "snapshot", "export", file, "--height", 4,
                      "--json", "--quiet").exits(OK).json()
    equal(said["height"], 4, "the height")
    node.stop(limit=20)
    new = Home("below")
    new.run("db", "snapshot", "import", file).exits(OK)
    equal(new.tip()["id"], said["block"], "the tip")
    home().run("db", "snapshot", "export", work("none"), "--height",
               99999).exits(FAILED).says("the tip's height is")


@claim("a damaged snapshot is refused by section, and leaves the home new")
def _():
    random = seeded("damage")
    file = work("damaged.snapshot")
    home().run("db", "snapshot", "export", file).exits(OK)
    new = Home("damaged")
    for _ in range(8):
        at = random.randrange(12, os.path.getsize(file))
        flip(file, at)
        new.run("db", "snapshot", "import", file).exits(FAILED).says(
            "section (head|headers|accounts|rewards):")
        flip(file, at)
        expect(not os.path.exists(new.path("chain")), "a chain directory")
    new.run("db", "snapshot", "import", work("absent")).exits(FAILED).says(
        "no file")
    new.run("db", "snapshot", "import", file).exits(OK)


main()
