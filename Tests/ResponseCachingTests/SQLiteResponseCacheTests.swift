import Foundation
import GRDB
import KongurTesting
import Logging
import Testing

@testable import ResponseCaching

struct SQLiteResponseCacheTests {
    private let folder: TemporaryFolder
    private let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder.path + "/answers.sqlite"
    }

    /// A machine that is busy with other tests needs patience.
    private func open(
        _ byteCount: Int = 1 << 20,
        patience: Duration = .seconds(30)
    ) throws -> SQLiteResponseCache {
        try SQLiteResponseCache(path: path, byteCount: byteCount, patience: patience, logger: Logger.silent)
    }

    private func key(_ number: Int) -> CacheKey { CacheKey(["number": number]) }

    private func value(_ number: Int, count: Int = 1000) -> [UInt8] {
        [UInt8](repeating: UInt8(number % 256), count: count)
    }

    private var fileSize: Int {
        get throws { try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0 }
    }

    @Test func keepsAnswersAcrossRestarts() async throws {
        do {
            let cache = try open()
            for number in 0..<20 { try await cache.setValue(value(number), for: key(number), expiresIn: nil) }
            try await cache.setValue([9], for: key(3), expiresIn: nil)
            try await cache.removeValue(for: key(4))
        }
        let cache = try open()
        for number in 0..<20 where number != 3 && number != 4 {
            #expect(try await cache.value(for: key(number)) == value(number))
        }
        #expect(try await cache.value(for: key(3)) == [9])
        #expect(try await cache.value(for: key(4)) == nil)
        // Prompts of others are in it, as hashes, and their answers.
        let rights = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(rights == 0o600)
    }

    @Test func answersExpireAlsoWhileNobodyRuns() async throws {
        do {
            let cache = try open()
            try await cache.setValue(value(1), for: key(1), expiresIn: .milliseconds(200))
            try await cache.setValue(value(2), for: key(2), expiresIn: .seconds(100))
        }
        try await Task.sleep(for: .milliseconds(250))
        let cache = try open()
        #expect(try await cache.value(for: key(1)) == nil)
        #expect(try await cache.value(for: key(2)) == value(2))
    }

    @Test func theFileStaysWithinItsLimit() async throws {
        let limit = 400_000
        do {
            let cache = try open(limit)
            for number in 0..<400 {
                try await cache.setValue(value(number, count: 5000), for: key(number), expiresIn: nil)
                // Asked for again and again, so it stays.
                #expect(try await cache.value(for: key(0)) != nil)
            }
            #expect(try await cache.value(for: key(399)) == value(399, count: 5000))
            #expect(try await cache.value(for: key(1)) == nil)
            var kept = 0
            for number in 0..<400 where try await cache.value(for: key(number)) != nil { kept += 1 }
            #expect(kept > 30)
            // More than the file could hold: not kept.
            try await cache.setValue(value(1, count: limit), for: key(500), expiresIn: nil)
            #expect(try await cache.value(for: key(500)) == nil)
        }
        // One answer may be on its way beyond the limit before another one goes.
        #expect(try fileSize <= limit + 20_000)
        do { _ = try open(limit / 4) }
        #expect(try fileSize <= limit / 4 + 20_000)
    }

    @Test func aDamagedFileIsSetAsideAndAnotherProgramsIsLeftAlone() async throws {
        do { _ = try open() }
        var rubbish = try Array(Data(contentsOf: URL(fileURLWithPath: path)).prefix(100))
        rubbish += (0..<50_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        // Each finds a name of its own.
        for name in [".damaged", ".damaged-2"] {
            try folder.write(rubbish, to: "answers.sqlite")
            let cache = try open()
            try await cache.setValue([1], for: key(1), expiresIn: nil)
            #expect(try await cache.value(for: key(1)) == [1])
            #expect(FileManager.default.contents(atPath: path + name) == Data(rubbish))
        }
        for other in [Array("precious".utf8), [UInt8](rubbish.dropFirst(100))] {
            try folder.write(other, to: "answers.sqlite")
            #expect(throws: CacheError.self) { try open() }
            #expect(FileManager.default.contents(atPath: path) == Data(other))
        }
    }

    /// Bytes are overwritten while the file is in use, as a bad disk or a bad program does.
    @Test(arguments: 0..<8) func damageIsAMissAndNeverAWrongAnswer(_ seed: Int) async throws {
        var random = SeededGenerator(UInt64(seed))
        do {
            let cache = try open()
            for number in 0..<100 {
                try await cache.setValue(value(number, count: 3000), for: key(number), expiresIn: nil)
            }
        }
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        for _ in 0..<200 {
            // The header says whose the file is.
            let start = Int.random(in: 100..<bytes.count - 64, using: &random)
            for index in start..<start + 64 { bytes[index] = .random(in: 0...255, using: &random) }
        }
        try bytes.write(to: URL(fileURLWithPath: path))
        let cache = try open()
        for number in 0..<100 {
            if let kept = try? await cache.value(for: key(number)) { #expect(kept == value(number, count: 3000)) }
        }
        // Whatever it was, answers are kept again.
        for number in 0..<100 { try? await cache.setValue([1], for: key(number), expiresIn: nil) }
        try await cache.setValue([2], for: key(1), expiresIn: nil)
        #expect(try await cache.value(for: key(1)) == [2])
    }

    @Test func anotherKeysAnswerIsAMiss() async throws {
        let cache = try open()
        try await cache.setValue(value(1), for: key(1), expiresIn: nil)
        let database = try DatabaseQueue(path: path)
        try await database.write { [key = key(2)] in
            try $0.execute(sql: "UPDATE answer SET key = ?", arguments: [Data(key.digest)])
        }
        #expect(try await cache.value(for: key(2)) == nil)
    }

    @Test func filesThatAreNotOursAreLeftAlone() throws {
        let database = try DatabaseQueue(path: path)
        try database.write { try $0.execute(sql: "CREATE TABLE theirs (a)") }
        try database.close()
        let before = try Data(contentsOf: URL(fileURLWithPath: path))
        #expect(throws: CacheError.self) { try open() }
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
        let missing = folder.path + "/nowhere/answers.sqlite"
        let error = #expect(throws: CacheError.self) {
            try SQLiteResponseCache(path: missing, byteCount: 1000, logger: Logger.silent)
        }
        #expect(error?.code == .invalidLocation && error?.message.hasPrefix(missing) == true)
    }

    /// Another program holds the file: whoever asks goes on without it at once.
    @Test func aFileThatIsHeldByAnotherCostsLittle() async throws {
        do { try await open().setValue([1], for: key(1), expiresIn: nil) }
        let cache = try open(patience: Patience.usual)
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        let database = try DatabaseQueue(path: path, configuration: configuration)
        try database.unsafeReentrantWrite { try $0.execute(sql: "BEGIN IMMEDIATE") }
        let wait = await shortest(below: .milliseconds(50)) {
            await #expect(throws: CacheError.self) { try await cache.value(for: key(1)) }
        }
        #expect(wait < .milliseconds(50))
        try database.unsafeReentrantWrite { try $0.execute(sql: "ROLLBACK") }
        #expect(try await open().value(for: key(1)) == [1])
    }
}
