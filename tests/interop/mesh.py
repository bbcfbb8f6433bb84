# SPDX-License-Identifier: Apache-2.0
"""One mesh, two implementations: agentmeshd with the sample plugins and agents of the Python SDK on one server. What the
test files beside this one share."""

import asyncio
import contextlib
import json
import logging
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

from openagentmesh import AgentMesh, AgentSpec
from pydantic import BaseModel

BUILD = pathlib.Path(os.environ["MESH_BUILD"]).resolve()
CLI = BUILD / "sdk" / "cli" / "agentmesh"
HOST = BUILD / "host" / "agentmeshd"
PLUGINS = BUILD / "plugins"
AGENTS = BUILD / "tests" / "interop" / "interop_agents"
OAM = pathlib.Path(sys.executable).parent / "oam"
DEADLINE = 30  # seconds, for whatever another process has to bring about

OURS = {"echo", "nlp.summarizer"}
THEIRS = {"py.reverse", "py.count", "py.broken", "py.breaks", "py.clock"}

TEXT = (
    "The river Aare rises in the glaciers of the Bernese Alps. Many people like to walk. "
    "The Aare is the longest river that both rises and ends within Switzerland. It rained. "
    "In summer thousands swim in the river Aare through Bern."
)


class Text(BaseModel):
    text: str


class Count(BaseModel):
    to: int


class Number(BaseModel):
    number: int


# What a killed test leaves running would run for ever.
WITH_US = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []


