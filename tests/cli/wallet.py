#!/usr/bin/env -S python3 -B
"""Wallets as their owner meets them: wallet.py SPACETIME [PART OF A NAME]."""

import hashlib
import os
import pty
import re
import signal
import stat
import threading
import time

from harness import (FAILED, OK, UNREACHABLE, USAGE, Home, Running,
                     check_keys, claim, equal, expect, files_below, hash_of,
                     main, seeded, work)

COIN = 10 ** 9


def home():
    made = Home.__new__(Home)
    made.root, made.network = work("home"), "quick"
    if not os.path.exists(made.root):
        made = Home("home")
        made.node_toml("config_version = 1", "[storage]",
                       "history_index = true")
        made.grow(1, plots=8)
    return made


class running:
    """A node for one claim; it must end with 0."""

    def __enter__(self):
        self.node = home().start_up("--quiet")
        home().until_answers(self.node)
        return self.node

    def __exit__(self, *failure):
        ended = self.node.stop()
        if failure[0] is None:
            ended.exits(OK)


def wallet(*arguments, **more):
    return home().run("wallet", *arguments, **more)


def new(name, *arguments):
    return wallet("new", name, "--json", *arguments).exits(OK).json()


def address(name):
    return wallet("address", name).exits(OK).out.strip()


def balance(name, *arguments):
    return wallet("balance", name, "--json", *arguments).exits(OK).json()


def send(*arguments, **more):
    return wallet("send", *arguments, **more)


def sent(*arguments):
    return send(*arguments, "--yes", "--wait", "--json").exits(OK).json()


def funded(name, coins):
    """A new wallet of a name that the premine has paid."""
    made = new(name)
    sent(made["address"], coins, "--from", "premine")
    return made["address"]


def entropy_of(words):
    """BIP-39: 24 words of 11 bits, of which the last 8 are a checksum."""
    path = os.path.join(os.environ["SPACETIME_SOURCE_ROOT"], "core", "crypto",
                        "mnemonic_words.cpp")
    with open(path, encoding="utf-8") as f:
        known = re.findall(r'"([a-z]+)"', f.read())
    equal(len(known), 2048, "the number of known words")
    number = 0
    for word in words.split(" "):
        number = number << 11 | known.index(word)
    raw = (number >> 8).to_bytes(32, "big")
    equal(number & 255, hashlib.sha256(raw).digest()[0], "the checksum")
    return raw


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, *arguments):
        self.master, slave = pty.openpty()
        self.program = Running(*arguments, *home().flags(), stdin=slave)
        os.close(slave)

    def answers(self, prompt, text, seconds=20):
        """Waits for a prompt, then types."""
        def shown():
            at = self.program.err.rfind(prompt)
            return at >= 0
        self.program.until(shown, seconds, f"the prompt {prompt!r}")
        os.write(self.master, text.encode())
        return self

    def ends(self, code):
        result = self.program.wait(30)
        os.close(self.master)
        return result.exits(code)


@claim("a person pays another, and both see it")
def _():
    with running():
        alice, bob = funded("alice", "100"), new("bob")["address"]
        equal(balance("alice")["spendable"], str(100 * COIN), "alice's before")
        paid = sent(bob, "12.5", "--from", "alice", "--memo", "rent")
        fee, surcharge = int(paid["fee"]), int(paid["surcharge"])
        equal(surcharge, 256, "the surcharge of bob's new account")
        equal(fee, paid["size"] + 256, "the fee at one mote a byte")
        equal((paid["from"], paid["to"], paid["state"]),
              (alice, bob, "in block"), "who paid whom, and where it is")
        left = 100 * COIN - 12_500_000_000 - fee
        equal(balance("alice")["spendable"], str(left), "alice's after")
        equal(paid["remains"], str(left), "what was said to remain")
        equal(balance("bob")["spendable"], "12500000000", "bob's")
        block = home().call("chain_getBlock", paid["height"])["result"]
        held = [t for t in block["txs"] if t["txid"] == paid["txid"]]
        equal([bytes.fromhex(t["memo"][2:]) for t in held], [b"rent"],
              "the memo in the block")
        back = send(alice, "0.000000001", "--from", "bob", "--yes", "--wait")
        back.exits(OK).says(r"amount +0\.000000001 ST", r"remains +12\.4999",
                            r"sent  0x[0-9a-f]{64}  in block \d+")
        expect("surcharge" not in back.err and "is new" not in back.err,
               f"{back}")


