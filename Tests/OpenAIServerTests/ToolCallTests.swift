import Testing

/// Calls of tools with the official client; the model knows no tools, so that only those are made that it is held to.
@Suite(.enabled(if: OfficialClient.isAvailable, OfficialClient.skipped))
struct ToolCallTests {
    @Test func worksWithTheOfficialClient() async throws {
        let server = try await RunningServer()
        try await OfficialClient.run(
            on: server,
            """
            from json import loads
            from enum import Enum
            from pydantic import BaseModel

            def tool(name, **properties):
                schema = {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
                return {"type": "function", "function": {"name": name, "description": "A tool", "strict": True, "parameters": schema}}

            tools = [tool("add", a={"type": "integer", "minimum": 0, "maximum": 99}, b={"enum": [1, 2]}), tool("time")]
            messages = [{"role": "user", "content": "What is 47 + 385?"}]
            named = {"type": "function", "function": {"name": "add"}}
            ask = dict(model="pebble", messages=messages, tools=tools, seed=5, temperature=1)

            answer = client.chat.completions.create(**ask, tool_choice=named)
            choice = answer.choices[0]
            assert choice.finish_reason == "tool_calls" and choice.message.content is None, choice
            [call] = choice.message.tool_calls
            assert call.type == "function" and call.id.startswith("call_") and call.function.name == "add"
            arguments = loads(call.function.arguments)
            assert 0 <= arguments["a"] <= 99 and arguments["b"] in (1, 2) and len(arguments) == 2

            chunks = list(client.chat.completions.create(**ask, tool_choice=named, stream=True))
            assert chunks[0].choices[0].delta.role == "assistant" and chunks[0].choices[0].delta.content is None
            parts = [part for c in chunks for part in c.choices[0].delta.tool_calls or []]
            assert parts[0].id.startswith("call_") and parts[0].type == "function"
            assert parts[0].function.name == "add" and parts[0].function.arguments == ""
            assert len(parts) > 2 and all(p.index == 0 for p in parts)
            assert all(p.id is None and p.type is None and p.function.name is None for p in parts[1:])
            assert "".join(p.function.arguments for p in parts) == call.function.arguments
            assert not any(c.choices[0].delta.content for c in chunks)
            assert [c.choices[0].finish_reason for c in chunks if c.choices[0].finish_reason] == ["tool_calls"]

            for seed in range(4):
                ask["seed"] = seed
                calls = client.chat.completions.create(**ask, tool_choice="required").choices[0].message.tool_calls
                assert 1 <= len(calls) <= 16 and len({call.id for call in calls}) == len(calls)
                assert all(call.function.name in ("add", "time") for call in calls)
                one = client.chat.completions.create(**ask, tool_choice="required", parallel_tool_calls=False)
                assert len(one.choices[0].message.tool_calls) == 1

            # An answer without a call, and a conversation that goes on after one.
            auto = client.chat.completions.create(**ask | {"temperature": 0, "tools": tools[1:]})
            assert auto.choices[0].message.content and not auto.choices[0].message.tool_calls, auto
            messages += [choice.message, {"role": "tool", "tool_call_id": call.id, "content": "432"}]
            last = client.chat.completions.create(**ask | {"messages": messages}, tool_choice="none", max_tokens=30)
            assert last.choices[0].message.tool_calls is None

            # The client's helpers.
            class Color(Enum):
                red = "red"
                blue = "blue"

            class Paint(BaseModel):
                color: Color

            helper = dict(model="pebble", messages=messages[:1], tools=[pydantic_function_tool(Paint)], tool_choice="required",
                          parallel_tool_calls=False, temperature=1, seed=2)
            parsed = client.chat.completions.parse(**helper).choices[0].message.tool_calls[0].function
            assert isinstance(parsed.parsed_arguments, Paint), parsed
            with client.chat.completions.stream(**helper) as stream:
                events = [event for event in stream]
                final = stream.get_final_completion().choices[0].message
            assert final.tool_calls[0].function.parsed_arguments == parsed.parsed_arguments
            assert final.content is None
            done = [e for e in events if e.type == "tool_calls.function.arguments.done"]
            assert len(done) == 1 and done[0].arguments == parsed.arguments

            # What is cut short says so.
            short = client.chat.completions.create(**ask, tool_choice=named, max_tokens=24)
            assert short.choices[0].finish_reason == "length"

            def refused(param, **more):
                try:
                    client.chat.completions.create(**ask | more)
                    raise SystemExit(f"{more} was taken")
                except BadRequestError as error:
                    assert error.param == param, error
            refused("tools", tools=[tool("f", a={"type": "string", "not": {}})], tool_choice="required")
            refused("tool_choice", tool_choice={"type": "function", "function": {"name": "subtract"}})
            refused("tools[1].function.name", tools=[tools[0], tools[0]])
            """
        )
    }
}
