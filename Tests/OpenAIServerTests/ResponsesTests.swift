import Foundation
import Testing

/// `/v1/responses` with the official client.
@Suite(.enabled(if: OfficialClient.isAvailable, OfficialClient.skipped))
struct ResponsesTests {
    @Test func responsesAreTheOfficialClients() async throws {
        let server = try await RunningServer()
        try await OfficialClient.run(
            on: server,
            """
            from openai.types.responses import Response, ResponseStreamEvent
            from pydantic import BaseModel, TypeAdapter
            anyEvent = TypeAdapter(ResponseStreamEvent)

            def sound(response):
                # The client reads leniently; its models say what is right.
                Response.model_validate(response.to_dict())
                return response

            def events(**ask):
                all = list(client.responses.create(**ask, stream=True))
                for event in all:
                    anyEvent.validate_python(event.to_dict())
                assert [event.sequence_number for event in all] == list(range(len(all)))
                return all

            question = "What is 47 + 385?"
            ask = dict(model="pebble", input=question, temperature=0)
            answer = sound(client.responses.create(**ask, metadata={"a": "b"}, store=True, user="me"))
            text = answer.output_text
            assert text == r"The answer is \\boxed{432}.", text
            assert answer.id.startswith("resp_") and answer.status == "completed" and answer.error is None
            assert answer.metadata == {"a": "b"} and answer.to_dict()["store"] is False
            assert [item.type for item in answer.output] == ["reasoning", "message"]
            thought = answer.output[0].content[0].text
            assert "carry" in thought
            usage = answer.usage
            assert usage.total_tokens == usage.input_tokens + usage.output_tokens
            assert 10 < usage.output_tokens_details.reasoning_tokens < usage.output_tokens

            stream = events(**ask)
            kinds = [event.type for event in stream]
            once = [kind for i, kind in enumerate(kinds) if i == 0 or kinds[i - 1] != kind]
            item = lambda part, delta: [
                "response.output_item.added", "response.content_part.added", f"response.{part}.delta", f"response.{part}.done",
                "response.content_part.done", "response.output_item.done"]
            assert once == ["response.created", "response.in_progress", *item("reasoning_text", 0), *item("output_text", 1),
                "response.completed"], once
            added = [event for event in stream if event.type == "response.output_item.added"]
            assert [event.output_index for event in added] == [0, 1]
            assert all(event.item.status == "in_progress" and event.item.content == [] for event in added)
            for event in stream:
                if hasattr(event, "item_id"):
                    assert event.item_id == added[event.output_index].item.id and event.content_index == 0
            joined = lambda kind: "".join(event.delta for event in stream if event.type == kind)
            assert joined("response.reasoning_text.delta") == thought and joined("response.output_text.delta") == text
            final = sound(stream[-1].response)
            assert final.output_text == text and final.usage.output_tokens == usage.output_tokens
            assert final.usage.input_tokens_details.cached_tokens > 0
            assert stream[0].response.id == final.id and stream[0].response.output == [] and stream[0].response.usage is None

            # A conversation of items, and one that goes on with what was answered.
            parts = [{"role": "user", "content": [{"type": "input_text", "text": "What is 47 "}, {"type": "input_text", "text": "+ 385?"}]}]
            assert client.responses.create(**ask | {"input": parts}).output_text == text
            with client.responses.stream(**ask, instructions="Be brief.") as stream:
                for event in stream:
                    pass
                brief = stream.get_final_response()
            assert brief.instructions == "Be brief." and brief.usage.input_tokens != usage.input_tokens
            more = parts + [item.to_dict() for item in answer.output] + [{"role": "user", "content": question}]
            assert client.responses.create(**ask | {"input": more}).usage.input_tokens > usage.input_tokens + 20

            short = sound(client.responses.create(**ask, max_output_tokens=16))
            assert short.status == "incomplete" and short.incomplete_details.reason == "max_output_tokens"
            assert short.output[-1].status == "incomplete" and short.usage.output_tokens == 16
            cut = events(**ask, max_output_tokens=16)[-1]
            assert cut.type == "response.incomplete" and cut.response.output[-1].status == "incomplete"

            likely = sound(client.responses.create(**ask, include=["message.output_text.logprobs"], top_logprobs=2))
            tokens = likely.output[1].content[0].logprobs
            # With the line breaks behind the thought.
            assert "".join(token.token for token in tokens).lstrip() == text and len(tokens[0].top_logprobs) == 2

            # Forms.
            class Sum(BaseModel):
                total: int
                isEven: bool

            parsed = client.responses.parse(**ask | {"temperature": 1}, text_format=Sum)
            assert isinstance(parsed.output_parsed, Sum)
            with client.responses.stream(**ask | {"temperature": 1}, text_format=Sum) as stream:
                assert isinstance(stream.get_final_response().output_parsed, Sum)
            form = {"format": {"type": "json_object"}}
            assert sound(client.responses.create(**ask, text=form, max_output_tokens=64)).text.format.type == "json_object"
            """
        )
    }

