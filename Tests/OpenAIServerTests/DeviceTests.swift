import DeviceRuntime
import Foundation
import InferenceEngine
import KongurTesting
import Testing

@testable import OpenAIServer

/// Servers with several devices: what they tell of them, and what clients see when one is lost.
@Suite(.serialized) struct DeviceTests {
    private func devices(_ count: Int) -> [ScriptedDevice] {
        (0..<count).map { _ in ScriptedDevice(vocabularySize: ByteTokenizer.vocabularySize) }
    }

    private static let lost = DeviceError(.deviceLost, "the card fell off the bus")

    private static func question(_ number: Int, stream: Bool) -> String {
        #"{"model": "scripted", "prompt": "number \#(number)", "max_tokens": 40, "temperature": 0.8, "seed": \#(number), "ignore_eos": true, "stream": \#(stream)}"#
    }

    /// The text of an answer, streamed or not; nil for an error.
    private static func text(_ reply: Reply, stream: Bool) -> String? {
        guard reply.status == 200 else { return nil }
        let parts = stream ? reply.events : [reply.json]
        guard !parts.contains(where: { $0["error"] != nil }) else { return nil }
        return parts.compactMap { ($0["choices"] as? [[String: Any]])?.first?["text"] as? String }
            .joined()
    }

    private func answers(_ server: ScriptedServer) async throws -> [String?] {
        try await withThrowingTaskGroup(of: (Int, String?).self) { group in
            for number in 0..<12 {
                group.addTask {
                    let stream = number % 2 == 0
                    let reply = try await server.ask(
                        "POST",
                        "/v1/completions",
                        [:],
                        Self.question(number, stream: stream)
                    )
                    return (number, Self.text(reply, stream: stream))
                }
            }
            var answers = [String?](repeating: nil, count: 12)
            for try await (number, text) in group { answers[number] = text }
            return answers
        }
    }

    @Test func clientsDoNotNoticeThatADeviceIsLost() async throws {
        var expected: [String?] = []
        try await ScriptedServer.run(devices(1)) { server async throws in
            expected = try await answers(server)
        }
        #expect(expected.allSatisfy { $0?.isEmpty == false })
        let devices = devices(3)
        devices[0].recorder.fail(atStep: 7, Self.lost)
        devices[2].recorder.fail(atStep: 20, Self.lost)
        try await ScriptedServer.run(devices) { server async throws in
            #expect(try await answers(server) == expected)
            #expect(try await server.ask("GET", "/health/ready").status == 200)
            let list = try await JSONDecoder().decode(DeviceList.self, from: server.ask("GET", "/v1/devices").body)
            #expect(list.data.map { $0.failure == nil } == [false, true, false])
            #expect(list.data[0].failure?.contains("fell off the bus") == true)
            let metrics = try await server.ask("GET", "/metrics").text
            for (engine, works) in [(0, 0), (1, 1), (2, 0)] {
                let labels = "model_name=\"scripted\",engine=\"\(engine)\",device=\"scripted\""
                #expect(metrics.contains("kongur_device_up{\(labels)} \(works)\n"))
            }
            let status = try await server.ask("GET", "/admin/status").json
            #expect(status["devices"] as? Int == 3 && status["lost_devices"] as? Int == 2)
        }
    }

    @Test func whenNoDeviceIsLeftClientsGetAnErrorAndTheServerIsNotReady() async throws {
        let devices = devices(2)
        for device in devices { device.recorder.fail(atStep: 5, Self.lost) }
        try await ScriptedServer.run(devices) { server async throws in
            #expect(try await answers(server).contains(nil))
            let reply = try await server.ask("POST", "/v1/completions", [:], Self.question(50, stream: false))
            #expect(reply.status >= 500 && reply.error["message"] as? String != nil)
            #expect(try await server.ask("GET", "/health/ready").status == 503)
        }
    }

    @Test func twoProcessorsAnswerAsOne() async throws {
        let one = try await RunningServer("--device", "cpu")
        let two = try await RunningServer("--device", "cpu,cpu")
        let body: [String: Any] = [
            "model": "pebble", "prompt": "What is 17 + 25?", "max_tokens": 24, "seed": 5,
            "temperature": 0.7,
        ]
        func text(_ reply: Reply) -> String? {
            (reply.json["choices"] as? [[String: Any]])?.first?["text"] as? String
        }
        let expected = try #require(text(await one.post("/v1/completions", body)))
        let data = try JSONSerialization.data(withJSONObject: body)
        let answers = try await withThrowingTaskGroup(of: Reply.self) { group in
            for _ in 0..<8 { group.addTask { try await two.post("/v1/completions", data) } }
            return try await group.reduce(into: [Reply]()) { $0.append($1) }
        }
        #expect(answers.allSatisfy { text($0) == expected })
        // Two that have nothing in common take turns, however slow the machine is.
        for prompt in ["a", "b"] { _ = try await two.post("/v1/completions", ["model": "pebble", "prompt": prompt]) }

        let list = try JSONDecoder().decode(DeviceList.self, from: await two.get("/v1/devices").body)
        #expect(list.data.map(\.name) == ["cpu", "cpu"] && list.data.map(\.index) == [0, 1])
        for device in list.data {
            let statistics = device.statistics
            #expect(statistics.runs > 0 && statistics.busySeconds > 0 && statistics.readByteCount > 0)
            #expect(
                statistics.kernels["paged_attention"].map { $0.launches > 0 && $0.seconds > 0 } == true
            )
            #expect(statistics.weightByteCount > 0 && statistics.stateByteCount > 0)
            #expect(device.engine.map { $0.generatedTokens > 0 && $0.running == 0 } == true)
        }
        #expect(try await two.logs("on each of 2 devices"))
        let metrics = try await two.get("/metrics").text
        for engine in 0...1 {
            let labels = "model_name=\"pebble\",engine=\"\(engine)\",device=\"cpu\""
            #expect(metrics.contains("kongur_device_up{\(labels)} 1\n"))
            #expect(
                metrics.contains(
                    "kongur_device_kernel_seconds_total{\(labels),operation=\"paged_attention\"} "
                )
            )
            #expect(metrics.contains("kongur_device_busy_seconds_total{\(labels)} "))
            #expect(
                metrics.contains("vllm:num_requests_running{model_name=\"pebble\",engine=\"\(engine)\"} ")
            )
        }

        let program = KongurProgram()
        let address = "http://127.0.0.1:\(two.port)"
        let top = try await blocking {
            try program.run("top", "--server", address, "--interval", "0.2", "--once")
        }
        #expect(top.status == 0 && top.output.contains("Tokens/s") && top.output.contains("Kernel"))
        let table = try await blocking { try program.run("devices", "--server", address) }
        #expect(table.status == 0 && table.output.contains("0 cpu") && table.output.contains("1 cpu"))
    }
}
