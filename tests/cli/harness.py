"""Runs the built program as its user does; shared by the scripts beside it.

A script registers sentences with @claim and ends with main(). Each sentence is
one test case: it holds unless its function raises, and prints `ok - sentence`
or `not ok - sentence`, with the reason in lines that begin with '#'. A function
that returns Skip says why this machine cannot tell. All happens in one new
directory that is removed at the end, and only processes of this script are
ever ended.
"""

import hashlib
import http.client
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback

PROGRAM = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else "spacetime"
OK, FAILED, USAGE, UNREACHABLE, UNHEALTHY = range(5)
ANY_PORT = ["--rpc-listen", "127.0.0.1:0"]

_claims = []
_running = []
_work = None


class Skip:
    """What a claim returns when this machine cannot tell."""

    def __init__(self, why):
        self.why = why


def claim(sentence):
    """Registers a function as a test case."""
    def register(function):
        _claims.append((sentence, function))
        return function
    return register


def work(*parts):
    """A path in this script's directory."""
    return os.path.join(_work, *parts)


def expect(condition, why):
    """Unlike assert it also speaks under python -O."""
    if not condition:
        raise AssertionError(why)


def equal(got, wanted, what):
    expect(got == wanted, f"{what} is {got!r}, not {wanted!r}")


def seeded(name):
    """Random numbers that a report can name: SPACETIME_SEED, else 1."""
    seed = os.environ.get("SPACETIME_SEED", "1")
    print(f"# SPACETIME_SEED={seed}")
    return random.Random(f"{name} {seed}")


def wait_until(condition, seconds, what):
    """The first true value of `condition`; an error after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        expect(time.monotonic() < end, f"not within {seconds} s: {what}")
        time.sleep(0.02)


def environment(more=None):
    """Ours without what would change the program's ways."""
    out = {k: v for k, v in os.environ.items()
           if not k.startswith("SPACETIME_") and k not in ("NO_COLOR", "TERM")}
    out["HOME"] = work("user")
    out.update(more or {})
    return out


class Result:
    """A run that has ended; `code` is negative after a signal."""

    def __init__(self, arguments, code, out, err, seconds):
        self.arguments, self.code = arguments, code
        self.out, self.err, self.seconds = out, err, seconds

    def __str__(self):
        return (f"`{' '.join(map(str, self.arguments))}` exit {self.code} "
                f"after {self.seconds:.1f} s\nout: {self.out[-1500:]}\n"
                f"err: {self.err[-1500:]}")

    def exits(self, code):
        equal(self.code, code, f"the exit code\n{self}\n")
        return self

    def says(self, *patterns):
        """Each pattern is in what was printed."""
        for pattern in patterns:
            expect(re.search(pattern, self.out + self.err),
                   f"no /{pattern}/ in {self}")
        return self

    def json(self):
        try:
            return json.loads(self.out)
        except ValueError as e:
            raise AssertionError(f"{e} in {self}") from e


def run(*arguments, limit=60, env=None, program=None):
    """Runs to the end, at most `limit` seconds."""
    return Running(*arguments, env=env, program=program).wait(limit)


