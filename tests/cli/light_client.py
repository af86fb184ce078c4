#!/usr/bin/env -S python3 -B
"""A light client of its own: light_client.py SPACETIME [PART OF A NAME].

It has docs/light-client.md and SHA-256, and nothing of the program's code: what
it accepts, the document defines.
"""

import hashlib
import json
import os
import struct

from harness import OK, Home, claim, equal, expect, main, run

ROOT = os.environ["SPACETIME_SOURCE_ROOT"]
HISTORY_ROOT, STATE_ROOT = 86, 150 # offsets in a header


def h(tag, *parts):
    """H of docs/protocol.md."""
    return hashlib.sha256(bytes([len(tag)]) + tag.encode()
                          + b"".join(parts)).digest()


class Bytes:
    """Takes fields from the front."""

    def __init__(self, raw):
        self.raw = raw

    def take(self, count):
        expect(len(self.raw) >= count, "the proof is too short")
        out, self.raw = self.raw[:count], self.raw[count:]
        return out

    def number(self, width):
        return int.from_bytes(self.take(width), "big")


def bit(raw, at):
    return raw[at // 8] >> (7 - at % 8) & 1


def account_root(rest):
    """The state root that an account proof leads to; its account, or None."""
    exists = rest.number(1)
    ident = rest.take(32)
    account = rest.take(48) if exists else None
    rewards = rest.take(32)
    count, empty = rest.number(2), rest.take(32)
    expect(count <= 256, "more siblings than an id has bits")
    node = h("st/leaf", ident, account) if exists else bytes(32)
    if rest.number(1):
        other = rest.take(32)
        expect(not exists and other != ident, "an absence has another leaf")
        equal([bit(other, d) for d in range(count)],
              [bit(ident, d) for d in range(count)], "the shared prefix")
        node = h("st/leaf", other, rest.take(48))
    siblings = [bytes(32) if bit(empty, d) else rest.take(32)
                for d in range(count)]
    for d in reversed(range(count)):
        pair = (siblings[d], node) if bit(ident, d) else (node, siblings[d])
        node = h("st/node", *pair)
    return h("st/state", node, rewards), account and struct.unpack(
        ">QQ", account[:16])


def tree_root(tag, node, at, size, path):
    """RFC 6962: which siblings are on the right follows from at and size."""
    low, high, right = 0, size, []
    while high - low > 1:
        middle = low + (1 << (high - low - 1).bit_length() - 1)
        right.append(at < middle)
        low, high = (low, middle) if at < middle else (middle, high)
    equal(len(path), len(right), "the number of siblings")
    for sibling, is_right in zip(path, reversed(right)):
        node = h(tag, node, sibling) if is_right else h(tag, sibling, node)
    return node


def check(raw):
    """Block id and claim of a proof that holds; raises for another."""
    rest = Bytes(raw)
    equal(rest.take(5), b"STPF\1", "the start")
    kind, network = rest.number(1), rest.take(32)
    header = rest.take(rest.number(4))
    block = h("st/block", network, header[:-64]).hex()
    if kind == 1:
        root, claimed = account_root(rest)
        equal(root, header[STATE_ROOT:STATE_ROOT + 32], "the state root")
    else:
        equal(kind, 2, "the kind")
        ident, at, weight = rest.take(32), rest.number(4), rest.take(32)
        path = [rest.take(32) for _ in range(rest.number(1))]
        height = int.from_bytes(header[2:6], "big")
        expect(at < height, "the block is not below the header's")
        root = tree_root("st/hist-node", h("st/hist-leaf", ident, weight), at,
                         height, path)
        equal(root, header[HISTORY_ROOT:HISTORY_ROOT + 32], "the history root")
        claimed = (ident.hex(), at, int.from_bytes(weight, "big"))
    equal(rest.raw, b"", "what follows the proof")
    return block, claimed


def example():
    path = os.path.join(ROOT, "tests", "vectors", "light-client.json")
    with open(path, encoding="utf-8") as f:
        return json.load(f)


@claim("the example of docs/light-client.md holds, and is quoted as it is")
def _():
    with open(os.path.join(ROOT, "docs", "light-client.md"),
              encoding="utf-8") as f:
        text = f.read()
    expect(example()["block"] in text, "the document quotes another block")
    for one in example()["proofs"]:
        raw = bytes.fromhex(one["proof"])
        block, claimed = check(raw)
        equal(block, example()["block"], "the block id")
        expect(f"{len(raw):,} bytes" in text, f"{one['what']}: {len(raw)}")
        for value in claimed or ():
            quoted = f"{value:,}" if isinstance(value, int) else value
            expect(quoted in text, f"{one['what']}: {quoted} is not quoted")
        verdict = run("verify", "proof", "--json", "--block", block,
                      one["proof"]).exits(OK).json()
        equal(verdict["valid"], True, "the program's verdict")


@claim("no single changed byte of the example is accepted for another claim")
def _():
    for one in example()["proofs"]:
        raw = bytes.fromhex(one["proof"])
        true = check(raw)
        for at in range(len(raw)):
            wrong = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1:]
            try:
                found = check(wrong)
            except (AssertionError, struct.error):
                continue
            # An absence is proven for every id that ends at the same leaf.
            expect(found == true or found[0] != true[0] or true[1] is None,
                   f"{one['what']}: byte {at} changed")


@claim("what the program proves of a new chain holds by the document alone")
def _():
    home = Home("chain")
    home.grow(6)
    tip = home.tip()
    spec = home.run("chain", "spec", "--json").exits(OK).json()
    flags = ("--json", "--quiet")
    for who in (spec["genesis"]["premine"][0]["account"], "0x" + "a5" * 32):
        said = home.run("chain", "proof", who, *flags).exits(OK).json()
        block, claimed = check(bytes.fromhex(said["proof"][2:]))
        equal("0x" + block, tip["id"], "the block id")
        wanted = int(said["nonce"]), int(said["balance"])
        equal(claimed, wanted if said["exists"] else None, "the account")
    for height in range(tip["height"]):
        said = home.run("chain", "proof", "--block", height,
                        *flags).exits(OK).json()
        block, claimed = check(bytes.fromhex(said["proof"][2:]))
        equal("0x" + block, tip["id"], "the block id")
        equal(claimed, (said["ancestor"][2:], height, int(said["weight"])),
              "the earlier block")


main()
