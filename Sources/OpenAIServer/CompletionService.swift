import Foundation
import HTTPTypes
import Hummingbird
import InferenceEngine
import NIOCore
import NIOPosix
import TextGeneration

/// What the routes that ask the model share: reading a request, letting it in, and starting its answers.
struct CompletionService: Sendable {
    let model: ServedModel
    let admission: Admission
    let rateLimit: RateLimit
    let memory: RequestMemory
    /// Nil where every answer is computed.
    let cache: AnswerCache?
    let report: EngineReport
    let configuration: ServerConfiguration
    /// Who made the answers, as `system_fingerprint` tells.
    let fingerprint: String

    /// Bytes of a request's body, at most.
    var maxBodySize: Int {
        configuration.maxBodySize ?? max(1 << 20, 16 * model.limits.contextLength)
    }

    /// Reads a request's body and works on it where that may take long: parsing, templates and tokenising never run on
    /// the threads that every request shares.
    ///
    /// Throws a 408 when the body does not arrive in time, a 400 when it is cut short, a 413 when it is too long, a 417 for what
    /// cannot be expected, a 503 when too much is being read, and what `parse` throws.
    func parse<Parsed: Sendable>(
        _ request: Request,
        _ context: ServerContext,
        _ parse: @escaping @Sendable (RequestFields) throws -> Parsed
    ) async throws -> Parsed {
        try await request.acceptBody(context, limit: maxBodySize)
        let share = RequestMemory.Share(memory)
        // Before the answer: tasks and threads that took part may hold the share a little longer.
        defer { share.giveBack() }
        let body = try await read(request, share)
        context.record.readBody()
        if Self.asksAnew(request) { context.record.askAnew() }
        return try await NIOThreadPool.singleton.runIfActive {
            try parse(RequestFields(Array(buffer: body)))
        }
    }

    /// Whether a request's headers want no answer that was given to another.
    private static func asksAnew(_ request: Request) -> Bool {
        let directives = request.headers[.cacheControl]?.lowercased().split { $0 == "," || $0.isWhitespace } ?? []
        return directives.contains("no-store") || directives.contains("no-cache")
    }

    private func read(_ request: Request, _ share: RequestMemory.Share) async throws -> ByteBuffer {
        let (body, limit, timeout) = (request.body, maxBodySize, configuration.readTimeout)
        return try await withThrowingTaskGroup(of: ByteBuffer.self) { group in
            defer { group.cancelAll() }
            group.addTask {
                var whole = ByteBuffer()
                do {
                    for try await var part in body {
                        guard whole.readableBytes + part.readableBytes <= limit else { throw APIError.tooLarge(limit) }
                        try share.take(part.readableBytes)
                        whole.writeBuffer(&part)
                    }
                    return whole
                } catch let error as APIError {
                    if error.status == .serviceUnavailable { report.rejected(error.code ?? error.type) }
                    throw error
                } catch  where !(error is CancellationError) {
                    throw APIError.invalid(nil, "the body did not arrive whole")
                }
            }
            group.addTask {
                try await EventLoopTimer.sleep(for: timeout)
                throw APIError(.requestTimeout, type: "timeout_error", "the body did not arrive in time")
            }
            guard let body = try await group.next() else { throw CancellationError() }
            return body
        }
    }

    /// Turns a prompt into tokens and holds the request against the model's limits.
    ///
    /// Throws a 400 for a prompt that cannot be answered.
    func prepare(_ prompt: Prompt, _ generation: GenerationFields, param: String) throws(APIError) -> PreparedPrompt {
        let options = generation.options
        let prepared: PreparedPrompt
        do {
            prepared = try model.generator.prepare(prompt)
        } catch {
            throw .invalid(param, error.message)
        }
        do {
            try model.generator.checkFormat(prepared, options)
        } catch {
            throw .invalid(error.code == .invalidTools ? "tools" : generation.interface.format, error.message)
        }
        do {
            try model.generator.check(prepared, options)
        } catch {
            var error = APIError(error)
            if error.code == "context_length_exceeded" { error.param = param }
            throw error
        }
        return prepared
    }

