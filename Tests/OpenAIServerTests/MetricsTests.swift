import Foundation
import Testing

/// What vLLM's own tests ask of its metrics, and what scrapers need.
@Suite(.serialized) struct MetricsTests {
    /// A scrape: the values by name and labels, and the types by name.
    private struct Scrape {
        var values: [String: Double] = [:]
        var types: [String: String] = [:]

        init(_ text: String) {
            for line in text.split(separator: "\n") {
                let words = line.split(separator: " ")
                if line.hasPrefix("# TYPE ") {
                    types[String(words[2])] = String(words[3])
                } else if !line.hasPrefix("#"), let space = line.lastIndex(of: " ") {
                    values[String(line[..<space])] = Double(line[line.index(after: space)...])
                }
            }
        }

        /// The value of a metric of the bundled model.
        func model(_ name: String, _ more: String = "") -> Double? {
            values["vllm:\(name){model_name=\"pebble\",engine=\"0\"\(more)}"]
        }
    }

    private func scrape(_ server: RunningServer) async throws -> Scrape {
        let reply = try await server.get("/metrics")
        #expect(reply.status == 200)
        #expect(reply.headers["content-type"]?.hasPrefix("text/plain; version=0.0.4") == true)
        return Scrape(reply.text)
    }

    /// One after the other, `count` requests of `tokens` tokens each.
    @Test func countsAddUp() async throws {
        let begin = Date().timeIntervalSince1970
        let server = try await RunningServer("--speculate", "off")
        let (count, tokens) = (5, 10)
        let first = try await scrape(server)
        #expect(first.model("num_requests_running") == 0 && first.model("kv_cache_usage_perc") == 0)
        #expect(first.model("request_success_total", ",finished_reason=\"abort\"") == 0)
        var promptTokens = 0
        for number in 0..<count {
            let body: [String: Any] = [
                "model": "pebble", "prompt": "What is \(number) + 385?", "max_tokens": tokens, "ignore_eos": true,
            ]
            let usage = try await server.post("/v1/completions", body).json["usage"] as? [String: Any]
            promptTokens += try #require(usage?["prompt_tokens"] as? Int)
        }
        let scrape = try await scrape(server)
        let requests = Double(count)
        #expect(scrape.model("prompt_tokens_total") == Double(promptTokens))
        #expect(scrape.model("generation_tokens_total") == Double(count * tokens))
        #expect(scrape.model("time_to_first_token_seconds_count") == requests)
        #expect(scrape.model("inter_token_latency_seconds_count") == Double(count * (tokens - 1)))
        #expect(scrape.model("request_success_total", ",finished_reason=\"length\"") == requests)
        // A step for each token, the first of which computes the prompt as far as it is not cached.
        let cached = try #require(scrape.model("prefix_cache_hits_total"))
        #expect(scrape.model("prefix_cache_queries_total") == Double(promptTokens))
        #expect(scrape.model("iteration_tokens_total_count") == Double(count * tokens))
        #expect(
            scrape.model("iteration_tokens_total_sum") == Double(promptTokens) - cached + Double(count * (tokens - 1))
        )
        for name in [
            "e2e_request_latency", "request_queue_time", "request_inference_time", "request_prefill_time",
            "request_decode_time", "request_time_per_output_token",
        ] {
            #expect(scrape.model("\(name)_seconds_count") == requests, "\(name)")
            #expect(scrape.model("\(name)_seconds_bucket", ",le=\"+Inf\"") == requests, "\(name)")
        }
        for name in ["request_prompt_tokens", "request_generation_tokens", "request_params_max_tokens"] {
            #expect(scrape.model("\(name)_count") == requests, "\(name)")
        }
        #expect(scrape.model("request_generation_tokens_sum") == Double(count * tokens))
        #expect(scrape.model("request_generation_tokens_bucket", ",le=\"5.0\"") == 0)
        #expect(scrape.model("request_generation_tokens_bucket", ",le=\"10.0\"") == requests)
        #expect(scrape.model("request_params_n_sum") == requests)
        #expect(
            scrape.values["http_requests_total{handler=\"/v1/completions\",method=\"POST\",status=\"2xx\"}"] == requests
        )
        #expect(scrape.types["vllm:kv_cache_usage_perc"] == "gauge")
        #expect(scrape.types["vllm:iteration_tokens_total"] == "histogram")
        #expect(scrape.types["vllm:num_preemptions_total"] == "counter")
        let weights = "kongur_device_memory_bytes{model_name=\"pebble\",engine=\"0\",device=\"cpu\",owner=\"weights\"}"
        #expect(scrape.values[weights] ?? 0 > 1e6)
        #expect(scrape.values["process_resident_memory_bytes"] ?? 0 > 1e6)
        let start = try #require(scrape.values["process_start_time_seconds"])
        #expect(start > begin - 5 && start < Date().timeIntervalSince1970 + 5)
        #expect(scrape.values.keys.contains { $0.hasPrefix("vllm:cache_config_info{block_size=\"16\",") })
    }

    /// After clients have left, nothing runs, waits or is held, and their answers count as aborted.
    @Test func abortedRequestsLeaveNothing() async throws {
        let server = try await RunningServer()
        let body: [String: Any] = [
            "model": "pebble", "prompt": "1+1=", "ignore_eos": true, "max_tokens": 900, "stream": true,
        ]
        let bytes = RunningServer.message(
            "POST",
            "/v1/completions",
            body: try JSONSerialization.data(withJSONObject: body)
        )
        try await blocking { [port = server.port] in
            let clients = try (0..<8).map { _ in try Client(port: port) }
            for client in clients { try client.send(bytes) }
            usleep(20_000)
            // Closed as they go.
            _ = clients
        }
        _ = try await server.status(within: .seconds(60)) { $0["admitted"] as? Int == 0 }
        let scrape = try await scrape(server)
        #expect(scrape.model("num_requests_running") == 0 && scrape.model("num_requests_waiting") == 0)
        #expect(scrape.model("kv_cache_usage_perc") == 0)
        let aborted = scrape.model("request_success_total", ",finished_reason=\"abort\"") ?? 0
        let whole = scrape.model("request_success_total", ",finished_reason=\"length\"") ?? 0
        #expect(aborted + whole <= 8)
    }

    /// Names come from clients, and must not become series.
    @Test func unknownPathsAreOneSeries() async throws {
        let server = try await RunningServer()
        for number in 0..<3 { #expect(try await server.get("/nothing/\(number)").status == 404) }
        let scrape = try await scrape(server)
        #expect(scrape.values["http_requests_total{handler=\"NotFound\",method=\"GET\",status=\"4xx\"}"] == 3)
        #expect(!scrape.values.keys.contains { $0.contains("nothing") })
    }
}
