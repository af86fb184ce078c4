#!/usr/bin/env -S python3 -B
"""A node seen over RPC and by status: rpc.py SPACETIME [PART OF A NAME]."""

import json
import os
import re
import socket
import stat

from harness import (OK, UNREACHABLE, Home, claim, equal, expect, main, run,
                     work)

_node = None


def home():
    made = Home.__new__(Home)
    made.root, made.network = work("home"), "quick"
    if not os.path.exists(made.root):
        made = Home("home")
        made.grow(2)
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


def error_of(answer):
    expect("error" in answer, f"no error in {answer}")
    return answer["error"]["code"]


@claim("the cookie is 0600, and each start makes another")
def _():
    seen = set()
    for _start in range(2):
        with running():
            mode = os.stat(home().path("run", "cookie")).st_mode
            equal(stat.S_IMODE(mode), 0o600, "the mode")
            seen.add(home().cookie())
    equal(len(seen), 2, "the number of cookies")


@claim("without the cookie only /healthz answers")
def _():
    body = '{"jsonrpc":"2.0","id":1,"method":"chain_getTip"}'
    with running():
        for headers in ({}, {"Authorization": "Bearer " + "0" * 64},
                        {"Authorization": "Bearer "},
                        {"Authorization": "Basic " + home().cookie()}):
            status, text = home().http("POST", "/", body, headers,
                                       cookie=False)
            equal(status, 401, "the status")
            expect("0x" not in text, f"it said {text}")
        equal(home().http("POST", "/", body)[0], 200, "with the cookie")
        equal(home().http("GET", "/healthz/live", cookie=False)[0], 200,
              "/healthz/live")


@claim("a foreign Host or Origin is refused even with the cookie")
def _():
    body = '{"jsonrpc":"2.0","id":1,"method":"chain_getTip"}'
    with running():
        for headers in ({"Host": "evil.example"}, {"Host": "evil.example:80"},
                        {"Origin": "https://evil.example"},
                        {"Origin": "null"}):
            equal(home().http("POST", "/", body, headers)[0], 403,
                  f"the status for {headers}")
        equal(home().http("POST", "/", body,
                          {"Content-Type": "text/plain"})[0], 415,
              "the status for text/plain")
        equal(home().http("GET", "/")[0], 404, "GET /")


@claim("the read methods answer, and agree with each other")
def _():
    with running() as node:
        node.until_blocks(1)
        call = home().call
        tip = call("chain_getTip")["result"]
        block = call("chain_getBlock", tip["height"])["result"]
        equal(block["id"], tip["id"], "the block at the tip's height")
        header = call("chain_getHeader", tip["id"])["result"]
        equal(header["height"], tip["height"], "the header's height")
        spec = call("chain_getSpec")["result"]
        equal((spec["network"], spec["genesis"]["k"]), ("quick", 18), "spec")
        account = call("chain_getAccount", header["payee"])["result"]
        equal(account["account"], header["payee"], "the account")
        supply = call("chain_getSupply")["result"]
        equal(int(supply["issued"]),
              int(supply["spendable"]) + int(supply["immature"]), "the supply")
        for method in ("node_getVersion", "node_getHealth", "node_getActors",
                       "tx_getPool", "rpc_methods", "rpc_discover"):
            expect("result" in call(method), f"no answer to {method}")


@claim("every method of rpc_methods answers a call without parameters")
def _():
    with running():
        for method in home().call("rpc_methods")["result"]:
            answer = home().call(method["name"])
            if "error" in answer:
                expect(error_of(answer) in (-32602, -32001, -32004),
                       f"{method['name']}: {answer}")


@claim("errors carry the codes of JSON-RPC, and a batch answers each")
def _():
    with running():
        def post(text):
            return json.loads(home().http("POST", "/", text)[1])
        equal(error_of(post("{")), -32700, "broken JSON")
        equal(error_of(post("3")), -32600, "a number")
        equal(error_of(post("[]")), -32600, "an empty batch")
        equal(error_of(home().call("chain_getTipp")), -32601, "no method")
        equal(error_of(home().call("chain_getBlock")), -32602, "no parameter")
        equal(error_of(home().call("chain_getBlock", 10 ** 6)), -32004,
              "a height above the tip")
        for bad in (-1, 2 ** 32, 1.5, "xyz", None, [], {}, "0x" + "0" * 63):
            expect(error_of(home().call("chain_getBlock", bad))
                   in (-32602, -32004), f"{bad}")
        one = {"jsonrpc": "2.0", "method": "chain_getTip", "params": []}
        answers = post(json.dumps([{**one, "id": 1}, one, {**one, "id": "b"}]))
        equal({a["id"] for a in answers}, {1, "b"}, "the ids answered")


