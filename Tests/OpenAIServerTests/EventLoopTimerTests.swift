import OpenAIServer
import Testing

@Suite struct EventLoopTimerTests {
    @Test func waitsForItsTime() async throws {
        let started = ContinuousClock.now
        try await EventLoopTimer.sleep(for: .milliseconds(50))
        #expect(.now - started >= .milliseconds(50))
    }

    @Test(arguments: [false, true]) func cancellingEndsTheWaitAtOnce(_ before: Bool) async {
        let started = ContinuousClock.now
        let task = Task {
            if before { withUnsafeCurrentTask { $0?.cancel() } }
            try await EventLoopTimer.sleep(for: .seconds(3600))
        }
        try? await Task.sleep(for: .milliseconds(20))
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(.now - started < .seconds(1800))
    }
}
