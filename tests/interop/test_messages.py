# SPDX-License-Identifier: Apache-2.0
"""Sending, publishing and subscribing across, and many calls in flight."""

import asyncio
import contextlib
import json

from openagentmesh import AgentMesh, AgentSpec
from pydantic import BaseModel, RootModel

from mesh import BUILD, CLI, DEADLINE, Agents, MeshTest, becomes, environment, run, statement, with_agents

EXAMPLES = BUILD / "examples"


class Tick(BaseModel):
    n: int


class Null(RootModel[None]):
    """What comes as null: a handler that returns None answers {}."""


def with_publishers(url, started):
    """A Python member of the mesh with two publishers, which begin when told to."""
    mesh = AgentMesh(url)

    @mesh.agent(AgentSpec(name="py.events.ticker", description="Ticks three times."))
    async def ticker() -> Tick:
        await started.wait()
        for n in range(3):
            yield Tick(n=n)

    @mesh.agent(AgentSpec(name="py.events.failing", description="Ticks, then fails."))
    async def failing() -> Tick:
        await started.wait()
        yield Tick(n=7)
        raise RuntimeError("the clock fell down")

    return mesh


async def heard(mesh, subject, say, **wanted):
    """The first thing that the Python SDK hears on a subject, while say() says it again and again."""

    async def first():
        async for item in mesh.subscribe(subject=subject, **wanted):
            return item

    task = asyncio.create_task(first())
    async with asyncio.timeout(DEADLINE):
        while not task.done():
            await say()
            await asyncio.wait({task}, timeout=0.05)
    return task.result()


class Listener:
    """Our subscriber, running beside the test: made when it listens."""

    def __init__(self, world, *arguments):
        self.world = world
        self.arguments = arguments

    async def __aenter__(self):
        self.process = await asyncio.create_subprocess_exec(
            EXAMPLES / "subscribe",
            *self.arguments,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment(self.world.folder, self.world.url),
        )
        async with asyncio.timeout(DEADLINE):
            assert await self.process.stderr.readline() == b"listening\n"
        return self

    async def __aexit__(self, *_):
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()

    async def line(self):
        async with asyncio.timeout(DEADLINE):
            return (await self.process.stdout.readline()).decode().rstrip("\n")

    async def rest(self):
        """What else it says, and its exit status."""
        async with asyncio.timeout(DEADLINE):
            out, err = await self.process.communicate()
        return out.decode().splitlines(), err.decode(), self.process.returncode


class PythonSendsToUs(MeshTest):
    @statement(46)
    async def test_a_managed_send_has_its_reply(self):
        replies, errors = asyncio.Queue(), asyncio.Queue()
        async with AgentMesh(self.world.url) as mesh, asyncio.timeout(DEADLINE):
            await mesh.send("echo", {"message": "hello"}, on_reply=replies.put, on_error=errors.put, timeout=1)
            self.assertEqual(await replies.get(), {"reply": "Echo: hello"})
            self.assertEqual((await errors.get()).code, "timeout")  # theirs: it waits for more after every reply

    async def test_a_managed_send_has_our_error(self):
        errors, replies = asyncio.Queue(), asyncio.Queue()
        async with AgentMesh(self.world.url) as mesh, asyncio.timeout(DEADLINE):
            await mesh.send("echo", {"no": "message"}, on_reply=replies.put, on_error=errors.put, timeout=20)
            self.assertEqual((await errors.get()).code, "invalid_input")
        self.assertTrue(replies.empty())

    @statement(45)
    async def test_a_send_with_a_reply_subject_is_answered_there(self):
        async with AgentMesh(self.world.url) as mesh:

            async def say():
                await mesh.send("echo", {"message": "there"}, reply_to="py.replies.mine")

            self.assertEqual(await heard(mesh, "py.replies.mine", say), {"reply": "Echo: there"})


class WeSendToPython(MeshTest):
    @statement(46)
    async def test_a_managed_send_is_told_the_reply_once(self):
        async with with_agents(self.world.url):
            status, out, err = await run(self.world, EXAMPLES / "send", "py.reverse", '{"text": "abc"}')
        self.assertEqual(status, 0, err)
        sent, answer = out.splitlines()
        self.assertTrue(answer.startswith("py.reverse says "))
        self.assertEqual(json.loads(answer.removeprefix("py.reverse says ")), {"text": "cba"})

    @statement(46)
    async def test_a_managed_send_is_told_the_error_once(self):
        async with with_agents(self.world.url):
            status, out, err = await run(self.world, EXAMPLES / "send", "py.broken", '{"text": "abc"}')
        self.assertEqual(status, 1)
        self.assertEqual(err, "send: send 'py.broken': the python side is broken\n")

    async def test_a_streamer_is_not_sent_to(self):
        async with with_agents(self.world.url):
            status, out, err = await run(self.world, EXAMPLES / "send", "py.count", '{"to": 1}')
        self.assertEqual(status, 1)  # refused before it is sent where the catalog has come already, else by the agent
        self.assertIn("Use stream() instead", err)

    @statement(28)
    async def test_many_calls_are_in_flight_at_once(self):
        async with with_agents(self.world.url):
            status, out, err = await run(self.world, EXAMPLES / "many", "py.reverse", '{"text": "abc"}', "300")
        self.assertEqual((status, out), (0, "300 answered, 0 failed\n"), err)