    @Test func functionsAreCalled() async throws {
        let server = try await RunningServer()
        try await OfficialClient.run(
            on: server,
            """
            from json import loads
            from openai.types.responses import Response
            schema = {"type": "object", "properties": {"unitName": {"enum": ["C", "F"]}}, "required": ["unitName"], "additionalProperties": False}
            tools = [{"type": "function", "name": "weather", "description": "Today's", "strict": True, "parameters": schema}]
            ask = dict(model="pebble", input="Is it warm?", tools=tools, temperature=1, seed=3, tool_choice="required")
            ask["extra_body"] = {"seed": ask.pop("seed")}

            answer = client.responses.create(**ask, parallel_tool_calls=False)
            Response.model_validate(answer.to_dict())
            assert answer.tools[0].parameters == schema and answer.tool_choice == "required" and not answer.parallel_tool_calls
            call = answer.output[-1]
            assert call.type == "function_call" and call.name == "weather" and call.status == "completed", answer.output
            assert loads(call.arguments)["unitName"] in "CF" and call.id.startswith("fc_") and call.call_id.startswith("call_")
            assert len([item for item in answer.output if item.type == "function_call"]) == 1

            stream = list(client.responses.create(**ask, parallel_tool_calls=False, stream=True))
            deltas = [event for event in stream if event.type == "response.function_call_arguments.delta"]
            [done] = [event for event in stream if event.type == "response.function_call_arguments.done"]
            assert len(deltas) > 1 and "".join(delta.delta for delta in deltas) == done.arguments == call.arguments
            [added] = [e for e in stream if e.type == "response.output_item.added" and e.item.type == "function_call"]
            assert added.item.name == "weather" and added.item.arguments == "" and added.item.id == done.item_id
            last = stream[-1].response.output[-1]
            assert last.call_id == added.item.call_id and last.arguments == call.arguments
            with client.responses.stream(**ask) as helper:
                assert helper.get_final_response().output[-1].parsed_arguments["unitName"] in "CF"

            # The result goes back with the call and the thought before it.
            items = [{"role": "user", "content": "Is it warm?"}] + [item.to_dict() for item in answer.output]
            items.append({"type": "function_call_output", "call_id": call.call_id, "output": "21 C"})
            untold = client.responses.create(**ask | {"tool_choice": "none", "max_output_tokens": 30})
            told = client.responses.create(**ask | {"input": items, "tool_choice": "none", "max_output_tokens": 30})
            assert told.usage.input_tokens > untold.usage.input_tokens + 20
            assert all(item.type != "function_call" for item in told.output)

            def refused(param, **more):
                try:
                    client.responses.create(**ask | more)
                    raise SystemExit(f"{more} was taken")
                except BadRequestError as error:
                    assert error.param == param, error
                    return error.message
            assert "nothing is stored" in refused("previous_response_id", previous_response_id="resp_1")
            refused("conversation", conversation="conv_1")
            refused("tools[0].type", tools=[{"type": "web_search"}])
            refused("tool_choice", tool_choice={"type": "function", "name": "wether"})
            refused("input[1].call_id", input=items[:1] + items[-1:])
            refused("text.format", tools=[], tool_choice="auto",
                text={"format": {"type": "json_schema", "name": "a", "schema": {"not": {}}}})
            try:
                client.responses.retrieve("resp_1")
                raise SystemExit("something is stored")
            except NotFoundError:
                pass
            """
        )
    }

    @Test func streamThatFailsSaysSo() async throws {
        let server = try await RunningServer("--request-timeout", "0.05")
        let body: [String: Any] = [
            "model": "pebble", "input": "1+1=", "ignore_eos": true, "temperature": 1, "stream": true,
        ]
        let reply = try await server.post("/v1/responses", body)
        let last = try #require(reply.text.components(separatedBy: "\n\n").last { !$0.isEmpty })
        #expect(last.hasPrefix("event: response.failed\ndata: {"))
        let data = Data(last.split(separator: "\n")[1].dropFirst(6).utf8)
        let event = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
        let response = try #require(event["response"] as? [String: Any])
        #expect(response["status"] as? String == "failed")
        #expect((response["error"] as? [String: Any])?["code"] as? String == "server_error")
        let whole = try await server.post("/v1/responses", body.merging(["stream": false]) { $1 })
        #expect(whole.status == 504)
    }
}