@claim("history shows a payment to both, and what came by farming")
def _():
    with running() as node:
        ann, ben = funded("ann", "10"), new("ben")["address"]
        paid = sent(ben, "2.5", "--from", "ann", "--memo", "x")
        told = wallet("history", "ann", "--json").exits(OK).json()
        check_keys("wallet_history", told)
        rows = told["rows"]
        equal([(r["kind"], r["amount"]) for r in rows],
              [("outgoing", "2500000000"), ("incoming", str(10 * COIN))],
              "ann's rows")
        equal((rows[0]["txid"], rows[0]["counterparty_address"],
               rows[0]["fee"], rows[0]["height"]),
              (paid["txid"], ben, paid["fee"], paid["height"]), "the payment")
        text = wallet("history", "ben").exits(OK)
        text.says(rf"incoming +\+2\.5 ST  from {ann}", paid["txid"])
        wallet("history", "ann").says(rf"outgoing +-2\.5 ST  to +{ben}  fee 0\.")
        one = wallet("history", "ann", "--limit", "1").exits(OK)
        after = one.says(r"more: --after \S+").err.split()[-1]
        rest = wallet("history", "ann", "--after", after, "--json").exits(OK)
        equal(rest.json()["rows"], rows[1:], "the rows after the first")
        wallet("history", "nobody-here").exits(FAILED)
        node.until(lambda: wallet("history").out.count("reward") > 0, 30,
                   "a reward in the farmer's history")
        wallet("history", "--limit", "0").exits(USAGE)


@claim("rewards show as immature, and are spendable later")
def _():
    with running() as node:
        node.until_blocks(6)
        told = balance("default")
        expect(int(told["immature"]) > 0, f"{told}")
        expect(int(told["spendable"]) > 0, f"{told}")
        text = wallet("balance").exits(OK)
        text.says(r"spendable +\d+(\.\d+)? ST", r"immature +\d+", r"pending +0")


@claim("an address is a wallet's own: list, address and new agree")
def _():
    made = new("carol")
    equal(address("carol"), made["address"], "the address")
    listed = wallet("list", "--json").exits(OK).json()
    equal(listed["schema"], 1, "the schema")
    by_name = {w["name"]: w for w in listed["wallets"]}
    equal(listed["wallets"][0]["name"], "default", "the first wallet")
    equal(by_name["carol"]["address"], made["address"], "the listed address")
    expect(made["address"].startswith("rst1"), made["address"])
    wallet("list").exits(OK).says(rf"carol +{made['address']}")


@claim("the 24 words are the file's secret, and are shown once")
def _():
    made = new("words")
    with open(made["file"], "rb") as f:
        raw = f.read()
    equal(raw[47:79], entropy_of(made["words"]), "the secret in the file")
    text = wallet("new", "words2").exits(OK)
    shown = " ".join(re.findall(r"\d+ ([a-z]+)", text.out.split("\n\n")[1]))
    with open(home().path("keys", "wallet.words2.key"), "rb") as f:
        equal(f.read()[47:79], entropy_of(shown), "the secret of the shown")
    text.says("back up", "shown once", r"address  rst1")
    for verb in (["address", "words2"], ["list"], ["list", "--json"]):
        out = wallet(*verb).exits(OK)
        expect(shown.split()[0] + " " not in out.out, f"{out}")
    mode = os.stat(made["file"]).st_mode
    equal(stat.S_IMODE(mode), 0o600, "the mode")


@claim("the keys of --json are those that scripts know")
def _():
    with running():
        made = new("keys")
        check_keys("wallet_new", made)
        for verb in ("list", "address", "balance"):
            check_keys(f"wallet_{verb}",
                       wallet(verb, "--json").exits(OK).json())
        to = made["address"]
        check_keys("wallet_send", send(to, "1", "--from", "premine",
                                       "--dry-run", "--json").exits(OK).json())
        check_keys("wallet_send_waited", sent(to, "1", "--from", "premine"))


@claim("a name that exists is refused, and its file stays as it is")
def _():
    before = hash_of(new("twice")["file"])
    refused = wallet("new", "twice").exits(FAILED)
    refused.says("exists", "never replaced", "spacetime wallet new NAME")
    wallet("new").exits(FAILED).says("wallet.key", "exists")
    equal(hash_of(home().path("keys", "wallet.twice.key")), before, "the file")


@claim("a name that is none ends with 2 and makes nothing")
def _():
    before = files_below(home().path("keys"))
    for bad in ("", "A", "a b", "a/b", "../x", "a.b", "premine", "premine-1",
                "-", "x" * 33, "\u00e9", "a\n"):
        refused = wallet("new", "--", bad)
        refused.exits(USAGE).says("error: ")
        expect(len(refused.err.splitlines()) <= 4, f"{refused}")
    equal(files_below(home().path("keys")), before, "the files")


