import DeviceSimulation
import Foundation
import Testing

@Suite struct ExecutionTraceTests {
    @Test func isChromesFormat() throws {
        var trace = ExecutionTrace(limit: 2)
        trace.append(ExecutionTrace.Event("step", .step, start: 0, duration: 1.5e-6))
        trace.append(ExecutionTrace.Event("linear", .kernel, start: 1e-6, duration: 5e-7, bytes: 100, operations: 20))
        trace.append(ExecutionTrace.Event("late", .kernel, start: 1, duration: 1))
        let text = trace.json(device: "k20")
        let object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        let events = try #require(object["traceEvents"] as? [[String: Any]])
        let kernel = try #require(events.first { $0["name"] as? String == "linear" })
        #expect(kernel["ph"] as? String == "X" && kernel["ts"] as? Double == 1 && kernel["dur"] as? Double == 0.5)
        #expect((kernel["args"] as? [String: Any])?["bytes"] as? Int == 100)
        #expect(events.contains { ($0["args"] as? [String: Any])?["name"] as? String == "k20 (simulated)" })
        #expect(!events.contains { $0["name"] as? String == "late" })
        #expect((object["otherData"] as? [String: Any])?["dropped_events"] as? Int == 1)
    }
}
