import Dispatch
import Foundation
import Synchronization
import Testing

@testable import Kongur

/// Loading as a program with a window does it: told how far it is, and with no task held up.
@Suite struct LoadingTests {
    private static let pebble = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Models/pebble").path

    @Test func loadingTellsHowFarItIs() async throws {
        let steps = Mutex<[LoadingProgress]>([])
        _ = try await LanguageModel.load(Self.pebble) { step in steps.withLock { $0.append(step) } }
        #expect(steps.withLock { $0.first } == .reading)
    }

    @Test func compilingTellsItsStepsInOrder() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("kongur-cache-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var steps: [LoadingProgress] = []
        _ = try ModelLoader(locator: ModelLocator(environment: ["KONGUR_CACHE": folder])).load(Self.pebble) {
            LoadingProgress($0).map { steps.append($0) }
        }
        let parts = steps.compactMap { step -> (String, Double)? in
            if case .compiling(let name, let fraction) = step { (name, fraction) } else { nil }
        }
        #expect(parts.first?.0 == "import" && parts.last?.0 == "write" && parts.count > 3)
        #expect(parts.map(\.1) == parts.map(\.1).sorted() && parts.allSatisfy { (0..<1).contains($0.1) })
    }

    /// More pieces of work than Swift has threads for tasks, each of which waits for all others.
    @Test func workThatBlocksHoldsNoTaskUp() async throws {
        let count = 4 * ProcessInfo.processInfo.activeProcessorCount
        let arrived = DispatchGroup()
        for _ in 0..<count { arrived.enter() }
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<count {
                group.addTask {
                    try await BlockingWork.run {
                        arrived.leave()
                        return arrived.wait(timeout: .now() + 60) == .success
                    }
                }
            }
            for try await isTogether in group { #expect(isTogether) }
        }
    }

    @Test func whoCancelsWaitsNoLonger() async throws {
        let end = DispatchSemaphore(value: 0)
        let task = Task { try await BlockingWork.run { end.wait() } }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        end.signal()
        let early = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await BlockingWork.run { 1 }
        }
        await #expect(throws: CancellationError.self) { try await early.value }
        await #expect(throws: KongurError.self) { try await BlockingWork.run { throw KongurError(.failed, "no") } }
        #expect(try await BlockingWork.run { 7 } == 7)
    }
}
