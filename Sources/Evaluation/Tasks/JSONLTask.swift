package import Foundation

/// Problems of mathematics from a file, judged by the last `\boxed{...}` of a response.
///
/// An answer that is a Python function (`def ...`) is judged by the last code block, as text.
///
/// Each line of the file is `{"problem": "...", "answer": "..."}`, with `"family"` and `"id"` if there are any; other
/// names are ignored. `"question"` is another name of the problem. Of an answer with `####`, as GSM8K has it, what stands
/// behind the last mark counts. A file that is one JSON array of such objects is read as well.
package struct JSONLTask: EvaluationTask {
    package let name: String
    package let samples: [EvaluationSample]

    /// Reads the file at `path`; its name without extension becomes the task's.
    ///
    /// `suffix` is added to every problem, such as `" Let's think step by step and output the final answer within
    /// \boxed{}."`; `limit` takes that many problems from the start. Throws `.invalidTask` with the line that is wrong.
    package init(path: String, suffix: String = "", limit: Int? = nil) throws(EvaluationError) {
        let url = URL(fileURLWithPath: path)
        let data: Data
        do {
            data = try Data(contentsOf: url)
        } catch {
            throw EvaluationError.unreadable(.invalidTask, path, error)
        }
        try self.init(
            name: url.deletingPathExtension().lastPathComponent,
            data: data,
            source: path,
            suffix: suffix,
            limit: limit
        )
    }

    /// Reads problems from `data`, which error messages call `source`.
    package init(
        name: String,
        data: Data,
        source: String,
        suffix: String = "",
        limit: Int? = nil
    ) throws(EvaluationError) {
        self.name = name
        var samples: [EvaluationSample] = []
        var seen: [String: String] = [:]
        for (place, line) in try Self.lines(of: data, source: source) {
            if let limit, samples.count >= limit { break }
            let line = try line(suffix: suffix, number: samples.count + 1, place: place)
            if let earlier = seen.updateValue(place, forKey: line.id) {
                throw EvaluationError(.invalidTask, "\(place): the id \"\(line.id)\" stands at \(earlier) already")
            }
            samples.append(line)
        }
        guard !samples.isEmpty else {
            throw EvaluationError(
                .invalidTask,
                "\(source): holds no problem; each line is {\"problem\": \"...\", \"answer\": \"...\"}"
            )
        }
        self.samples = samples
    }

    package func grade(_ response: String, to sample: EvaluationSample) -> Grade {
        if sample.answer.hasPrefix("def ") {
            let program = CodeBlock.last(in: response)
            let isCorrect = program.map { CodeBlock.areEqual($0, sample.answer) } ?? false
            return Grade(isCorrect: isCorrect, extracted: program)
        }
        guard
            let extracted = AnswerExtraction.boxedAnswer(in: response) ?? AnswerExtraction.markedAnswer(in: response)
        else {
            return Grade(isCorrect: false, extracted: nil)
        }
        return Grade(isCorrect: MathEquivalence.areEqual(extracted, sample.answer), extracted: extracted)
    }

    private typealias Read = (_ suffix: String, _ number: Int, _ place: String) throws(EvaluationError) ->
        EvaluationSample

    /// The problems of a file, each with its place for messages.
    private static func lines(
        of data: Data,
        source: String
    ) throws(EvaluationError) -> [(place: String, line: Line)] {
        var result: [(String, Line)] = []
        if let first = data.first(where: { !isSpace($0) }), first == UInt8(ascii: "[") {
            let lines: [Line] = try decode(data, at: source)
            return lines.enumerated().map { ("\(source), problem \($0 + 1)", $1) }
        }
        for (index, bytes) in data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated()
        where !bytes.allSatisfy(isSpace) {
            let place = "\(source):\(index + 1)"
            result.append((place, try decode(bytes, at: place)))
        }
        return result
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }

    private static func decode<Value: Decodable>(_ data: Data, at place: String) throws(EvaluationError) -> Value {
        do {
            return try JSONDecoder().decode(Value.self, from: data)
        } catch let error as DecodingError {
            throw EvaluationError(
                .invalidTask,
                "\(place): \(reason(error)); a problem is {\"problem\": \"...\", \"answer\": \"...\"}"
            )
        } catch {
            throw EvaluationError(.invalidTask, "\(place): is not JSON", cause: error)
        }
    }

    private static func reason(_ error: DecodingError) -> String {
        switch error {
        case .keyNotFound(let key, let context): "\(path(context))has no \"\(key.stringValue)\""
        case .typeMismatch(_, let context), .valueNotFound(_, let context): "\(path(context))has the wrong type"
        default: "is not JSON"
        }
    }

    private static func path(_ context: DecodingError.Context) -> String {
        context.codingPath.isEmpty
            ? ""
            : context.codingPath.map { $0.intValue.map { "problem \($0 + 1)" } ?? $0.stringValue }.joined(
                separator: " "
            ) + " "
    }
}

extension JSONLTask {
    /// A problem as the file has it.
    private struct Line: Decodable {
        var problem: String
        var answer: Answer
        var family: String?
        var id: Answer?

        private enum CodingKeys: String, CodingKey { case problem, question, answer, family, id }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            let name: CodingKeys = container.contains(.question) && !container.contains(.problem) ? .question : .problem
            problem = try container.decode(String.self, forKey: name)
            answer = try container.decode(Answer.self, forKey: .answer)
            family = try container.decodeIfPresent(String.self, forKey: .family)
            id = try container.decodeIfPresent(Answer.self, forKey: .id)
        }

        func callAsFunction(suffix: String, number: Int, place: String) throws(EvaluationError) -> EvaluationSample {
            let answer = AnswerExtraction.markedAnswer(in: answer.text) ?? answer.text
            guard !problem.isEmpty, !answer.isEmpty else {
                throw EvaluationError(.invalidTask, "\(place): the problem or the answer is empty")
            }
            return EvaluationSample(
                id: id?.text ?? String(number),
                prompt: problem + suffix,
                answer: answer,
                family: family
            )
        }
    }

    /// A text, or a number as text.
    private struct Answer: Decodable {
        var text: String

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let text = try? container.decode(String.self) {
                self.text = text
            } else if let number = try? container.decode(Int.self) {
                text = String(number)
            } else {
                text = String(try container.decode(Double.self))
            }
        }
    }
}
