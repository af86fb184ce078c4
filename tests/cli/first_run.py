#!/usr/bin/env -S python3 -B
"""The first minutes with the program: first_run.py SPACETIME [PART OF A NAME].
"""

import os
import re
import stat
import tomllib

from harness import (ANY_PORT, FAILED, OK, USAGE, Home, claim, equal, expect,
                     main, run, work)

VERBS = [["up"], ["node"], ["status"], ["plot", "create"], ["plot", "check"],
         ["plot", "inspect"], ["plot", "list"], ["chain", "tip"],
         ["chain", "block"], ["chain", "header"], ["chain", "spec"],
         ["chain", "verify"], ["verify", "proof"]]
BLOCK_LINE = re.compile(r"^\d\d:\d\d:\d\d  height +(\d+)  epoch", re.MULTILINE)


def home():
    """The one home of this script; its network is regtest."""
    return Home("home", "regtest")


def heights(result):
    return [int(h) for h in BLOCK_LINE.findall(result.out)]


def uncommented(text):
    """node.toml with each key in force."""
    return "\n".join(re.sub(r"^# ?(?=[\w.]+ = )", "", line)
                     for line in text.splitlines())


@claim("the first up makes home, keys, plots and five blocks, and ends with 0")
def _():
    made = home().up("--plots", 4, "--blocks", 5).exits(OK)
    equal(heights(made), [1, 2, 3, 4, 5], "the heights")
    made.says(r"back them up", r"spacetime status", r"ready in ")
    plots = os.listdir(home().path("plots"))
    equal(sum(p.endswith(".plot") for p in plots), 4, "the number of plots")
    equal(len(plots), 4, "the number of files beside the plots")
    expect(made.seconds < 60, f"it took {made.seconds} s")


@claim("node.toml names every key as a comment, and changes nothing")
def _():
    with open(home().path("node.toml"), "rb") as f:
        text = f.read().decode()
    # Without a value it holds at most its version and empty sections.
    values = [v for k, v in tomllib.loads(text).items()
              if k != "config_version"]
    expect(all(v == {} for v in values), f"it sets {values}")
    keys = tomllib.loads(uncommented(text))
    for section, key in (("rpc", "listen"), ("storage", "min_free"),
                         ("farm", "plot_dirs"), ("log", "level")):
        expect(key in keys.get(section, {}), f"no key {section}.{key}")


@claim("node.toml with every comment taken off is a legal configuration")
def _():
    other = home().copy("uncommented")
    with open(other.path("node.toml"), encoding="utf-8") as f:
        text = uncommented(f.read())
    # Its default is devnet; it must be the data directory's.
    other.node_toml(text.replace('network = "devnet"', 'network = "regtest"'))
    other.run("up", *ANY_PORT, "--blocks", 1).exits(OK)
    other.remove()


@claim("keys are files 0600 in a directory 0700")
def _():
    keys = home().path("keys")
    equal(stat.S_IMODE(os.stat(keys).st_mode), 0o700, "the directory's mode")
    names = sorted(os.listdir(keys))
    equal(names, ["farmer.key", "wallet.key"], "the files")
    for name in names:
        mode = stat.S_IMODE(os.stat(os.path.join(keys, name)).st_mode)
        equal(mode, 0o600, f"the mode of {name}")


@claim("keys that others may read are refused, naming the file")
def _():
    other = home().copy("wide")
    os.chmod(other.path("keys", "wallet.key"), 0o644)
    other.up("--blocks", 1).exits(FAILED).says("wallet.key", "chmod")
    other.remove()


@claim("a second up goes on at the tip of the first, with its keys and plots")
def _():
    before = {name: os.stat(home().path(*name)).st_mtime_ns
              for name in [("keys", "farmer.key"), ("keys", "wallet.key"),
                           ("node.toml",)]}
    again = home().up("--plots", 4, "--blocks", 2).exits(OK)
    equal(heights(again), [6, 7], "the heights")
    expect("back them up" not in again.err, "it says that keys are new")
    for name, then in before.items():
        equal(os.stat(home().path(*name)).st_mtime_ns, then,
              f"the time of {name[-1]}")
    equal(len(os.listdir(home().path("plots"))), 4, "the number of plots")


@claim("chain verify passes, says its rate, and names the tip chain tip names")
def _():
    home().run("chain", "verify").exits(OK).says(r"7 blocks", "blocks/s")
    verified, tip = home().verify(), home().tip()
    equal(verified["tip"], tip["id"], "the verified tip")
    equal((verified["blocks"], tip["height"]), (7, 7), "blocks and height")
    block = home().run("chain", "block", "7", "--json", "--quiet").exits(OK)
    equal(block.json()["id"], tip["id"], "the id of block 7")
    header = home().run("chain", "header", tip["id"], "--json").exits(OK)
    equal(header.json()["height"], 7, "the height of the tip's header")
    home().run("chain", "block", "8").exits(FAILED).says("error: ")
    home().run("chain", "block", "seven").exits(USAGE).says("error: ")