    /// Lets a request in and writes its answers.
    ///
    /// Throws what `RateLimit.take` and `Admission.admit` throw, and for answers that are not streamed what ends them early.
    func answer(_ asked: AskedAnswers, _ context: ServerContext) async throws -> Response {
        let (generation, prompts) = (asked.generation, asked.prompts)
        let key = context.record.key
        var options = generation.options
        if let key, key.role != .admin, options.priority > 0 {
            throw APIError.invalid("priority", "'priority' above 0 goes before others: it needs an admin's key")
        }
        options.cacheSalt = key?.cacheSalt
        let promptTokens = prompts.map(\.tokenIDs.count).max() ?? 0
        let newTokens = options.maxNewTokens ?? model.generator.contextLength - promptTokens
        let drawing = drawing(asked, options)
        let admit = { @Sendable [admission] () throws(APIError) in
            try admission.admit(answers: drawing.choices, promptTokens: promptTokens, newTokens: newTokens)
        }
        let ticket: AdmissionTicket
        var source = AnswerSource.drawing
        do {
            try rateLimit.take(key?.name ?? "")
            if generation.usesCache, !context.record.asksAnew, let cache, let key = cache.key(drawing, model) {
                ticket = try admission.attend()
                let (answers, origin) = try await cache.open(key, drawing, admit: admit)
                source = answers
                context.record.open(origin)
            } else {
                ticket = try admit()
            }
        } catch let error as APIError {
            report.rejected(error.code ?? error.type)
            throw error
        }
        let span = context.trace?.span
        span?.describe(
            asked.operation,
            model: generation.model,
            options,
            choices: generation.count
        )
        report.admitted(choices: generation.count)
        let run = GenerationRun(
            drawing: drawing,
            source: source,
            connection: try await ConnectionGuard.connection(of: context.channel),
            ticket: ticket,
            span: span,
            tick: configuration.keepAlive,
            timeout: configuration.requestTimeout
        )
        var headers = HTTPFields()
        headers[.cacheOrigin] = context.record.origin?.rawValue
        if prompts.contains(where: \.isMostlyChinese) {
            headers[.languageHint] = "small reasoning models are often better in English; try asking in English"
        }
        let response = AnswerResponse(
            run: run,
            format: asked.format(identity(asked)),
            headers: headers,
            record: context.record
        )
        return generation.stream ? response.stream() : try await response.whole()
    }
    /// Draws the answers of a batch's line, and gives the body that their response would have.
    ///
    /// They take nobody's place in the queue. Throws what ends them early, and `CancellationError` when they were cut short.
    func answer(_ asked: AskedAnswers, priority: Int, cacheSalt: String?) async throws -> Data {
        var options = asked.generation.options
        options.priority = priority
        options.cacheSalt = cacheSalt
        let format = asked.format(identity(asked))
        let response = AnswerResponse(
            run: GenerationRun(
                drawing: drawing(asked, options),
                source: .drawing,
                connection: Connection(),
                ticket: try admission.attend(),
                tick: configuration.keepAlive,
                timeout: Self.batchTimeout
            ),
            format: format,
            headers: HTTPFields(),
            record: RequestRecord(id: "")
        )
        let (answers, usage) = try await response.answers()
        guard answers.allSatisfy({ $0.result.finishReason != .cancelled }) else { throw CancellationError() }
        return try format.response(answers, usage)
    }

    /// A batch has a time of its own, after which its lines are cancelled; this is for ever.
    private static let batchTimeout = Duration.seconds(366 * 86_400)

    private func drawing(_ asked: AskedAnswers, _ options: GenerationOptions) -> AnswerDrawing {
        AnswerDrawing(
            generator: model.generator,
            prompts: asked.prompts,
            count: asked.generation.count,
            options: options
        )
    }

    private func identity(_ asked: AskedAnswers) -> ResponseIdentity {
        ResponseIdentity(
            id: ResponseIdentity.newID(asked.idPrefix),
            created: .now,
            model: asked.generation.model,
            fingerprint: fingerprint
        )
    }
}
