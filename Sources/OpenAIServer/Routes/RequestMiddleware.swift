import BatchJobs
import HTTPTypes
import Hummingbird
import InferenceEngine
import Logging

/// Names every request, turns what it throws into OpenAI's errors, and logs what became of it.
struct RequestMiddleware: RouterMiddleware {
    let report: HTTPReport
    let admission: Admission
    /// Paths whose requests say nothing new when they go well: probes, scrapes, files of the page.
    let quiet: Set<String>

    func handle(
        _ request: Request,
        context: ServerContext,
        next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        let started = ContinuousClock.now
        // A connection that has been closed has none.
        let client = context.channel.remoteAddress?.ipAddress
        var context = context
        context.record = RequestRecord(id: RequestRecord.identifier(request.headers[.requestID]))
        let record = context.record
        var response: Response
        do {
            response = try await next(request, context)
        } catch {
            let told = APIError(error, request)
            record.fail(told)
            if told.status.code == APIError.clientGone.status.code { report.clientLeft() }
            if told.status.kind == .serverError, !(error is APIError) {
                var fields: Logger.Metadata = ["request_id": "\(record.id)", "reason": "\(error)"]
                if let place = context.trace?.place { fields["trace_id"] = "\(place.traceID)" }
                context.logger.error("failure", metadata: fields)
            }
            response = try Self.response(told)
            if request.method == .head { response = response.createHeadResponse() }
        }
        response.headers[.requestID] = record.id
        // A client that would send its next request on this connection might find it closed.
        if admission.isDraining { response.headers[.connection] = "close" }
        let (logger, status, traceID) = (context.logger, response.status, context.trace?.place.traceID)
        @Sendable func log() {
            self.log(request, status, record, traceID, client, ContinuousClock.now - started, logger)
        }
        guard response.body.contentLength == nil else {
            log()
            return response
        }
        let body = response.body
        response.body = ResponseBody { writer in
            defer { log() }
            do {
                try await body.write(writer)
            } catch {
                // What could be told to the client has been told by the body.
                record.fail(.clientGone)
                report.clientLeft()
                throw error
            }
        }
        return response
    }

    private static func response(_ error: APIError) throws -> Response {
        var response = try Response(json: ErrorBody(error), status: error.status)
        response.headers.append(contentsOf: error.headers)
        if let seconds = error.retryAfter { response.headers[.retryAfter] = String(seconds) }
        if error.status == .unauthorized { response.headers[.wwwAuthenticate] = "Bearer" }
        return response
    }

    private func log(
        _ request: Request,
        _ status: HTTPResponse.Status,
        _ record: RequestRecord,
        _ traceID: String?,
        _ client: String?,
        _ duration: Duration,
        _ logger: Logger
    ) {
        var fields = record.fields
        fields["method"] = "\(request.method.rawValue)"
        fields["path"] = "\(request.uri.path)"
        fields["status"] = .stringConvertible(status.code)
        fields["seconds"] = .seconds(duration / .seconds(1))
        if let client { fields["client"] = "\(client)" }
        if let traceID { fields["trace_id"] = "\(traceID)" }
        var level = Logger.Level.info
        if quiet.contains(request.uri.path), status.code < 400 || HealthRoutes.open.contains(request.uri.path) {
            level = .debug
        }
        if let error = record.error {
            fields["error"] = "\(error.code ?? error.type)"
            if error.status.kind == .serverError {
                // A fault of the server's; what clients get wrong may repeat what they asked.
                fields["reason"] = "\(error.message)"
                level = error.status == .internalServerError ? .error : .warning
            }
        }
        logger.log(level: level, "request", metadata: fields)
    }
}

extension RequestRecord {
    /// What is known of the request besides its head, by the names that the log has for it.
    fileprivate var fields: Logger.Metadata {
        var fields: Logger.Metadata = ["request_id": "\(id)"]
        if let model { fields["model"] = "\(model)" }
        if let key { fields["key"] = "\(key.name)" }
        if let origin { fields["cache"] = "\(origin)" }
        guard let usage else { return fields }
        fields["prompt_tokens"] = .stringConvertible(usage.promptTokens)
        fields["cached_tokens"] = .stringConvertible(usage.promptTokensDetails.cachedTokens)
        fields["completion_tokens"] = .stringConvertible(usage.completionTokens)
        guard let summary = usage.summary else { return fields }
        fields["finish_reason"] = "\(summary.finishReasons.joined(separator: ","))"
        if let seconds = summary.queue { fields["queue_time_seconds"] = .seconds(seconds) }
        if let seconds = summary.timeToFirstToken { fields["time_to_first_token_seconds"] = .seconds(seconds) }
        if let rate = summary.tokensPerSecond {
            fields["tokens_per_second"] = .stringConvertible((rate * 100).rounded() / 100)
        }
        return fields
    }
}

extension Logger.MetadataValue {
    /// To the microsecond.
    fileprivate static func seconds(_ seconds: Double) -> Self { .stringConvertible((seconds * 1e6).rounded() / 1e6) }
}

extension APIError {
    /// What a client is told of any error.
    fileprivate init(_ error: any Error, _ request: Request) {
        self =
            switch error {
            case let error as APIError: error
            case let error as EngineError: APIError(error)
            case let error as BatchError: APIError(error)
            case let error as HTTPError where error.status == .notFound:
                APIError(
                    .notFound,
                    type: "invalid_request_error",
                    "there is no \(request.method.rawValue) \(request.uri.path.escaped(limit: 200)) here",
                    code: "not_found"
                )
            case let error as HTTPError:
                APIError(error.status, type: "invalid_request_error", error.body ?? error.status.reasonPhrase)
            case is ClientGone, is CancellationError: .clientGone
            default: .failed
            }
    }

    fileprivate static let clientGone = APIError(
        HTTPResponse.Status(code: 499, reasonPhrase: "Client Closed Request"),
        type: "cancelled",
        "the client has gone"
    )
}
