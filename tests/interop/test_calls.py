# SPDX-License-Identifier: Apache-2.0
"""Calls and streams, each side calling the other."""

import asyncio
import json

from openagentmesh import AgentMesh, InvocationMismatch, MeshError

from mesh import CLI, DEADLINE, Agents, MeshTest, OAM, TEXT, run, statement, with_agents


class PythonCallsUs(MeshTest):
    async def test_a_call_is_answered(self):
        async with AgentMesh(self.world.url) as mesh:
            self.assertEqual(await mesh.call("echo", {"message": "hello"}), {"reply": "Echo: hello"})

    async def test_any_text_comes_back_as_it_was(self):
        text = 'Grüße "dich" \\ und \n\t日本 \U0001f600 %s %n \u0001'
        async with AgentMesh(self.world.url) as mesh:
            self.assertEqual(await mesh.call("echo", {"message": text}), {"reply": "Echo: " + text})

    async def test_a_large_message_comes_back(self):
        text = "x" * 500_000
        async with AgentMesh(self.world.url) as mesh:
            self.assertEqual(await mesh.call("echo", {"message": text}), {"reply": "Echo: " + text})

    async def test_many_calls_at_once_get_their_own_answers(self):
        async with AgentMesh(self.world.url) as mesh:
            answers = await asyncio.gather(*(mesh.call("echo", {"message": str(i)}) for i in range(100)))
        self.assertEqual([answer["reply"] for answer in answers], [f"Echo: {i}" for i in range(100)])

    @statement(39)
    async def test_a_stream_comes_in_chunks(self):
        async with AgentMesh(self.world.url) as mesh:
            deltas = [chunk["delta"] async for chunk in mesh.stream("nlp.summarizer", {"text": TEXT, "sentences": 2})]
        self.assertEqual(len(deltas), 2)
        self.assertRegex("".join(deltas), r"^The river Aare rises in the glaciers of the Bernese Alps\. The Aare")

    @statement(39)
    async def test_a_stream_of_any_length_is_read_whole(self):
        async with Agents(self.world), AgentMesh(self.world.url) as mesh:
            for to in (0, 1, 1000):
                numbers = [chunk["number"] async for chunk in mesh.stream("c.count", {"to": to}, timeout=DEADLINE)]
                self.assertEqual(numbers, list(range(1, to + 1)))

    @statement(35)
    async def test_the_error_of_a_handler_has_its_code_message_and_details(self):
        async with Agents(self.world), AgentMesh(self.world.url) as mesh:
            with self.assertRaises(MeshError) as caught:
                await mesh.call("c.fails", timeout=DEADLINE)
        error = caught.exception
        self.assertEqual((error.code, error.agent), ("out_of_tea", "c.fails"))
        self.assertIn("there is no tea left", str(error))
        self.assertEqual(error.details, {"kettle": 2})

    @statement(31)
    async def test_input_that_is_not_json_is_refused_at_once(self):
        async with AgentMesh(self.world.url) as mesh:
            with self.assertRaises(MeshError) as caught:
                await mesh.call("echo", b'{"message": ', timeout=5)
        self.assertEqual(caught.exception.code, "invalid_input")
        self.assertEqual(caught.exception.agent, "echo")

    @statement(32)
    async def test_input_of_the_wrong_shape_is_refused_with_every_violation(self):
        async with AgentMesh(self.world.url) as mesh:
            with self.assertRaises(MeshError) as caught:
                await mesh.call("echo", {"text": "hello"}, timeout=5)
        self.assertEqual(caught.exception.code, "invalid_input")
        violations = [(item["type"], item["loc"], item["msg"]) for item in caught.exception.details["errors"]]
        self.assertEqual(violations, [("missing", ["message"], "Field required")])

    async def test_what_a_handler_refuses_has_its_words(self):
        async with AgentMesh(self.world.url) as mesh:
            with self.assertRaises(MeshError) as caught:
                async for _ in mesh.stream("nlp.summarizer", {"text": "..."}, timeout=5):
                    self.fail("a chunk came")
        self.assertEqual(caught.exception.code, "invalid_input")
        self.assertIn("'text' has no words to summarize", str(caught.exception))

    async def test_a_stream_that_is_refused_ends_with_the_error(self):
        async with AgentMesh(self.world.url) as mesh:
            for payload in ({"text": ""}, {}, b"not json"):
                with self.assertRaises(MeshError) as caught:
                    async for _ in mesh.stream("nlp.summarizer", payload, timeout=5):
                        self.fail("a chunk came")
                self.assertEqual(caught.exception.code, "invalid_input")

    @statement(37)
    async def test_the_wrong_verb_is_a_mismatch_before_and_after_it_is_sent(self):
        async with AgentMesh(self.world.url) as mesh:
            with self.assertRaises(InvocationMismatch):
                await mesh.call("nlp.summarizer", {"text": TEXT})
            answer = await mesh._nc.request(
                "mesh.agent.nlp.summarizer", b"{}", timeout=5, headers={"X-Mesh-Request-Id": "0" * 32}
            )
        self.assertEqual(answer.headers["X-Mesh-Status"], "error")
        self.assertEqual(json.loads(answer.data)["code"], "invocation_mismatch")

    async def test_their_command_line_calls_us(self):
        status, out, err = await run(self.world, OAM, "agent", "call", "echo", '{"message": "hello"}', "--url", self.world.url)
        self.assertEqual(status, 0, err)
        self.assertEqual(json.loads(out), {"reply": "Echo: hello"})