class Server:
    """A nats-server with JetStream on a port of its own choice."""

    def __init__(self, folder):
        program = shutil.which("nats-server", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
        self.process = subprocess.Popen(
            [*WITH_US, program, "-a", "127.0.0.1", "-p", "-1", "-js", "-sd", str(folder / "store")],
            stderr=subprocess.PIPE,
            text=True,
        )
        port = None
        for line in self.process.stderr:
            port = port or re.search(r"client connections on 127\.0\.0\.1:(\d+)", line)
            if "Server is ready" in line:
                break
        else:
            raise RuntimeError("nats-server ended before it was ready")
        self.url = f"nats://127.0.0.1:{port[1]}"
        threading.Thread(target=self.process.stderr.read, daemon=True).start()

    def stop(self):
        self.process.terminate()
        self.process.wait(DEADLINE)
        self.process.stderr.close()


class Host:
    """agentmeshd with the sample plugins; made when it has said that it is ready."""

    def __init__(self, folder, url):
        self.log_path = folder / "host.log"
        plugins = folder / "plugins"
        plugins.mkdir()
        for plugin in (PLUGINS / "echo.so", PLUGINS / "summarizer.so"):
            shutil.copy(plugin, plugins)
        (folder / "mesh.ini").write_text(
            f"[mesh]\nurl = {url}\n[host]\nplugins = {plugins}\nstate = {folder}/state\ncontrol = {folder}/control\n"
            "probation = 0s\nsettle = 10ms\n[settings clock]\nevery = 10ms\n"
        )
        ready = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        ready.bind(str(folder / "notify"))
        ready.settimeout(DEADLINE)
        with open(self.log_path, "w") as log:
            self.process = subprocess.Popen(
                [*WITH_US, HOST, "--config", str(folder / "mesh.ini")],
                stdout=log,
                stderr=log,
                env=environment(folder, url) | {"NOTIFY_SOCKET": str(folder / "notify")},
                cwd=folder,
            )
        threading.Thread(target=self.tell_of_an_early_end, args=(str(folder / "notify"),), daemon=True).start()
        try:
            word = ready.recv(4096)
            while b"READY=1" not in word and b"ENDED" not in word:
                word = ready.recv(4096)
        except TimeoutError:
            word = b""
        ready.close()
        if b"READY=1" not in word:
            self.process.kill()
            raise RuntimeError(f"agentmeshd did not become ready; it said:\n{self.log()}")

    def tell_of_an_early_end(self, address):
        """Wake the one who waits for readiness, if that can no longer come."""
        self.process.wait()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notice, contextlib.suppress(OSError):
            notice.sendto(b"ENDED", address)

    def log(self):
        return self.log_path.read_text()

    def stop(self):
        """The exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(2 * DEADLINE)


class World:
    """A server and a host, in a folder of their own."""

    def __init__(self):
        os.umask(0o022)  # the host takes no plugin that others can write
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="run.", dir=BUILD / "interop"))
        self.server = Server(self.folder)
        try:
            # Buckets first: the SDK does not bear that somebody else creates them at the same moment.
            subprocess.run([CLI, "catalog"], env=environment(self.folder, self.url), check=True, capture_output=True)
            self.host = Host(self.folder, self.server.url)
            asyncio.run(catalog_until(self.url, lambda names: names >= OURS))
        except BaseException:
            with contextlib.suppress(AttributeError, OSError):
                self.host.process.kill()
                print(f"agentmeshd said:\n{self.host.log()}", file=sys.stderr)
            self.server.stop()
            shutil.rmtree(self.folder)
            raise

    @property
    def url(self):
        return self.server.url

    def end(self):
        status = self.host.stop()
        self.server.stop()
        log = self.host.log()
        shutil.rmtree(self.folder)
        if status != 0:
            raise RuntimeError(f"agentmeshd ended with {status}; it said:\n{log}")


def environment(folder, url):
    mine = {key: value for key, value in os.environ.items() if not key.startswith("OAM_")}
    places = ("AGENTMESH_RUNTIME_DIR", "XDG_STATE_HOME", "HOME")
    return mine | {"OAM_URL": url} | {place: str(folder) for place in places}


async def run(world, program, *arguments):
    """Exit status, standard output and standard error. The agents of this process serve meanwhile."""
    process = await asyncio.create_subprocess_exec(
        program,
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment(world.folder, world.url),
        cwd=world.folder,
    )
    async with asyncio.timeout(DEADLINE):
        out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def catalog_until(url, condition):
    """Wait until the names in the catalog on the server fulfil a condition; return its entries by name."""
    async with AgentMesh(url) as mesh, asyncio.timeout(DEADLINE):
        async for update in await mesh._catalog_kv.watchall():
            if update is None or update.key != "catalog":
                continue
            entries = {entry["name"]: entry for entry in json.loads(update.value or b"[]")}
            if condition(set(entries)):
                return entries


def with_agents(url):
    """A Python member of the mesh that serves agents of its own."""
    mesh = AgentMesh(url)

    @mesh.agent(AgentSpec(name="py.reverse", description="Reverses a text.", tags=["python", "text"], version="3.2.1"))
    async def reverse(req: Text) -> Text:
        return Text(text=req.text[::-1])

    @mesh.agent(AgentSpec(name="py.count", description="Counts from one.", tags=["python"]))
    async def count(req: Count) -> Number:
        for number in range(1, req.to + 1):
            yield Number(number=number)

    @mesh.agent(AgentSpec(name="py.broken", description="Always fails."))
    async def broken(req: Text) -> Text:
        raise RuntimeError("the python side is broken")

    @mesh.agent(AgentSpec(name="py.breaks", description="Fails after two chunks."))
    async def breaks(req: Count) -> Number:
        yield Number(number=1)
        yield Number(number=2)
        raise RuntimeError("broken after two")

    @mesh.agent(AgentSpec(name="py.clock", description="Needs no input."))
    async def clock() -> str:
        return "twelve"

    return mesh


class Agents:
    """The program of agents.c, running beside the test; made when its agents serve."""

    def __init__(self, world):
        self.world = world

    async def __aenter__(self):
        self.process = await asyncio.create_subprocess_exec(
            *WITH_US,
            AGENTS,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=environment(self.world.folder, self.world.url),
            cwd=self.world.folder,
        )
        await self.hear("ready")
        return self

    async def hear(self, word):
        async with asyncio.timeout(DEADLINE):
            line = (await self.process.stdout.readline()).decode().rstrip()
        if line != word:
            raise RuntimeError(f"the agents said {line!r} instead of {word!r}")

    async def tell(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        await self.hear("done")

    async def leave(self):
        self.process.stdin.close()
        async with asyncio.timeout(DEADLINE):
            status = await self.process.wait()
        if status != 0:
            raise RuntimeError(f"the agents ended with {status}")

    async def __aexit__(self, *_):
        if self.process.returncode is None:
            await self.leave()


async def becomes(condition):
    """Wait until a condition that others bring about holds."""
    async with asyncio.timeout(DEADLINE):
        while not condition():
            await asyncio.sleep(0.01)


def statement(*numbers):
    """Marks a test that shows statements of tests/statements.txt; what it comes to is told for the table of all."""

    def mark(test):
        test.statements = numbers
        return test

    return mark


class MeshTest(unittest.IsolatedAsyncioTestCase):
    """Tests on one world, which they share with all tests of their class."""

    @classmethod
    def setUpClass(cls):
        cls.world = World()
        cls.addClassCleanup(cls.world.end)
