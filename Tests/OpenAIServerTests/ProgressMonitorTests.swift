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
    }

    @Test func clientsThatDoNotReadAreNoFaultOfTheEngine() async throws {
        let engine = try Engine(
            model: .scripted(vocabularySize: 64),
            device: ScriptedDevice(vocabularySize: 64),
            configuration: EngineConfiguration(cacheBlocks: 64)
        )
        let admission = Admission(AdmissionQueue.Limits(running: 8, waiting: 8, waitingTokens: 1000))
        let monitor = ProgressMonitor(EngineGroup(engine), admission, limit: .seconds(60))
        let start = ContinuousClock.now
        let ticket = try admission.admit(answers: 1, promptTokens: 3, newTokens: 10)
        for await _ in engine.submit(GenerationRequest(promptTokenIDs: [1, 2, 3], maxNewTokens: 10)) {}
        while engine.isBusy { try await Task.sleep(for: .milliseconds(1)) }
        #expect(monitor.isLive(at: start + .seconds(10_000)))

        // The place is free when the answers are drawn; the server waits until they are read.
        #expect(admission.answers == 1)
        ticket.leavePlace(drawnTokens: 10)
        #expect(admission.answers == 0)
        let idle = Task { await admission.waitUntilIdle() }
        try await Task.sleep(for: .milliseconds(10))
        ticket.release()
        await idle.value
    }

    /// One device that hangs is not hidden by another one that works.
    @Test func eachDeviceIsLookedAt() async throws {
        let devices = [ScriptedDevice(vocabularySize: 64), ScriptedDevice(vocabularySize: 64)]
        let release = devices[0].recorder.hold(fromStep: 1)
        let group = try EngineGroup(
            model: .scripted(vocabularySize: 64),
            devices: devices,
            configuration: EngineConfiguration(cacheBlocks: 64)
        )
        let admission = Admission(AdmissionQueue.Limits(running: 8, waiting: 8, waitingTokens: 1000))
        let monitor = ProgressMonitor(group, admission, limit: .seconds(60))
        let start = ContinuousClock.now
        let held = group.engines[0].submit(GenerationRequest(promptTokenIDs: [1, 2, 3], maxNewTokens: 5))
        while group.engines[0].metrics.steps < 1 { try await Task.sleep(for: .milliseconds(1)) }
        monitor.look(start, after: .seconds(1))
        for await _ in group.engines[1].submit(GenerationRequest(promptTokenIDs: [1, 2, 3], maxNewTokens: 5)) {}
        monitor.look(start + .seconds(59), after: .seconds(1))
        #expect(monitor.isLive(at: start + .seconds(59)))
        #expect(!monitor.isLive(at: start + .seconds(61)))
        release()
        for await _ in held {}
    }
}
