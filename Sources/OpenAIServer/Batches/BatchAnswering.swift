package import BatchJobs
import Foundation
import HTTPTypes
package import InferenceEngine
import TextGeneration
import Tokenizers

/// Asks the model what lines of batches ask, and writes their results.
package struct BatchAnswering: Sendable {
    /// A line's result, in OpenAI's form.
    package struct Result: Sendable {
        package var bytes: [UInt8]
        /// Whether it has an answer; otherwise it says why there is none.
        package var isAnswer: Bool
    }

    let service: CompletionService
    private let priority: Int

    /// Asks a server's model, behind all that is asked of it.
    init(service: CompletionService) {
        self.service = service
        priority = GenerationRequest.backgroundPriority
    }

    /// Asks a model that no server has.
    package init(_ model: ServedModel, version: String) {
        priority = 0
        service = CompletionService(
            model: model,
            admission: Admission(.init(running: model.engine.limits.maxSequences, waiting: 0, waitingTokens: 0)),
            memory: RequestMemory(model.generator.memory, connections: 1),
            threads: RequestThreads(),
            cache: nil,
            report: ServerMetrics(model: model.name, contextLength: model.generator.contextLength).engine,
            configuration: ServerConfiguration(),
            fingerprint: "kongur-\(version)"
        )
    }

    /// What lines may ask.
    package static let urls = CompletionEndpoint.allCases.map(\.rawValue)

    /// Bytes of a line, at most: a request's body and what is around it.
    package var longestLine: Int { service.maxBodySize + (16 << 10) }

    /// The result of a line; a request that is wrong has one, too.
    ///
    /// Throws `CancellationError` when there is none: the task was cancelled, or the engine ended.
    package func answer(
        _ line: BatchLine,
        of file: @autoclosure @escaping @Sendable () throws -> ReadFile,
        account: Account = .anonymous,
        cacheSalt: String?
    ) async throws -> Result {
        let service = service
        do {
            let asked = try await service.threads.run(RequestWork(byteCount: .max), account) {
                work throws -> AskedAnswers in
                let request: BatchRequest
                do {
                    request = try BatchRequest(try file().read(line), urls: Self.urls)
                } catch let fault as Batch.Fault {
                    throw APIError.invalid(fault.param, fault.message, code: fault.code)
                }
                guard let endpoint = CompletionEndpoint(rawValue: request.url) else {
                    preconditionFailure("the line was held against the endpoints")
                }
                let asked = try service.read(
                    endpoint,
                    try RequestFields(.object(request.body), path: ""),
                    work
                )
                guard !asked.generation.stream else {
                    throw APIError.invalid("stream", "a line of a batch is answered whole: leave 'stream' out")
                }
                return asked
            }
            let body = try await service.answer(asked, account: account, priority: priority, cacheSalt: cacheSalt)
            return Self.result(line, status: .ok, body)
        } catch {
            // Nothing is wrong with the line: another time it has an answer.
            if Task.isCancelled || error is CancellationError || service.model.engine.failure != nil {
                throw CancellationError()
            }
            let told = (error as? APIError) ?? (error as? EngineError).map { APIError($0) } ?? .failed
            if told.code == APIError.shuttingDown.code { throw CancellationError() }
            return Self.result(line, status: told.status, try JSONOutput.data(ErrorBody(told)))
        }
    }

    /// The result of a line that was not asked in time.
    static func expired(_ line: BatchLine) -> [UInt8] {
        result(
            line,
            response: "null",
            error: #"{"code":"batch_expired","message":"the batch's time was over before this line was answered"}"#
        )
    }

    private static func result(_ line: BatchLine, status: HTTPResponse.Status, _ body: Data) -> Result {
        let id = ResponseIdentity.newID("req-")
        let text = String(decoding: body, as: UTF8.self)
        let response = #"{"status_code":\#(status.code),"request_id":"\#(id)","body":\#(text)}"#
        return Result(bytes: result(line, response: response, error: "null"), isAnswer: status == .ok)
    }

    private static func result(_ line: BatchLine, response: String, error: String) -> [UInt8] {
        let name = JSONValue.string(line.customID).json
        let id = ResponseIdentity.newID("batch_req_")
        return Array(#"{"id":"\#(id)","custom_id":\#(name),"response":\#(response),"error":\#(error)}"#.utf8)
    }
}
