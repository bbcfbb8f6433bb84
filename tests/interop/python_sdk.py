# SPDX-License-Identifier: Apache-2.0
"""One mesh, two implementations: agentmeshd with the sample plugins and agents of the Python SDK on one server, each
called by the other's programs. Usage: python_sdk.py BUILD [TEST...]"""

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

import nats.errors
from openagentmesh import AgentMesh, AgentSpec, InvocationMismatch, MeshError
from pydantic import BaseModel

BUILD = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "build/dev").resolve()
CLI = BUILD / "sdk" / "cli" / "agentmesh"
HOST = BUILD / "host" / "agentmeshd"
PLUGINS = BUILD / "plugins"
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
        for plugin in PLUGINS.glob("*.so"):
            shutil.copy(plugin, plugins)
        (folder / "mesh.ini").write_text(
            f"[mesh]\nurl = {url}\n[host]\nplugins = {plugins}\nstate = {folder}/state\n"
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


world = None


def setUpModule():
    global world
    world = World()


def tearDownModule():
    world.end()


class PythonCallsUs(unittest.IsolatedAsyncioTestCase):
    async def test_a_call_is_answered(self):
        async with AgentMesh(world.url) as mesh:
            self.assertEqual(await mesh.call("echo", {"message": "hello"}), {"reply": "Echo: hello"})

    async def test_any_text_comes_back_as_it_was(self):
        text = 'Grüße "dich" \\ und \n\t日本 \U0001f600 %s %n \u0001'
        async with AgentMesh(world.url) as mesh:
            self.assertEqual(await mesh.call("echo", {"message": text}), {"reply": "Echo: " + text})

    async def test_a_large_message_comes_back(self):
        text = "x" * 500_000
        async with AgentMesh(world.url) as mesh:
            self.assertEqual(await mesh.call("echo", {"message": text}), {"reply": "Echo: " + text})

    async def test_many_calls_at_once_get_their_own_answers(self):
        async with AgentMesh(world.url) as mesh:
            answers = await asyncio.gather(*(mesh.call("echo", {"message": str(i)}) for i in range(100)))
        self.assertEqual([answer["reply"] for answer in answers], [f"Echo: {i}" for i in range(100)])

    async def test_a_stream_comes_in_chunks(self):
        async with AgentMesh(world.url) as mesh:
            deltas = [chunk["delta"] async for chunk in mesh.stream("nlp.summarizer", {"text": TEXT, "sentences": 2})]
        self.assertEqual(len(deltas), 2)
        self.assertRegex("".join(deltas), r"^The river Aare rises in the glaciers of the Bernese Alps\. The Aare")

    async def test_input_that_is_not_json_is_refused_at_once(self):
        async with AgentMesh(world.url) as mesh:
            with self.assertRaises(MeshError) as caught:
                await mesh.call("echo", b'{"message": ', timeout=5)
        self.assertEqual(caught.exception.code, "invalid_input")
        self.assertEqual(caught.exception.agent, "echo")

    async def test_what_a_handler_refuses_has_its_words(self):
        async with AgentMesh(world.url) as mesh:
            with self.assertRaises(MeshError) as caught:
                await mesh.call("echo", {"text": "hello"}, timeout=5)
        self.assertEqual(caught.exception.code, "invalid_input")
        self.assertIn("message", str(caught.exception))

    async def test_a_stream_that_is_refused_ends_with_the_error(self):
        async with AgentMesh(world.url) as mesh:
            for payload in ({"text": ""}, {}, b"not json"):
                with self.assertRaises(MeshError) as caught:
                    async for _ in mesh.stream("nlp.summarizer", payload, timeout=5):
                        self.fail("a chunk came")
                self.assertEqual(caught.exception.code, "invalid_input")

    async def test_the_wrong_verb_is_a_mismatch_before_and_after_it_is_sent(self):
        async with AgentMesh(world.url) as mesh:
            with self.assertRaises(InvocationMismatch):
                await mesh.call("nlp.summarizer", {"text": TEXT})
            answer = await mesh._nc.request(
                "mesh.agent.nlp.summarizer", b"{}", timeout=5, headers={"X-Mesh-Request-Id": "0" * 32}
            )
        self.assertEqual(answer.headers["X-Mesh-Status"], "error")
        self.assertEqual(json.loads(answer.data)["code"], "invocation_mismatch")

    async def test_their_command_line_calls_us(self):
        status, out, err = await run(world, OAM, "agent", "call", "echo", '{"message": "hello"}', "--url", world.url)
        self.assertEqual(status, 0, err)
        self.assertEqual(json.loads(out), {"reply": "Echo: hello"})


class WeCallPython(unittest.IsolatedAsyncioTestCase):
    async def test_a_call_is_answered(self):
        async with with_agents(world.url):
            status, out, err = await run(world, CLI, "call", "py.reverse", '{"text": "Grüße 日本"}')
        self.assertEqual(status, 0, err)
        self.assertEqual(json.loads(out), {"text": "本日 eßürG"})

    async def test_an_agent_without_input_is_called_without(self):
        async with with_agents(world.url):
            status, out, err = await run(world, CLI, "call", "py.clock")
        self.assertEqual(status, 0, err)
        self.assertEqual(json.loads(out), "twelve")

    async def test_a_stream_comes_in_chunks(self):
        async with with_agents(world.url):
            status, out, err = await run(world, CLI, "stream", "py.count", '{"to": 4}')
        self.assertEqual(status, 0, err)
        self.assertEqual([json.loads(line) for line in out.splitlines()], [{"number": i} for i in (1, 2, 3, 4)])

    async def test_an_error_of_a_handler_is_told_and_is_status_1(self):
        async with with_agents(world.url):
            status, out, err = await run(world, CLI, "call", "py.broken", '{"text": "x"}')
        self.assertEqual((status, out), (1, ""))
        self.assertIn("handler_error", err)
        self.assertIn("the python side is broken", err)

    async def test_an_error_in_the_middle_of_a_stream_leaves_what_came_before(self):
        async with with_agents(world.url):
            status, out, err = await run(world, CLI, "stream", "py.breaks", '{"to": 4}')
        self.assertEqual(status, 1)
        self.assertEqual([json.loads(line) for line in out.splitlines()], [{"number": 1}, {"number": 2}])
        self.assertIn("broken after two", err)

    async def test_the_wrong_verb_is_a_mismatch(self):
        async with with_agents(world.url):
            for verb, agent in (("call", "py.count"), ("stream", "py.reverse")):
                status, out, err = await run(world, CLI, verb, agent, "{}")
                self.assertEqual((status, out), (1, ""))
                self.assertIn("invocation_mismatch", err)

    async def test_an_agent_that_nobody_serves_is_not_found(self):
        status, out, err = await run(world, CLI, "call", "py.nobody", "{}")
        self.assertEqual((status, out), (1, ""))
        self.assertIn("not_found", err)


class BothSeeTheSame(unittest.IsolatedAsyncioTestCase):
    async def test_the_catalog(self):
        async with with_agents(world.url) as mesh:
            await catalog_until(world.url, lambda names: names >= OURS | THEIRS)
            status, out, err = await run(world, CLI, "catalog", "--json")
            self.assertEqual(status, 0, err)
            ours = {entry["name"]: entry for entry in json.loads(out)}
        async with AgentMesh(world.url) as mesh:
            left = {entry.name for entry in await mesh.catalog()}
        self.assertEqual(set(ours), OURS | THEIRS)
        self.assertEqual(left, OURS)
        self.assertEqual(
            ours["py.reverse"],
            {"name": "py.reverse", "description": "Reverses a text.", "version": "3.2.1", "tags": ["python", "text"],
             "invocable": True, "streaming": False},
        )

    async def test_the_catalog_of_a_python_program_that_joins_later(self):
        async with with_agents(world.url):
            async with AgentMesh(world.url) as mesh:
                theirs = {entry.name: entry.model_dump() for entry in await mesh.catalog()}
                status, out, err = await run(world, CLI, "catalog", "--json")
        self.assertEqual(status, 0, err)
        self.assertEqual({entry["name"]: entry for entry in json.loads(out)}, theirs)

    async def test_the_contract_of_an_agent_of_ours(self):
        for name, streaming in (("echo", False), ("nlp.summarizer", True)):
            async with AgentMesh(world.url) as mesh:
                theirs = await mesh.contract(name)
            status, out, err = await run(world, CLI, "contract", name)
            self.assertEqual(status, 0, err)
            self.assert_same_contract(theirs, json.loads(out))
            self.assertEqual((theirs.invocable, theirs.streaming), (True, streaming))
            self.assertEqual("chunk_schema" in theirs.model_dump(exclude_none=True), streaming)
            self.assertEqual(theirs.skills[0]["inputSchema"]["type"], "object")

    async def test_the_contract_of_an_agent_of_theirs(self):
        async with with_agents(world.url):
            async with AgentMesh(world.url) as mesh:
                theirs = await mesh.contract("py.count")
            status, out, err = await run(world, CLI, "contract", "py.count")
        self.assertEqual(status, 0, err)
        self.assert_same_contract(theirs, json.loads(out))

    def assert_same_contract(self, theirs, ours):
        for field in ("name", "description", "version", "capabilities", "skills"):
            self.assertEqual(getattr(theirs, field), ours[field], field)
        for field in ("subject", "tags", "chunk_schema"):
            self.assertEqual(getattr(theirs, field), ours.get("x-agentmesh", ours).get(field), field)


class Departure(unittest.IsolatedAsyncioTestCase):
    async def test_a_host_that_ends_leaves_nothing_behind(self):
        mine = await asyncio.to_thread(World)
        try:
            async with AgentMesh(mine.url) as mesh:
                self.assertEqual(await mesh.call("echo", {"message": "hello"}), {"reply": "Echo: hello"})
                await asyncio.to_thread(mine.host.stop)
                await catalog_until(mine.url, lambda names: not names & OURS)
                for name in OURS:
                    with self.assertRaises(MeshError) as caught:
                        await mesh.contract(name)
                    self.assertEqual(caught.exception.code, "not_found")
                # The SDK passes on what the server says when nobody serves a name; a later one names it not_found.
                with self.assertRaises((MeshError, nats.errors.NoRespondersError)) as caught:
                    await mesh.call("echo", {"message": "hello"}, timeout=5)
                self.assertEqual(getattr(caught.exception, "code", "not_found"), "not_found")
        finally:
            mine.end()

    async def test_a_python_program_that_ends_is_not_found_by_us(self):
        async with with_agents(world.url):
            status, _, err = await run(world, CLI, "call", "py.reverse", '{"text": "abc"}')
            self.assertEqual(status, 0, err)
        status, out, err = await run(world, CLI, "call", "py.reverse", '{"text": "abc"}')
        self.assertEqual((status, out), (1, ""))
        self.assertIn("not_found", err)


if __name__ == "__main__":
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # a slow machine is no news
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=2)