@claim("a second up in a home that has one running ends with 1 and its pid")
def _():
    first = home().start_up()
    first.until_says("ready in")
    second = home().up("--blocks", 1).exits(FAILED)
    second.says(rf"\b{first.pid}\b", "run/lock")
    expect(second.seconds < 5, f"it took {second.seconds} s")
    home().run("node", *ANY_PORT).exits(FAILED).says(rf"\b{first.pid}\b")
    first.stop().exits(OK)


@claim("a busy RPC port is named before the node says it is ready")
def _():
    first = home().start("node")
    home().until_answers(first)
    host, port = home().rpc_address()
    other = Home("busy", "regtest")
    second = run("up", "--plots", 1, "--blocks", 2, "--rpc-listen",
                 f"{host}:{port}", *other.flags(), limit=30)
    first.stop().exits(OK)
    second.says(rf"error: .*{port}")
    expect(second.code in (FAILED, USAGE), f"{second}")
    expect("ready in" not in second.err, f"{second}")
    other.remove()


@claim("with port 0 the ready line names the port that answers")
def _():
    node = home().start("node")
    said = node.until_says(r"ready in .*http://127\.0\.0\.1:(\d+)")
    home().until_answers(node)
    _, port = home().rpc_address()
    node.stop().exits(OK)
    equal(int(said.group(1)), port, "the port in the ready line")


@claim("an unknown network ends with 2 and the names that are known")
def _():
    for verb in (["up"], ["node"], ["chain", "tip"], ["chain", "spec"],
                 ["plot", "list"], ["plot", "create"], ["status"]):
        refused = run(*verb, "--network", "devnett", "--home", work("none"))
        refused.exits(USAGE).says("devnett", "regtest")
    run("up", "--network", "../x", "--home", work("none")).exits(USAGE)
    expect(not os.path.exists(work("none")), "it made a directory")


@claim("mainnet has not started, and nothing is made for it")
def _():
    for verb in ("up", "node"):
        refused = run(verb, "--network", "mainnet", "--home", work("none"))
        refused.exits(USAGE).says("mainnet has not started")
    expect(not os.path.exists(work("none")), "it made a directory")


@claim("a home of another network is refused")
def _():
    os.makedirs(work("mixed"))
    os.symlink(home().path(), work("mixed", "devnet"))
    refused = run("up", "--network", "devnet", "--home", work("mixed"))
    refused.exits(FAILED).says("regtest", "devnet")
    run("up", "--network", "regtest", "--home",
        home().path()).exits(FAILED).says("give the one above it")


@claim("a flag, a verb or a value with a typo ends with 2 and makes nothing")
def _():
    for arguments in (["up", "--plot", "4"], ["upp"], [], ["plot"],
                      ["plot", "creat"], ["up", "--blocks", "many"],
                      ["up", "--blocks", "-1"], ["up", "--plots", "1e3"],
                      ["up", "--color", "blue"], ["node", "extra"],
                      ["chain"], ["chain", "block"], ["verify"],
                      ["plot", "create", "--count", "0"],
                      ["plot", "create", "--k", "19"],
                      ["plot", "create", "--k", "32"],
                      ["plot", "create", "--k", "274"],
                      ["plot", "inspect"], ["verify", "proof", "{}"],
                      ["up", "--rpc-listen", "127.0.0.1"],
                      ["up", "--rpc-listen", "127.0.0.1:99999"]):
        where = [] if len(arguments) < 2 else ["--home", work("none")]
        run(*arguments, *where).exits(USAGE).says("error: ")
        expect(not os.path.exists(work("none")), f"{arguments} made a home")


@claim("an RPC address that is no loopback is refused")
def _():
    run("up", "--home", work("none"), "--rpc-listen",
        "0.0.0.0:0").exits(USAGE).says("rpc.listen")


@claim("every verb's --help shows an example of that verb, on stdout")
def _():
    for verb in VERBS:
        shown = run(*verb, "--help").exits(OK)
        expect(re.search("Examples?:", shown.out), f"no example in {shown}")
        expect("spacetime " + " ".join(verb) in shown.out, f"not it in {shown}")
        equal(shown.err, "", "stderr")
    run("--help").exits(OK).says(*sorted({verb[0] for verb in VERBS}))


@claim("--version prints one line")
def _():
    shown = run("--version").exits(OK)
    expect(re.fullmatch(r"spacetime \d+\.\d+\.\d+\n", shown.out), f"{shown}")


@claim("status and chain tip say that nothing is there, with exit code 3")
def _():
    for verb in (["status"], ["chain", "tip"], ["chain", "verify"]):
        run(*verb, "--home", work("none")).exits(3).says("error: ")
    expect(not os.path.exists(work("none")), "a read verb made a directory")


@claim("SPACETIME_HOME and SPACETIME_NETWORK name the home")
def _():
    told = run("chain", "tip", "--json", "--quiet",
               env={"SPACETIME_HOME": home().root,
                    "SPACETIME_NETWORK": "regtest"}).exits(OK)
    equal(told.json()["id"], home().tip()["id"], "the tip")


@claim("an unknown SPACETIME_ variable is refused with the nearest name")
def _():
    home().up("--blocks", 1, env={"SPACETIME_RPC__LISEN": "x"}).exits(
        USAGE).says("SPACETIME_RPC__LISEN", "SPACETIME_RPC__LISTEN")


if __name__ == "__main__":
    main()