class WeCallPython(MeshTest):
    async def test_a_call_is_answered(self):
        async with with_agents(self.world.url):
            status, out, err = await run(self.world, CLI, "call", "py.reverse", '{"text": "Grüße 日本"}')
        self.assertEqual(status, 0, err)
        self.assertEqual(json.loads(out), {"text": "本日 eßürG"})

    async def test_an_agent_without_input_is_called_without(self):
        async with with_agents(self.world.url):
            status, out, err = await run(self.world, CLI, "call", "py.clock")
        self.assertEqual(status, 0, err)
        self.assertEqual(json.loads(out), "twelve")

    @statement(39)
    async def test_a_stream_comes_in_chunks(self):
        async with with_agents(self.world.url):
            status, out, err = await run(self.world, CLI, "stream", "py.count", '{"to": 4}')
        self.assertEqual(status, 0, err)
        self.assertEqual([json.loads(line) for line in out.splitlines()], [{"number": i} for i in (1, 2, 3, 4)])

    async def test_an_error_of_a_handler_is_told_and_is_status_1(self):
        async with with_agents(self.world.url):
            status, out, err = await run(self.world, CLI, "call", "py.broken", '{"text": "x"}')
        self.assertEqual((status, out), (1, ""))
        self.assertIn("handler_error", err)
        self.assertIn("the python side is broken", err)

    async def test_an_error_in_the_middle_of_a_stream_leaves_what_came_before(self):
        async with with_agents(self.world.url):
            status, out, err = await run(self.world, CLI, "stream", "py.breaks", '{"to": 4}')
        self.assertEqual(status, 1)
        self.assertEqual([json.loads(line) for line in out.splitlines()], [{"number": 1}, {"number": 2}])
        self.assertIn("broken after two", err)

    async def test_the_wrong_verb_is_a_mismatch(self):
        async with with_agents(self.world.url):
            for verb, agent in (("call", "py.count"), ("stream", "py.reverse")):
                status, out, err = await run(self.world, CLI, verb, agent, "{}")
                self.assertEqual((status, out), (1, ""))
                self.assertIn("invocation_mismatch", err)

    async def test_an_agent_that_nobody_serves_is_not_found(self):
        status, out, err = await run(self.world, CLI, "call", "py.nobody", "{}")
        self.assertEqual((status, out), (1, ""))
        self.assertIn("not_found", err)
