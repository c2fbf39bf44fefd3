import Evaluation
import Foundation
import Synchronization
import Testing

@Suite struct EvaluationRunnerTests {
    /// Ten sums; the model below is right about the even ones.
    private static func task(_ count: Int = 10) throws -> JSONLTask {
        let lines = (0..<count).map {
            #"{"problem": "\#($0)", "answer": \#($0), "family": "\#($0 < 5 ? "low" : "high")"}"#
        }
        return try JSONLTask(name: "sums", data: Data(lines.joined(separator: "\n").utf8), source: "sums")
    }

    private static func model(_ sample: EvaluationSample, _ attempt: Int) -> EvaluationResponse {
        let number = Int(sample.prompt) ?? 0
        return EvaluationResponse("<think>hm</think>\\boxed{\(number % 2 == 0 ? number : -number)}", tokens: number)
    }

    private final class Folder: Sendable {
        let path: String

        init() throws {
            path = NSTemporaryDirectory() + "kongur-evaluation-\(UUID().uuidString)"
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }

        var results: String { path + "/results.jsonl" }
        var text: String { (try? String(contentsOfFile: results, encoding: .utf8)) ?? "" }
        func write(_ text: String) throws { try Data(text.utf8).write(to: URL(fileURLWithPath: results)) }
    }

    private struct Broken: Error {}

    @Test func everySampleIsAskedOnceAndCounted() async throws {
        let asked = Mutex<[String]>([])
        let seen = Mutex<[EvaluationRunner.Progress]>([])
        var runner = EvaluationRunner(task: try Self.task())
        runner.concurrency = 3
        let report = try await runner.run { progress in
            seen.withLock { $0.append(progress) }
        } generate: { sample, attempt in
            asked.withLock { $0.append(sample.id) }
            return Self.model(sample, attempt)
        }
        #expect(asked.withLock { $0.sorted() } == (1...10).map(String.init).sorted())
        #expect(seen.withLock { $0.map(\.done) } == Array(0...10))
        #expect(report.overall.correct == 5 && report.overall.total == 10)
        #expect(report.families["low"]?.correct == 3 && report.families["high"]?.correct == 2)
        #expect(report.meanTokens == 4.5)
    }

    @Test func noMoreThanAskedForRunAtOnce() async throws {
        let running = Mutex((now: 0, most: 0))
        var runner = EvaluationRunner(task: try Self.task())
        runner.concurrency = 4
        _ = try await runner.run { sample, attempt in
            running.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
            try await Task.sleep(for: .milliseconds(20))
            running.withLock { $0.now -= 1 }
            return Self.model(sample, attempt)
        }
        #expect(running.withLock { $0.most } == 4)
    }

    @Test func aRunThatFailedGoesOn() async throws {
        let folder = try Folder()
        var runner = EvaluationRunner(task: try Self.task())
        runner.resultsPath = folder.results
        runner.concurrency = 1
        let error = await #expect(throws: EvaluationError.self) {
            try await runner.run { sample, attempt in
                if sample.id == "7" { throw Broken() }
                return Self.model(sample, attempt)
            }
        }
        #expect(error?.code == .generationFailed)
        #expect(error?.message.contains("7") == true)

        let asked = Mutex<[String]>([])
        let report = try await runner.run { sample, attempt in
            asked.withLock { $0.append(sample.id) }
            return Self.model(sample, attempt)
        }
        #expect(asked.withLock { $0 } == ["7", "8", "9", "10"])
        #expect(report.overall.total == 10 && report.overall.correct == 5)
        #expect(try await runner.run { _, _ in throw Broken() } == report)
    }

    @Test func aTornLastLineIsAskedAgain() async throws {
        let folder = try Folder()
        var runner = EvaluationRunner(task: try Self.task())
        runner.resultsPath = folder.results
        let whole = try await runner.run { Self.model($0, $1) }
        let text = folder.text
        for cut in [1, 5, 100, text.utf8.count - 3] {
            try folder.write(String(text.dropLast(cut)))
            #expect(try await runner.run { Self.model($0, $1) } == whole)
            #expect(folder.text.split(separator: "\n").count == 11)
            #expect(folder.text.hasSuffix("}\n"))
        }
    }

    @Test func damageInTheMiddleIsNotPassedOver() async throws {
        let folder = try Folder()
        var runner = EvaluationRunner(task: try Self.task())
        runner.resultsPath = folder.results
        _ = try await runner.run { Self.model($0, $1) }
        var lines = folder.text.split(separator: "\n").map(String.init)
        lines[4] = String(lines[4].dropLast(9))
        try folder.write(lines.joined(separator: "\n") + "\n")
        let error = await #expect(throws: EvaluationError.self) { try await runner.run { Self.model($0, $1) } }
        #expect(error?.code == .invalidResults)
        #expect(error?.message.contains("results.jsonl:5") == true)
    }

    @Test func resultsOfAnotherRunAreNotMixedIn() async throws {
        let folder = try Folder()
        var runner = EvaluationRunner(task: try Self.task())
        runner.resultsPath = folder.results
        _ = try await runner.run { Self.model($0, $1) }
        var other = EvaluationRunner(task: try Self.task(9))
        other.resultsPath = folder.results
        runner.settings = "temperature 1"
        for runner in [runner, other] {
            let error = await #expect(throws: EvaluationError.self) { try await runner.run { Self.model($0, $1) } }
            #expect(error?.code == .invalidResults)
        }
        try folder.write("# My notes\n")
        await #expect(throws: EvaluationError.self) { try await other.run { Self.model($0, $1) } }
        #expect(folder.text == "# My notes\n")
    }

    @Test func moreAttemptsGoOnFromFewer() async throws {
        let folder = try Folder()
        var runner = EvaluationRunner(task: try Self.task())
        runner.resultsPath = folder.results
        _ = try await runner.run { Self.model($0, $1) }
        runner.attempts = 4
        let asked = Mutex<Set<Int>>([])
        let report = try await runner.run { sample, attempt in
            asked.withLock { _ = $0.insert(attempt) }
            return attempt == 3 ? EvaluationResponse("\\boxed{\(sample.answer)}") : Self.model(sample, attempt)
        }
        #expect(asked.withLock { $0 } == [1, 2, 3])
        #expect(report.overall.total == 40 && report.overall.problems == 10 && report.overall.correct == 25)
        #expect(report.passAtK[4] == 1)
        #expect(report.passAtK[1] == 0.625)
    }

    @Test func cancellingKeepsWhatIsDone() async throws {
        let folder = try Folder()
        var settings = EvaluationRunner(task: try Self.task())
        settings.resultsPath = folder.results
        settings.concurrency = 2
        let runner = settings
        let run = Task {
            try await runner.run { sample, attempt in
                if Int(sample.id) ?? 0 > 4 { try await Task.sleep(for: .seconds(60)) }
                return Self.model(sample, attempt)
            }
        }
        while folder.text.split(separator: "\n").count < 5 { try await Task.sleep(for: .milliseconds(5)) }
        run.cancel()
        await #expect(throws: EvaluationError.self) { try await run.value }
        #expect(folder.text.split(separator: "\n").count == 5)
        #expect(try await runner.run { Self.model($0, $1) }.overall.total == 10)
    }

    @Test func twoRunsDoNotShareAFile() async throws {
        let folder = try Folder()
        var settings = EvaluationRunner(task: try Self.task())
        settings.resultsPath = folder.results
        let runner = settings
        _ = try await runner.run { sample, attempt in
            await #expect(throws: EvaluationError.self) { try await runner.run { Self.model($0, $1) } }
            return Self.model(sample, attempt)
        }
    }
}