class Running:
    """A program of ours that runs; stdin is closed."""

    def __init__(self, *arguments, env=None, program=None, **more):
        self.arguments = [str(a) for a in arguments]
        self.begun = time.monotonic()
        self.process = subprocess.Popen(
            [program or PROGRAM, *self.arguments],
            stdin=more.pop("stdin", subprocess.DEVNULL),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=environment(env), **more)
        self.pid = self.process.pid
        self.text = {"out": b"", "err": b""}
        self.readers = [threading.Thread(target=self._read, args=pipe)
                        for pipe in (("out", self.process.stdout),
                                     ("err", self.process.stderr))]
        for reader in self.readers:
            reader.start()
        _running.append(self)

    def _read(self, name, pipe):
        # Raw reads: what a killed program had written counts in full.
        while piece := os.read(pipe.fileno(), 65536):
            self.text[name] += piece

    @property
    def out(self):
        return self.text["out"].decode(errors="replace")

    @property
    def err(self):
        return self.text["err"].decode(errors="replace")

    def blocks(self):
        """The block lines that --json has printed in full so far."""
        lines = self.out.split("\n")[:-1]
        events = [json.loads(line) for line in lines if line.startswith("{")]
        return [e for e in events if e.get("event") == "block"]

    def is_over(self):
        return self.process.poll() is not None

    def until(self, condition, seconds, what):
        """Waits for `condition`; the program must not end before."""
        def look():
            value = condition()
            if not value and self.is_over():
                raise AssertionError(f"it ended before: {what}\n{self.wait(9)}")
            return value
        try:
            return wait_until(look, seconds, what)
        except AssertionError as e:
            raise AssertionError(f"{e}\nout: {self.out[-900:]}\n"
                                 f"err: {self.err[-900:]}") from e

    def until_says(self, pattern, seconds=30):
        return self.until(lambda: re.search(pattern, self.out + self.err),
                          seconds, f"/{pattern}/")

    def until_blocks(self, count, seconds=60):
        return self.until(lambda: len(self.blocks()) >= count and self.blocks(),
                          seconds, f"{count} blocks")

    def send(self, number):
        if not self.is_over():
            self.process.send_signal(number)

    def wait(self, limit):
        """Waits for the end; longer than `limit` seconds is an error."""
        try:
            self.process.wait(limit)
            late = False
        except subprocess.TimeoutExpired:
            late = True
            self.process.kill()
            self.process.wait()
        for reader in self.readers:
            reader.join()
        self.process.stdout.close()
        self.process.stderr.close()
        result = Result(self.arguments, self.process.returncode, self.out,
                        self.err, time.monotonic() - self.begun)
        expect(not late, f"it still ran after {limit} s\n{result}")
        return result

    def stop(self, number=signal.SIGTERM, limit=5):
        self.send(number)
        return self.wait(limit)

    def kill(self):
        return self.stop(signal.SIGKILL)


class Home:
    """A data directory and the network in it.

    `quick` is a network of its own, regtest with four ticks a second.
    """

    def __init__(self, name, network="quick", root=None):
        self.root = root or work(name)
        self.network = network
        if network == "quick":
            self.write_spec()

    def path(self, *parts):
        return os.path.join(self.root, self.network, *parts)

    def write_spec(self):
        text = run("chain", "spec", "show", "--network", "regtest").exits(0).out
        for old, new in (('name = "regtest"', 'name = "quick"'),
                         ("tau_ms = 1_000 ", "tau_ms = 250 "),
                         ("tau_min_ms = 950 ", "tau_min_ms = 240 ")):
            expect(old in text, f"regtest's spec has no {old}")
            text = text.replace(old, new)
        os.makedirs(self.path(), exist_ok=True)
        with open(self.path("chain-spec.toml"), "w", encoding="utf-8") as f:
            f.write(text)

    def flags(self, *more):
        return ["--home", self.root, "--network", self.network, *more]

    def run(self, *arguments, **more):
        return run(*arguments, *self.flags(), **more)

    def start(self, *arguments, **more):
        return Running(*arguments, *self.flags(*ANY_PORT), **more)

    def up(self, *arguments, **more):
        return self.run("up", *ANY_PORT, *arguments, **more)

    def start_up(self, *arguments, **more):
        return self.start("up", "--json", *arguments, **more)

    def grow(self, blocks, plots=4):
        """Makes so many blocks more."""
        return self.up("--plots", plots, "--blocks", blocks, "--quiet").exits(0)

    def tip(self):
        """From the database, or from the node that runs."""
        return self.run("chain", "tip", "--json", "--quiet").exits(0).json()

    def verify(self):
        return self.run("chain", "verify", "--json", "--quiet").exits(0).json()

    def copy(self, name):
        """The same network in another directory."""
        other = Home.__new__(Home)
        other.root, other.network = work(name), self.network
        shutil.rmtree(other.root, ignore_errors=True)
        shutil.copytree(self.root, other.root)
        return other

    def remove(self):
        shutil.rmtree(self.root)

    def node_toml(self, *lines):
        """Replaces the configuration; `[section]` lines as in the file."""
        os.makedirs(self.path(), exist_ok=True)
        with open(self.path("node.toml"), "w", encoding="utf-8") as f:
            f.write("\n".join(lines) + "\n")

    def rpc_address(self):
        """Where the node listens, once it does."""
        try:
            with open(self.path("run", "rpc"), encoding="utf-8") as f:
                host, _, port = f.read().strip().rpartition(":")
                return host, int(port)
        except (FileNotFoundError, ValueError):
            return None

    def cookie(self):
        with open(self.path("run", "cookie"), encoding="utf-8") as f:
            return f.read().strip()

    def http(self, method, path, body=None, headers=None, cookie=True):
        """Status and text of one HTTP answer."""
        host, port = self.rpc_address()
        sent = {"Content-Type": "application/json"} if body else {}
        if cookie:
            sent["Authorization"] = "Bearer " + self.cookie()
        sent.update(headers or {})
        connection = http.client.HTTPConnection(host, port, timeout=10)
        try:
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def call(self, method, *params):
        """The whole answer of a JSON-RPC call."""
        status, text = self.http("POST", "/", json.dumps(
            {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}))
        equal(status, 200, f"the HTTP status of {method}")
        return json.loads(text)

    def answered_tip(self):
        """The running node's tip; nothing before it answers."""
        try:
            return self.call("chain_getTip")["result"]
        except (OSError, http.client.HTTPException, KeyError, TypeError,
                AssertionError):
            return None # no node, or the address of one that was killed

    def until_answers(self, node, seconds=10):
        return node.until(self.answered_tip, seconds, "an answer over RPC")


