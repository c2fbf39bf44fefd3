import Foundation
import InferenceEngine
import NIOCore
import ResponseCaching
import TextGeneration

/// The events of a request's answers as bytes, so that they can be told again.
///
/// A byte for the kind of each event, its answer's number, and what it says: text as it is, the rest as JSON.
struct AnswerRecording: Sendable {
    private enum Kind: UInt8 {
        case prefilled
        case reasoning
        case answer
        case toolCall
        case toolArguments
        case logprobs
        case finished
    }

    /// Changes with the form of what is recorded; recordings of another one are none.
    private static let version: UInt8 = 2

    private let limit: Int
    private let memory: (any FlightMemory)?
    /// Answers that are not complete.
    private var missing: Int
    private var buffer = ByteBuffer(integer: version)
    private var isWhole = true

    /// Records so many answers in at most `limit` bytes, which are taken from `memory`.
    init(choices: Int, limit: Int, memory: (any FlightMemory)? = nil) {
        missing = choices
        self.limit = limit
        self.memory = memory
    }

    /// What was recorded; nil unless every answer came to its own end, and when it was too long.
    var bytes: [UInt8]? { isWhole && missing == 0 ? Array(buffer: buffer) : nil }

    mutating func append(_ event: RunEvent) {
        guard isWhole else { return }
        let before = buffer.readableBytes
        switch event {
        case .prefilled(let cachedTokens):
            buffer.writeInteger(Kind.prefilled.rawValue)
            buffer.writeNumber(cachedTokens)
        case .answer(let choice, .reasoning(let text)): append(.reasoning, choice, ByteBuffer(string: text))
        case .answer(let choice, .answer(let text)): append(.answer, choice, ByteBuffer(string: text))
        case .answer(let choice, .toolCall(let index, let name)): append(.toolCall, choice, ByteBuffer(index, name))
        case .answer(let choice, .toolArguments(let index, let text)):
            append(.toolArguments, choice, ByteBuffer(index, text))
        case .answer(let choice, .logprobs(let token)): append(.logprobs, choice, json: token)
        case .answer(let choice, .finished(let result)):
            append(.finished, choice, json: result)
            missing -= 1
            // Cut short by the server: another time there is more.
            if result.finishReason == .cancelled { isWhole = false }
        case .tick: break
        }
        let isTaken = memory?.take(buffer.readableBytes - before) ?? true
        if buffer.readableBytes > limit || !isTaken { isWhole = false }
        guard !isWhole else { return }
        memory?.giveBack(isTaken ? buffer.readableBytes : before)
        buffer = ByteBuffer()
    }

    private mutating func append(_ kind: Kind, _ choice: Int, json value: some Encodable) {
        // Numbers that JSON has no word for are not worth one of our own.
        guard let data = try? JSONEncoder().encode(value) else { return isWhole = false }
        append(kind, choice, ByteBuffer(bytes: data))
    }

    private mutating func append(_ kind: Kind, _ choice: Int, _ content: ByteBuffer) {
        buffer.writeInteger(kind.rawValue)
        buffer.writeNumber(choice)
        buffer.writeNumber(content.readableBytes)
        buffer.writeImmutableBuffer(content)
    }

    /// The events of a recording of so many answers; nil when it is none.
    ///
    /// Whoever may write to the store may have written it, so every number is held against what it can be.
    static func events(_ bytes: [UInt8], choices: Int) -> [RunEvent]? {
        var buffer = ByteBuffer(bytes: bytes)
        guard buffer.readInteger() == version else { return nil }
        var events: [RunEvent] = []
        var finished: Set<Int> = []
        var prefilledTokens = 0
        while let byte = buffer.readInteger(as: UInt8.self) {
            guard let kind = Kind(rawValue: byte), let number = buffer.readNumber() else { return nil }
            if kind == .prefilled {
                prefilledTokens += number
                guard TokenUsage.range.contains(prefilledTokens) else { return nil }
                events.append(.prefilled(cachedTokens: number))
                continue
            }
            guard number < choices, !finished.contains(number), let count = buffer.readNumber(),
                var content = buffer.readSlice(length: count), let event = event(kind, &content)
            else { return nil }
            if case .finished(let result) = event {
                guard result.isSound else { return nil }
                finished.insert(number)
            }
            events.append(.answer(choice: number, event))
        }
        return finished.count == choices ? events : nil
    }

    private static func event(_ kind: Kind, _ content: inout ByteBuffer) -> TextEvent? {
        switch kind {
        case .reasoning: return .reasoning(String(buffer: content))
        case .answer: return .answer(String(buffer: content))
        case .toolCall: return content.readNumber().map { .toolCall(index: $0, name: String(buffer: content)) }
        case .toolArguments: return content.readNumber().map { .toolArguments(index: $0, String(buffer: content)) }
        case .logprobs:
            return (try? JSONDecoder().decode(TokenTextLogprobs.self, from: Data(content.readableBytesView)))
                .map { .logprobs($0) }
        case .finished:
            return (try? JSONDecoder().decode(GenerationResult.self, from: Data(content.readableBytesView)))
                .map { .finished($0) }
        case .prefilled: return nil
        }
    }
}

extension ByteBuffer {
    fileprivate init(_ number: Int, _ text: String) {
        self.init()
        writeNumber(number)
        writeString(text)
    }

    /// Seven bits a byte, the lowest ones first; small numbers are most.
    fileprivate mutating func writeNumber(_ number: Int) {
        var rest = UInt64(number)
        while rest >= 0x80 {
            writeInteger(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        writeInteger(UInt8(rest))
    }

    /// Nil when there is none, or one that is too large to count anything here.
    fileprivate mutating func readNumber() -> Int? {
        var (number, shift) = (0, 0)
        while shift < 56, let byte = readInteger(as: UInt8.self) {
            number |= Int(byte & 0x7F) << shift
            if byte < 0x80 { return number <= Int(Int32.max) ? number : nil }
            shift += 7
        }
        return nil
    }
}