@claim("without a node balance and send exit with 3 and say what to do")
def _():
    to = new("nobody")["address"]
    for verb in (["balance"], ["send", to, "1", "--yes"],
                 ["send", to, "1", "--dry-run"]):
        wallet(*verb).exits(UNREACHABLE).says("spacetime up")


@claim("whatever is wrong with TO, AMOUNT, --fee or --memo is named")
def _():
    with running():
        to = new("payee")["address"]
        typo = to[:20] + ("q" if to[20] != "q" else "p") + to[21:]
        foreign = "dst1q0t9nthl8zlx6rxu9nrdykxq5au4p33kr42jpex7g4nyqnp527k7" \
                  "ss086tw"
        for code, why, *arguments in (
                (USAGE, "mistyped", typo, "1"),
                (USAGE, "mistyped|too short", to[:-1], "1"),
                (USAGE, "another network.*dst1.*rst1", foreign, "1"),
                (USAGE, "not an address", "bob", "1"),
                (USAGE, "not an address", "", "1"),
                (USAGE, "mixed upper and lower", to[:30] + to[30:].upper(),
                 "1"),
                (USAGE, "not an amount", to, "1,5"),
                (USAGE, "not an amount", to, "1e3"),
                (USAGE, "not an amount", to, ""),
                (USAGE, "nine decimals", to, "0.0000000001"),
                (USAGE, "more than there can be", to, "18446744073.709551616"),
                (FAILED, "amount of 0", to, "0"),
                (FAILED, "can be spent", to, "1000001"),
                (FAILED, "can be spent", to, "1000000"), # and the fee
                (FAILED, "more than there can be", to, "18446744073.709551615"),
                (USAGE, "--fee", to, "1", "--fee", "x"),
                (FAILED, "below the least.*is new", to, "1", "--fee", "0"),
                (FAILED, "below the least", to, "1", "--fee", "0.000000414"),
                (FAILED, "81 bytes", to, "1", "--memo", "m" * 81),
                (FAILED, "can be spent|too long|high", to, "1", "--expiry",
                 str(2 ** 32 - 1)),
                (USAGE, "error", to, "1", "--expiry", "-1"),
                (USAGE, "error", to),
                (USAGE, "error", to, "1", "2")):
            refused = send(*arguments, "--from", "premine-1", "--yes")
            refused.exits(code).says("error: ", f"(?s){why}")
        own = address("default")
        send(own, "1", "--yes").exits(FAILED).says("recipient is the sender")
        send(to, "1", "--from", "nobody-here", "--yes").exits(FAILED).says(
            "no wallet is called", "default")
        equal(home().call("tx_getPool")["result"]["txs"], [], "the pool")
        equal(balance(to)["spendable"], "0", "what was paid")


@claim("without --yes and a terminal nothing is sent")
def _():
    with running():
        to = new("unasked")["address"]
        refused = send(to, "1", "--from", "premine")
        refused.exits(USAGE).says("--yes", "nothing was sent")
        before = balance("premine")["nonce"]
        no = Terminal("wallet", "send", to, "1", "--from", "premine")
        no.answers("[y/N]", "n\n").ends(FAILED).says("nothing was sent")
        equal(balance("premine")["nonce"], before, "the nonce")
        yes = Terminal("wallet", "send", to, "1", "--from", "premine",
                       "--wait")
        yes.answers("[y/N]", "y\n").ends(OK).says("in block")
        equal(balance("unasked")["spendable"], str(COIN), "what came")


@claim("a dry run shows the signed transaction and sends nothing")
def _():
    with running():
        to = new("dry")["address"]
        told = send(to, "3", "--from", "premine-2", "--dry-run", "--json",
                    "--memo", "dry", "--expiry", "10").exits(OK).json()
        equal(told["state"], "not sent", "the state")
        equal(home().call("tx_getPool")["result"]["txs"], [], "the pool")
        decoded = home().call("tx_decode", told["raw"])["result"]
        for key, there in (("txid", "txid"), ("amount", "amount"),
                           ("fee", "fee"), ("nonce", "nonce"),
                           ("recipient_address", "to"), ("memo", "memo"),
                           ("sender_address", "from"), ("expiry", "expiry")):
            equal(decoded[key], told[there], key)
        expect(decoded["expiry"] > 10, f"{decoded}")
        taken = home().call("tx_submit", told["raw"])["result"]
        equal(taken, told["txid"], "the id the node computes")


