import Foundation
import HTTPTypes
import Hummingbird
import InferenceEngine
import NIOCore
import TextGeneration

/// What the routes that ask the model share: reading a request, letting it in, and starting its answers.
struct CompletionService: Sendable {
    let model: ServedModel
    let admission: Admission
    let memory: RequestMemory
    let threads: RequestThreads
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

    /// Reads a request's body and works on it where that may take long: parsing, templates, tokenising and compiling never
    /// run on the threads that every request shares, and end when the client leaves or the time is up.
    ///
    /// Throws a 408 when the body does not arrive in time, a 400 when it is cut short, a 413 when it is too long, a 417 for what
    /// cannot be expected, a 503 when too much is being read, and what `RequestThreads.run` and `parse` throw.
    func parse<Parsed: Sendable>(
        _ request: Request,
        _ context: ServerContext,
        _ parse: @escaping @Sendable (RequestFields, RequestWork) throws -> Parsed
    ) async throws -> Parsed {
        try await request.acceptBody(context, limit: maxBodySize)
        let share = memory.body(of: context.account)
        // Before the answer: tasks and threads that took part may hold the share a little longer.
        defer { share.giveBack() }
        let body = try await read(request, share)
        if Self.asksAnew(request) { context.record.askAnew() }
        let work = RequestWork(byteCount: body.readableBytes, timeout: configuration.readTimeout)
        let connection = try await ConnectionGuard.connection(of: context.channel)
        connection.watch { work.clientLeft() }
        defer { connection.unwatch() }
        do {
            try await memory.takeParsing(body, share, patience: configuration.readTimeout)
            return try await threads.run(work, context.account) { try parse(RequestFields(Array(buffer: body)), $0) }
        } catch let error as APIError where error.status == .serviceUnavailable || error.code == "memory_full" {
            report.rejected(error.code ?? error.type)
            throw error
        }
    }

    /// Whether a request's headers want no answer that was given to another.
    private static func asksAnew(_ request: Request) -> Bool {
        let directives = request.headers[.cacheControl]?.lowercased().split { $0 == "," || $0.isWhitespace } ?? []
        return directives.contains("no-store") || directives.contains("no-cache")
    }

    private func read(_ request: Request, _ share: AccountMemory.Share) async throws -> ByteBuffer {
        let (body, limit, timeout) = (request.body, maxBodySize, configuration.readTimeout)
        return try await withThrowingTaskGroup(of: ByteBuffer.self) { group in
            defer { group.cancelAll() }
            group.addTask {
                var whole = ByteBuffer()
                do {
                    for try await var part in body {
                        guard whole.readableBytes + part.readableBytes <= limit else { throw APIError.tooLarge(limit) }
                        guard share.take(part.readableBytes) else { throw RequestMemory.full }
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
    /// Throws a 400 for a prompt that cannot be answered, and a 503 when there is no memory for the form of its answer.
    func prepare(
        _ prompt: Prompt,
        _ generation: GenerationFields,
        param: String,
        _ work: RequestWork
    ) throws(APIError) -> (PreparedPrompt, [PreparedFormat]) {
        let options = generation.options
        let prepared: PreparedPrompt
        do {
            prepared = try model.generator.prepare(prompt)
        } catch {
            throw .invalid(param, error.message)
        }
        do {
            try model.generator.check(prepared, options)
        } catch {
            var error = APIError(error)
            if error.code == "context_length_exceeded" { error.param = param }
            throw error
        }
        do {
            return (prepared, try model.generator.prepareFormats(prepared, options) { work.isEnded })
        } catch {
            switch error.code {
            case .busy, .ended: throw .memoryFull(error.message)
            case .invalidTools: throw .invalid("tools", error.message)
            default: throw .invalid(generation.formatMember, error.message)
            }
        }
    }

    /// Lets a request in and writes its answers.
    ///
    /// Throws what `Admission.admit` throws, and for answers that are not streamed what ends them early.
    func answer(_ asked: AskedAnswers, _ context: ServerContext) async throws -> Response {
        let (generation, prompts) = (asked.generation, asked.prompts)
        context.record.ask(generation.model)
        let key = context.record.key
        var options = generation.options
        if let key, key.role != .admin, options.priority > 0 {
            throw APIError.invalid("priority", "'priority' above 0 goes before others: it needs an admin's key")
        }
        options.cacheSalt = key?.cacheSalt
        let account = context.account
        options.account = account
        let promptTokens = prompts.map(\.tokenIDs.count).max() ?? 0
        let room = model.generator.contextLength - promptTokens
        let newTokens = min(options.maxNewTokens ?? room, room)
        let drawing = drawing(asked, options)
        let admit = { @Sendable [admission] () throws(APIError) in
            try admission.admit(
                answers: drawing.choices,
                promptTokens: promptTokens,
                newTokens: newTokens,
                account: account
            )
        }
        let ticket: AdmissionTicket
        var source = AnswerSource.drawing
        do {
            if generation.usesCache, !context.record.asksAnew, let cache, let key = cache.key(drawing, model) {
                ticket = try admission.attend()
                let (answers, origin) = try await cache.open(
                    key,
                    drawing,
                    memory: memory.answers(to: context.account),
                    admit: admit
                )
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
            memory: memory.answers(to: context.account),
            span: span,
            tick: configuration.keepAlive,
            timeout: configuration.requestTimeout
        )
        var headers = HTTPFields()
        headers[.cacheOrigin] = context.record.origin?.rawValue
        headers[.ignoredFields] = generation.ignoredNames
        headers[.relaxed] = Self.list(asked.formats)
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
    func answer(
        _ asked: AskedAnswers,
        account: Account,
        priority: Int,
        cacheSalt: String?
    ) async throws -> Data {
        var options = asked.generation.options
        options.account = account
        options.priority = priority
        options.cacheSalt = cacheSalt
        let format = asked.format(identity(asked))
        let response = AnswerResponse(
            run: GenerationRun(
                drawing: drawing(asked, options),
                source: .drawing,
                connection: Connection(),
                ticket: try admission.attend(),
                memory: memory.answers(to: account),
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
            options: options,
            formats: asked.formats
        )
    }

    /// What a header says of the parts of a schema that answers are not held to; nil when there are none.
    private static func list(_ formats: [PreparedFormat]) -> String? {
        var relaxed: [String] = []
        for place in formats.flatMap(\.relaxed) where !relaxed.contains(place) && relaxed.count <= 20 {
            relaxed.append(place)
        }
        guard !relaxed.isEmpty else { return nil }
        let text = relaxed.prefix(20).joined(separator: "; ") + (relaxed.count > 20 ? "; ..." : "")
        return String(String.UnicodeScalarView(text.unicodeScalars.map { (" "..."~").contains($0) ? $0 : "?" }))
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
