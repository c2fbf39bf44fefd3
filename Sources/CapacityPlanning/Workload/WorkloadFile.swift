#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension Workload {
    /// Reads a record of requests: lines of `{"prompt": 200, "answer": 6000}`, all or none of them with
    /// `"at": 12.5`, the seconds at which the request came.
    ///
    /// Throws with the line that is not one.
    package init(jsonLines text: String, file: String) throws(CapacityError) {
        var records: [RecordedLengths] = []
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            guard line.contains(where: { !$0.isWhitespace }) else { continue }
            func fault(_ reason: String) -> CapacityError {
                CapacityError(.invalidInput, "\(file), line \(number + 1): \(reason)")
            }
            guard let record = try? JSONDecoder().decode(Line.self, from: Data(line.utf8)) else {
                throw fault("should be {\"prompt\": TOKENS, \"answer\": TOKENS}, perhaps with \"at\": SECONDS")
            }
            let range = 1...LengthDistribution.longest
            guard range.contains(record.prompt), range.contains(record.answer) else {
                throw fault("prompt and answer are from 1 to \(range.upperBound) tokens")
            }
            if let arrival = record.at, !(0...1e9).contains(arrival) { throw fault("\"at\" is from 0 to 1e9 seconds") }
            records.append(RecordedLengths(prompt: record.prompt, answer: record.answer, arrival: record.at))
        }
        guard !records.isEmpty else {
            throw CapacityError(.invalidInput, "\(file) has no lines: give {\"prompt\": TOKENS, \"answer\": TOKENS}")
        }
        guard Set(records.map { $0.arrival == nil }).count == 1 else {
            throw CapacityError(
                .invalidInput,
                "\(file): some lines have \"at\" and some do not; give it on all or none"
            )
        }
        self.init(name: file, source: "\(records.count) recorded requests", lengths: .recorded(records))
    }

    private struct Line: Decodable {
        var prompt: Int
        var answer: Int
        var at: Double?
    }
}