def keys_of(value, prefix=""):
    """All keys, as json.keys lists them: "outer.inner", "list[].key"."""
    out = []
    for key, inner in value.items():
        out.append(prefix + key)
        if isinstance(inner, dict):
            out += keys_of(inner, f"{prefix}{key}.")
        elif isinstance(inner, list) and inner and isinstance(inner[0], dict):
            out += keys_of(inner[0], f"{prefix}{key}[].")
    return out


def check_keys(name, answer):
    """Compares with the line of json.keys that begins with `name:`."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                        "json.keys")
    with open(path, encoding="utf-8") as f:
        known = dict(line.rstrip("\n").split(": ", 1)
                     for line in f if ": " in line and line[0] != "#")
    equal(" ".join(sorted(keys_of(answer))), known.get(name),
          f"the keys of {name}")


def hash_of(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def flip(path, offset, mask=0x01):
    """Changes bits of one byte in place."""
    with open(path, "r+b") as f:
        f.seek(offset)
        old = f.read(1)[0]
        f.seek(offset)
        f.write(bytes([old ^ mask]))


def files_below(directory):
    """All files, with paths relative to the directory."""
    return sorted(os.path.relpath(os.path.join(where, name), directory)
                  for where, _, names in os.walk(directory) for name in names)


def _end_what_runs():
    while _running:
        one = _running.pop()
        if not one.is_over():
            one.process.kill()
            one.process.wait()


def _judge(sentence, function):
    try:
        outcome = function()
    except Exception as e:  # pylint: disable=broad-except
        print(f"not ok - {sentence}")
        why = str(e) if isinstance(e, AssertionError) else \
            traceback.format_exc()
        for line in why.splitlines()[:60]:
            print(f"# {line}")
        return False
    finally:
        _end_what_runs()
    skipped = f" # SKIP {outcome.why}" if isinstance(outcome, Skip) else ""
    print(f"ok - {sentence}{skipped}")
    return True


def main():
    """Judges all claims, in order; ends the script."""
    global _work
    sys.stdout.reconfigure(line_buffering=True)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))
    _work = tempfile.mkdtemp(prefix="spacetime-cli-")
    wanted = sys.argv[2] if len(sys.argv) > 2 else ""
    try:
        begun = time.monotonic()
        results = []
        for sentence, function in _claims:
            if wanted in sentence:
                started = time.monotonic()
                results.append(_judge(sentence, function))
                print(f"# {time.monotonic() - started:.1f} s")
        print(f"# all in {time.monotonic() - begun:.1f} s")
    finally:
        _end_what_runs()
        shutil.rmtree(_work, ignore_errors=True)
    sys.exit(0 if results and all(results) else 1)
