#!/usr/bin/env -S python3 -B
"""SPACETIME_VECTORS adds known answers to the tests of the built proofs.

vectors_env.py SPACETIME SPACE_TEST TIME_TEST
"""

import json
import os
import re
import sys

import harness
from harness import claim, expect, main, run, work

SPACE_TEST, TIME_TEST = sys.argv[2:4]
del sys.argv[2:]
VECTORS = os.environ["SPACETIME_TEST_VECTORS"]
ONLY_VECTORS = "--source-file=*vectors_test*"


def copy_of(name, directory, change=None):
    """A file of known answers in a directory of its own."""
    with open(os.path.join(VECTORS, name), encoding="utf-8") as f:
        known = json.load(f)
    if name == "proof-of-space.json":
        known["plots"] = known["plots"][:1] # each is plotted, seconds
    if change:
        change(known)
    os.makedirs(work(directory), exist_ok=True)
    with open(work(directory, name), "w", encoding="utf-8") as f:
        json.dump(known, f)
    return work(directory)


def tested(program, more=None):
    """Exit code and number of assertions of the vector tests of a program."""
    env = {"SPACETIME_TEST_VECTORS": VECTORS}
    if more:
        env["SPACETIME_VECTORS"] = more
    ended = run(ONLY_VECTORS, program=program, env=env, limit=240)
    found = re.search(r"assertions:\s*(\d+) \|", ended.out)
    expect(found, f"no count of assertions in {ended}")
    return ended, int(found.group(1))


def grows_and_fails(program, name, damage):
    alone, own = tested(program)
    alone.exits(0)
    both, more = tested(program, copy_of(name, "good"))
    both.exits(0)
    expect(more > own, f"{more} assertions with the copy, {own} without")
    wrong, _ = tested(program, copy_of(name, "damaged", damage))
    expect(wrong.code > 0, f"a wrong answer passed: {wrong}")


def other_digit(text):
    return ("1" if text[0] == "0" else "0") + text[1:]


@claim("further proofs of space are run, and a wrong one fails")
def _():
    def damage(known):
        plot = known["plots"][0]
        plot["fragments_sha256"] = other_digit(plot["fragments_sha256"])
    grows_and_fails(SPACE_TEST, "proof-of-space.json", damage)


@claim("further proofs of time are run, and a wrong one fails")
def _():
    def damage(known):
        one = known["proofs"][0]
        one["strict"] = not one["strict"]
    grows_and_fails(TIME_TEST, "proof-of-time.json", damage)


@claim("a directory with one of the two files serves both programs")
def _():
    only_time = copy_of("proof-of-time.json", "only-time")
    tested(SPACE_TEST, only_time)[0].exits(0)


if __name__ == "__main__":
    harness.PROGRAM = SPACE_TEST
    main()
