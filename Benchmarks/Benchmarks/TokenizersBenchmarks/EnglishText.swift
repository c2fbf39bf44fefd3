import Foundation

/// A megabyte of English: problems in words, in the order of their files and begun anew when they run out.
struct EnglishText: Sendable {
    static let byteCount = 1_000_000

    /// The problems, as many as make a megabyte.
    let problems: [String]
    /// Their text in one.
    let whole: String

    /// Reads the files that `KONGUR_BENCHMARK_TEXT` names, with colons between them, or the bundled model's problems.
    ///
    /// A file is a JSON array, or a line of JSON for each problem; what counts is the member "problem".
    init() throws {
        let bundled = TokenizerFolder.repository.appendingPathComponent("Models/pebble/evaluation.jsonl").path
        let files = ProcessInfo.processInfo.environment["KONGUR_BENCHMARK_TEXT"] ?? bundled
        let found = try files.split(separator: ":").flatMap { try Self.problems(in: String($0)) }
        guard !found.isEmpty else { throw CocoaError(.fileReadCorruptFile, userInfo: [NSFilePathErrorKey: files]) }
        var problems: [String] = []
        var byteCount = 0
        while byteCount < Self.byteCount {
            let problem = found[problems.count % found.count]
            problems.append(problem)
            byteCount += problem.utf8.count + 2
        }
        self.problems = problems
        whole = problems.joined(separator: "\n\n")
    }

    private static func problems(in path: String) throws -> [String] {
        struct Entry: Decodable { var problem: String }
        let data = try Data(contentsOf: URL(fileURLWithPath: path))
        let decoder = JSONDecoder()
        if data.first == UInt8(ascii: "[") { return try decoder.decode([Entry].self, from: data).map(\.problem) }
        return try data.split(separator: UInt8(ascii: "\n")).map { try decoder.decode(Entry.self, from: $0).problem }
    }
}
