import Testing

/// The official client, unchanged.
@Suite(.enabled(if: OfficialClient.isAvailable, OfficialClient.skipped))
struct OpenAIClientTests {
    @Test func worksUnchanged() async throws {
        let server = try await RunningServer()
        try await OfficialClient.run(
            on: server,
            """
            assert [model.id for model in client.models.list()] == ["pebble"]
            assert client.models.retrieve("pebble").id == "pebble"

            messages = [{"role": "user", "content": "What is 47 + 385?"}]
            answer = client.chat.completions.create(model="pebble", messages=messages, temperature=0)
            text = answer.choices[0].message.content
            assert text == r"The answer is \\boxed{432}.", text
            assert answer.choices[0].finish_reason == "stop"
            assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
            assert answer.usage.completion_tokens_details.reasoning_tokens > 0

            chunks = list(client.chat.completions.create(
                model="pebble", messages=messages, temperature=0, stream=True,
                stream_options={"include_usage": True}))
            assert chunks[0].choices[0].delta.role == "assistant"
            assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == text
            assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
            assert chunks[-1].usage.total_tokens == answer.usage.total_tokens and not chunks[-1].choices

            parts = [{"role": "user", "content": [{"type": "text", "text": "What is 47 "}, {"type": "text", "text": "+ 385?"}]}]
            again = client.chat.completions.create(
                model="pebble", messages=parts, temperature=0, n=3, seed=1, logprobs=True, top_logprobs=2)
            assert [c.message.content for c in again.choices] == [text] * 3
            assert len(again.choices[0].logprobs.content[0].top_logprobs) == 2

            text = client.completions.create(model="pebble", prompt="1+1=", max_tokens=5, logprobs=2, seed=3)
            assert len(text.choices[0].logprobs.tokens) <= 5
            pieces = client.completions.create(model="pebble", prompt="1+1=", max_tokens=5, stream=True, seed=3)
            assert "".join(p.choices[0].text for p in pieces) == text.choices[0].text

            try:
                client.chat.completions.create(model="gpt-4", messages=messages)
                raise SystemExit("an unknown model was answered")
            except NotFoundError as error:
                assert error.code == "model_not_found", error
            try:
                client.chat.completions.create(model="pebble", messages=messages, temperature=9)
                raise SystemExit("a temperature of 9 was taken")
            except BadRequestError as error:
                assert error.param == "temperature", error
            """
        )
    }
}