@claim("tx_submit refuses garbage with a code, and the node lives on")
def _():
    with running():
        for raw in ("", "00", "0x", "zz", "0x" + "ff" * 200, "0" * 999, 7,
                    None, {}, "0x" + "00" * 100_000):
            answer = home().call("tx_submit", raw)
            expect(error_of(answer) in (-32602, -32010, -32006),
                   f"{raw!r:.40}: {answer}")
            expect(answer["error"].get("message"), f"no message in {answer}")
        some = home().call("tx_submit", ["00", "ff"])["result"]
        expect(len(some) == 2 and all("error" in x for x in some), f"{some}")
        equal(error_of(home().call("tx_submit", ["00"] * 501)), -32602,
              "501 transactions")
        equal(home().call("tx_getPool")["result"]["txs"], [], "the pool")


@claim("bytes that are no HTTP, cut requests and large bodies do no harm")
def _():
    with running() as node:
        for raw in (b"\x00" * 100, b"GET", b"POST / HTTP/1.1\r\n",
                    b"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
                    b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\nx",
                    b"GET /healthz HTTP/9.9\r\n\r\n", b"\r\n" * 50):
            with socket.create_connection(home().rpc_address(), 5) as s:
                s.sendall(raw)
        for _connection in range(100):
            socket.create_connection(home().rpc_address(), 5).close()
        body = json.dumps({"method": "y" * 60_000_000})
        try:
            equal(home().http("POST", "/", body)[0], 413, "the status")
        except OSError:
            pass # it may also cut the connection before the end
        expect("result" in home().call("chain_getTip"), "no answer")
        expect(not node.is_over(), "it ended")


@claim("status shows a node that farms: plots, lookups, won blocks, the tip")
def _():
    with running() as node:
        node.until_blocks(2)
        told = home().run("status", "--json").exits(OK).json()
        equal((told["schema"], told["network"], told["source"]),
              (1, "quick", "rpc"), "schema, network and source")
        farm = told["farm"]
        equal(farm["plots"], 4, "the plots")
        expect(farm["lookups"] > 0 and farm["won"] >= 1, f"{farm}")
        expect(told["height"] >= node.blocks()[0]["height"], "the height")
        text = home().run("status").exits(OK)
        text.says(r"FARMING +4 plots", r"height \d+", "won ", "quick")
        expect(text.seconds < 1.5, f"it took {text.seconds} s")


@claim("chain tip and chain block ask the node that runs")
def _():
    with running() as node:
        node.until_blocks(1)
        tip = home().run("chain", "tip", "--json").exits(OK)
        expect("no node" not in tip.err, tip.err)
        equal(home().call("chain_getHeader", tip.json()["height"])["result"]
              ["id"], tip.json()["id"], "the id")
        home().run("chain", "verify").exits(OK) # beside it


@claim("without a node status reads the database, says so, and exits with 0")
def _():
    told = home().run("status").exits(OK)
    told.says("no node is running; read from the database", r"height \d+")
    json_told = home().run("status", "--json").exits(OK).json()
    equal((json_told["source"], json_told["state"]), ("database", "stopped"),
          "source and state")
    equal(json_told["tip"], home().tip()["id"], "the tip")


@claim("without node and database status exits with 3 and says what to do")
def _():
    told = run("status", "--home", work("none")).exits(UNREACHABLE)
    told.says("spacetime up")
    expect(len(told.err.splitlines()) <= 3, told.err)
    run("chain", "tip", "--home", work("none")).exits(UNREACHABLE)


@claim("a stale address in run/ is no node, whoever listens there now")
def _():
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        for text in (f"127.0.0.1:{stranger.getsockname()[1]}", "", "x",
                     "127.0.0.1:1", "192.0.2.1:80", "\n" * 50):
            os.makedirs(home().path("run"), exist_ok=True)
            for name, what in (("rpc", text), ("cookie", "0" * 64)):
                with open(home().path("run", name), "w",
                          encoding="utf-8") as f:
                    f.write(what + "\n")
            told = run("status", *home().flags(), limit=20)
            expect(told.code in (OK, 1, UNREACHABLE), f"{text!r}: {told}")
            if told.code == OK:
                told.says("read from the database")
            else:
                told.says("error: ")
        home().grow(1) # and no start is held up by it
    expect(not re.search("cookie", " ".join(os.listdir(home().path("run")))),
           "the stale cookie is still there")


@claim("verify proof judges the known answers from text, file and stdin")
def _():
    vectors = os.environ["SPACETIME_TEST_VECTORS"]
    with open(os.path.join(vectors, "proof-of-time.json"),
              encoding="utf-8") as f:
        known = [p for p in json.load(f)["proofs"] if "seed" in p][:40]
    verdicts = set()
    for one in known:
        fields = {k: one[k] for k in ("seed", "bits", "T", "x", "proof")
                  if k in one}
        told = run("verify", "proof", "--time", json.dumps(fields))
        expect(told.code in (0, 1, 2), f"{told}")
        equal(told.code == 0, bool(one["strict"]), f"the verdict on {one}")
        verdicts.add(told.code)
    expect({0, 1} <= verdicts, f"only {verdicts}")


if __name__ == "__main__":
    main()