@claim("payments one after another, without waiting, all arrive")
def _():
    with running():
        to = funded("many", "1")
        for i in range(5):
            for _again in range(200):
                one = send(to, "1", "--from", "premine-3", "--yes", "--json",
                           "--memo", str(i))
                if one.code == OK:
                    break
                one.says("send again|try again|higher") # taken by the nonce
                time.sleep(0.05)
            one.exits(OK)
        wait = time.monotonic() + 30
        while balance("many")["spendable"] != str(6 * COIN):
            expect(time.monotonic() < wait, f"{balance('many')}")


@claim("a sealed wallet needs its passphrase, from a file or the terminal")
def _():
    secret, wrong = work("secret"), work("wrong")
    for path, text in ((secret, "correct horse\n"), (wrong, "incorrect\n")):
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
    with running():
        made = new("sealed", "--passphrase-file", secret)
        expect(made["has_passphrase"], f"{made}")
        with open(made["file"], "rb") as f:
            expect(entropy_of(made["words"]) not in f.read(), "in the clear")
        wallet("list").exits(OK).says("sealed +under a passphrase")
        for verb in (["address", "sealed"], ["balance", "sealed"],
                     ["send", made["address"], "1", "--from", "sealed",
                      "--yes"]):
            wallet(*verb).exits(FAILED).says("--passphrase-file", "terminal")
            wallet(*verb, "--passphrase-file", wrong).exits(FAILED).says(
                "passphrase")
        wallet("address", "sealed", "--passphrase-file",
               work("none")).exits(FAILED).says("none")
        sent(made["address"], "5", "--from", "premine")
        paid = sent(address("default"), "1", "--from", "sealed",
                    "--passphrase-file", secret)
        equal(balance(made["address"])["spendable"], paid["remains"],
              "what remains")
        asked = Terminal("wallet", "address", "sealed")
        told = asked.answers("passphrase of", "correct horsd\x7fe\n").ends(OK)
        equal(told.out.strip(), made["address"], "the address")


@claim("a new passphrase is asked for twice on a terminal, and not echoed")
def _():
    made = Terminal("wallet", "new", "typed")
    made.answers("(empty: none", "battery\n").answers("again", "battery\n")
    made.ends(OK).says("under its passphrase")
    expect("battery" not in made.program.out + made.program.err, "an echo")
    differ = Terminal("wallet", "new", "differ")
    differ.answers("(empty: none", "one\n").answers("again", "two\n")
    differ.ends(FAILED).says("differ", "nothing was written")
    stopped = Terminal("wallet", "new", "stopped")
    stopped.answers("(empty: none", "abc\x03").ends(FAILED).says("cancelled")
    plain = Terminal("wallet", "new", "plain")
    plain.answers("(empty: none", "\n").ends(OK).says("no passphrase")
    names = files_below(home().path("keys"))
    for name, there in (("typed", True), ("differ", False),
                        ("stopped", False), ("plain", True)):
        equal(f"wallet.{name}.key" in names, there, name)


@claim("the premine's public key prints a warning whenever it is used")
def _():
    with running():
        to = new("warned")["address"]
        for more in (["--dry-run"], ["--yes"], ["--yes", "--quiet"]):
            told = send(to, "1", "--from", "premine-1", *more)
            told.says("warning: .*public")
        send(to, "1", "--from", "premine-4", "--yes").exits(FAILED).says(
            "4 premine accounts")


@claim("a damaged or open key file is refused, naming the file")
def _():
    path = new("hurt")["file"]
    os.chmod(path, 0o640)
    wallet("address", "hurt").exits(FAILED).says("wallet.hurt.key", "chmod")
    os.chmod(path, 0o600)
    with open(path, "r+b") as f:
        f.seek(50)
        f.write(b"\xff\xfe")
    for verb in (["address", "hurt"], ["list"]):
        wallet(*verb).exits(FAILED).says("wallet.hurt.key", "damaged")
    os.unlink(path)


@claim("kill -9 in wallet new leaves nothing, or a whole key")
def _():
    dice = seeded("wallet new")
    outcomes = {True: 0, False: 0}
    whole = wallet("new", "unkilled").exits(OK).seconds
    for attempt in range(40):
        name = f"killed-{attempt}"
        one = Running("wallet", "new", name, "--json", *home().flags())
        one_more = one.begun + dice.uniform(0, 1.2 * whole)
        while time.monotonic() < one_more and not one.is_over():
            time.sleep(0.001)
        one.send(signal.SIGKILL)
        shown = one.wait(10).out
        there = f"wallet.{name}.key" in os.listdir(home().path("keys"))
        outcomes[there] += 1
        if there:
            address(name)
        expect(there or "words" not in shown, "words without their file")
    print(f"# {outcomes[True]} whole, {outcomes[False]} nothing")
    wallet("list").exits(OK)


if __name__ == "__main__":
    main()
