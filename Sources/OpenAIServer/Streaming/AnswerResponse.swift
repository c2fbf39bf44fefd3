import Foundation
import HTTPTypes
import Hummingbird
import InferenceEngine
import Logging
import NIOCore
import TextGeneration

/// Runs a request's answers and writes the response, at once or as a stream.
struct AnswerResponse: Sendable {
    var run: GenerationRun
    var format: any AnswerFormat
    var headers: HTTPFields
    /// Told what the answers cost when they are complete.
    var record: RequestRecord

    /// Bytes that a connection holds anyway.
    private static let shortBody = 16 << 10

    private var hasLogprobs: Bool { run.drawing.options.sampling.logprobs != nil }

    /// Waits for all answers, and gives them with their cost.
    func answers() async throws -> ([Answer], Usage) {
        var results = [GenerationResult?](repeating: nil, count: run.drawing.choices)
        var logprobs = [[TokenTextLogprobs]](repeating: [], count: run.drawing.choices)
        var run = run
        run.keepsEvents = true
        let usage = try await run.run { event in
            switch event {
            case .answer(let choice, .logprobs(let token)): logprobs[choice].append(token)
            case .answer(let choice, .finished(let result)): results[choice] = result
            case .answer, .prefilled, .tick: break
            }
        }
        let answers = results.enumerated().compactMap { choice, result in
            result.map { Answer(choice: choice, result: $0, logprobs: hasLogprobs ? logprobs[choice] : nil) }
        }
        record.finish(usage)
        return (answers, usage)
    }

    /// Waits for all answers and writes them.
    func whole() async throws -> Response {
        let (answers, usage) = try await answers()
        var headers = headers
        headers[.contentType] = "application/json"
        let body = ByteBuffer(bytes: try format.response(answers, usage))
        guard body.readableBytes > Self.shortBody else {
            return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: body))
        }
        return Response(
            status: .ok,
            headers: headers,
            body: ResponseBody(contentLength: body.readableBytes) { [memory = run.memory] writer in
                // Until it has been read, it takes what the answers took.
                defer { memory.giveBack() }
                try await writer.write(body)
                try await writer.finish(nil)
            }
        )
    }

    /// Writes what comes as it comes.
    func stream() -> Response {
        var headers = headers
        headers[.contentType] = "text/event-stream; charset=utf-8"
        headers[.cacheControl] = "no-cache"
        // Proxies that collect responses, such as nginx, pass this one on as it comes.
        headers[.accelBuffering] = "no"
        return Response(
            status: .ok,
            headers: headers,
            body: ResponseBody { writer in
                var format = format
                do {
                    try await write(&format, to: &writer)
                } catch let error as APIError {
                    try await fail(error, &format, &writer)
                } catch let error as EngineError {
                    try await fail(APIError(error), &format, &writer)
                }
                try await writer.finish(nil)
            }
        )
    }

    private func write(_ format: inout any AnswerFormat, to writer: inout any ResponseBodyWriter) async throws {
        try await writer.write(format.opening(choices: run.drawing.choices))
        var pieces = AnswerPieces(choices: run.drawing.choices, hasLogprobs: hasLogprobs)
        var isQuiet = false
        let usage = try await run.run { event in
            switch event {
            case .answer(let choice, let event):
                guard let piece = pieces.append(choice, event) else { return }
                let events = try format.events(piece)
                guard !events.isEmpty else { return }
                try await writer.write(events)
                isQuiet = false
            case .prefilled: break
            case .tick:
                if isQuiet { try await writer.write(ServerSentEvent.keepAlive) }
                isQuiet = true
            }
        }
        record.finish(usage)
        try await writer.write(format.closing(usage))
    }

    private func fail(
        _ error: APIError,
        _ format: inout any AnswerFormat,
        _ writer: inout any ResponseBodyWriter
    ) async throws {
        record.fail(error)
        try await writer.write(format.failure(error))
    }
}

extension ResponseBodyWriter {
    fileprivate mutating func write(_ events: [ServerSentEvent]) async throws {
        for event in events { try await write(event.bytes) }
    }
}

extension APIError {
    /// What the engine refused or could not finish.
    init(_ error: EngineError) {
        self =
            switch error.code {
            case .invalidRequest, .noAllowedToken: .invalid(nil, error.message)
            case .promptTooLong: .invalid(nil, error.message, code: "context_length_exceeded")
            case .shutDown: .shuttingDown
            case .duplicateRequest, .invalidConfiguration, .invalidLogits, .deviceFailed:
                APIError(.internalServerError, type: "server_error", error.message, code: error.code.rawValue)
            }
    }
}
