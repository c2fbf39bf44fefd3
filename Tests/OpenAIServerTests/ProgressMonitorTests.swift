import DeviceRuntime
import InferenceEngine
import KongurTesting
import Testing

@testable import OpenAIServer

struct ProgressMonitorTests {
    @Test func seesThatTheEngineHangs() async throws {
        let device = ScriptedDevice(vocabularySize: 64)
        let release = device.recorder.hold(fromStep: 2)
        let engine = try Engine(
            model: .scripted(vocabularySize: 64),
            device: device,
            configuration: EngineConfiguration(cacheBlocks: 64)
        )
        let admission = Admission(AdmissionQueue.Limits(running: 8, waiting: 8, waitingTokens: 1000))
        let monitor = ProgressMonitor(EngineGroup(engine), admission, limit: .seconds(60))
        let start = ContinuousClock.now
        monitor.look(start, after: .seconds(1))
        // An idle engine is well, however long it is idle.
        #expect(monitor.isLive(at: start + .seconds(1000)))

        let ticket = try admission.admit(answers: 1, promptTokens: 3, newTokens: 10)
        let events = engine.submit(GenerationRequest(promptTokenIDs: [1, 2, 3], maxNewTokens: 10))
        while device.recorder.steps.count < 2 { try await Task.sleep(for: .milliseconds(1)) }
        while engine.metrics.steps < 2 { try await Task.sleep(for: .milliseconds(1)) }
        monitor.look(start + .seconds(2000), after: .seconds(1))
        #expect(monitor.isLive(at: start + .seconds(2059)))
        monitor.look(start + .seconds(2059), after: .seconds(1))
        #expect(!monitor.isLive(at: start + .seconds(2060)))

        release()
        for await _ in events {}
        monitor.look(start + .seconds(2070), after: .seconds(1))
        #expect(monitor.isLive(at: start + .seconds(2071)))
        ticket.release()
    }
}