class Results(MeshTest):
    @statement(28)
    async def test_results_of_every_kind_come_as_they_are(self):
        results = {"py.list": [1, "two"], "py.text": "drei", "py.number": 4.5, "py.object": {"n": 5}}
        results |= {"py.none": {}, "py.null": None}
        mesh = AgentMesh(self.world.url)

        @mesh.agent(AgentSpec(name="py.list", description="A list."))
        async def a_list() -> list:
            return results["py.list"]

        @mesh.agent(AgentSpec(name="py.text", description="A text."))
        async def a_text() -> str:
            return results["py.text"]

        @mesh.agent(AgentSpec(name="py.number", description="A number."))
        async def a_number() -> float:
            return results["py.number"]

        @mesh.agent(AgentSpec(name="py.none", description="Nothing."))
        async def nothing() -> int | None:
            return None

        @mesh.agent(AgentSpec(name="py.null", description="Nothing, in JSON."))
        async def null() -> Null:
            return Null(None)

        @mesh.agent(AgentSpec(name="py.object", description="An object."))
        async def an_object() -> Tick:
            return Tick(n=5)

        async with mesh:
            for agent, result in results.items():
                status, out, err = await run(self.world, CLI, "call", agent)
                self.assertEqual(status, 0, err)
                self.assertEqual(json.loads(out), result)


    @statement(28)
    async def test_they_get_results_of_every_kind_as_they_are(self):
        results = {
            "c.object": {"n": 5, "deep": [{"a": None}]},
            "c.array": [1, "two", [], {}],
            "c.string": 'drei "ü"',
            "c.number": -4.5,
            "c.bool": False,
            "c.null": None,
        }
        async with Agents(self.world), AgentMesh(self.world.url) as mesh:
            for agent, result in results.items():
                self.assertEqual(await mesh.call(agent, timeout=DEADLINE), result)


class OneNameInTwoLanguages(MeshTest):
    @statement(26)
    async def test_each_request_is_handled_once_and_both_have_some(self):
        handled, answers = [], {}
        mesh = AgentMesh(self.world.url)

        @mesh.agent(AgentSpec(name="shared.name", description="Served in two languages."))
        async def ours(req: Tick) -> str:
            handled.append(req.n)
            return "Python"

        async with AgentMesh(self.world.url) as caller:

            async def keep(message):
                answers.setdefault(int(message.subject.rpartition(".")[2]), []).append(json.loads(message.data))

            await caller._nc.subscribe("py.answers.*", cb=keep)
            async with Agents(self.world), mesh:
                await caller._nc.flush()
                for n in range(200):
                    await caller._nc.publish(
                        "mesh.agent.shared.name", json.dumps({"n": n}).encode(), reply=f"py.answers.{n}"
                    )
                await becomes(lambda: len(answers) == 200)
            await caller._nc.flush()  # both have left: nothing more can come
        said = [answer for each in answers.values() for answer in each]
        self.assertEqual(len(said), 200)
        self.assertEqual(sorted(handled), sorted(n for n, each in answers.items() if each == ["Python"]))
        self.assertEqual(set(said), {"C", "Python"})


class Subjects(MeshTest):
    @statement(47)
    async def test_what_we_publish_they_hear(self):
        async with AgentMesh(self.world.url) as mesh:

            async def say():
                status, _, err = await run(self.world, EXAMPLES / "publish", "py.news", '{"a": ["Grüße", null]}')
                self.assertEqual(status, 0, err)

            self.assertEqual(await heard(mesh, "py.news", say), {"a": ["Grüße", None]})

    async def test_what_they_publish_we_hear(self):
        async with AgentMesh(self.world.url) as mesh, Listener(self.world, "py.news.*") as listener:
            await mesh._nc.publish("py.news.today", json.dumps({"a": 1}).encode())
            self.assertEqual(await listener.line(), 'py.news.today: {"a": 1}')


class TheirPublishers(MeshTest):
    async def test_their_events_come_in_order_to_their_end(self):
        started = asyncio.Event()
        async with with_publishers(self.world.url, started):
            async with Listener(self.world, "mesh.agent.py.events.ticker.events") as listener:
                started.set()
                out, err, status = await listener.rest()
        self.assertEqual(status, 0, err)
        self.assertEqual([json.loads(line.split(": ", 1)[1]) for line in out], [{"n": 0}, {"n": 1}, {"n": 2}])

    async def test_their_failure_comes_after_their_events(self):
        started = asyncio.Event()
        async with with_publishers(self.world.url, started):
            async with Listener(self.world, "mesh.agent.py.events.failing.events") as listener:
                started.set()
                out, err, status = await listener.rest()
        self.assertEqual(status, 1)
        self.assertEqual(out, ['mesh.agent.py.events.failing.events: {"n":7}'])
        self.assertIn("the clock fell down", err)

    @statement(52)
    async def test_a_wildcard_outlives_one_that_ends(self):
        started = asyncio.Event()
        subject = "mesh.agent.py.events.ticker.events"
        async with with_publishers(self.world.url, started) as mesh:
            async with Listener(self.world, "mesh.agent.py.events.ticker.*") as listener:
                ends = await mesh._nc.subscribe(subject)
                started.set()
                while True:
                    message = await ends.next_msg(timeout=DEADLINE)
                    if message.headers["X-Mesh-Stream-End"] == "true":
                        break
                await ends.unsubscribe()
                await mesh._nc.publish(subject, b'{"n": "after"}')
                lines = [await listener.line() for _ in range(4)]
        self.assertEqual(lines[-1], subject + ': {"n": "after"}')
