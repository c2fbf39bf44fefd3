import AsyncHTTPClient
import HTTPTransport
import NIOCore

/// An answer as it comes; ends when it is complete.
///
/// Throws `OpenAIClientError`, also for an answer that breaks off. Ending the iteration, or cancelling its task, closes the
/// connection, by which a server knows that nobody listens.
package struct AnswerStream: AsyncSequence, Sendable {
    package typealias Element = AnswerChunk

    let body: HTTPClientResponse.Body
    let address: ServerAddress

    package func makeAsyncIterator() -> Iterator {
        Iterator(body: body.makeAsyncIterator(), address: address)
    }

    package struct Iterator: AsyncIteratorProtocol {
        var body: HTTPClientResponse.Body.AsyncIterator
        let address: ServerAddress
        private var reader = EventStreamReader()
        private var events: ArraySlice<[UInt8]> = []
        private var isFinished = false

        init(body: HTTPClientResponse.Body.AsyncIterator, address: ServerAddress) {
            self.body = body
            self.address = address
        }

        package mutating func next() async throws -> AnswerChunk? {
            do {
                while true {
                    if let event = events.popFirst() {
                        guard event != Self.done else {
                            // To leave before the body's end would look like giving up.
                            while try await body.next() != nil {}
                            return nil
                        }
                        return try chunk(event)
                    }
                    guard let bytes = try await body.next() else {
                        try Task.checkCancellation()
                        // Some servers end without saying so.
                        if isFinished { return nil }
                        throw OpenAIClientError(.brokenOff, "\(address) broke off in the middle of the answer")
                    }
                    events += try reader.append(bytes.readableBytesView)
                }
            } catch let error as EventStreamReader.TooLong {
                throw OpenAIClientError(
                    .invalidResponse,
                    "\(address) sends an event of more than \(error.limit) bytes, which is no piece of an answer"
                )
            } catch {
                var error = OpenAIClientError(error, from: address)
                if error.code == .connectionLost { error.code = .brokenOff }
                throw error
            }
        }

        private mutating func chunk(_ event: [UInt8]) throws -> AnswerChunk {
            do {
                let chunk = try AnswerChunk(json: event)
                if !chunk.hasContent, let message = ErrorAnswer.message(in: event) {
                    throw OpenAIClientError(.refused, "\(address) broke off the answer: \(message)")
                }
                if chunk.finishReason != nil { isFinished = true }
                return chunk
            } catch let error as DecodingError {
                let text = String(decoding: event.prefix(1000), as: UTF8.self).shortened
                throw OpenAIClientError(
                    .invalidResponse,
                    "\(address) sends no piece of an answer: \(text)",
                    cause: error
                )
            }
        }

        private static let done = Array("[DONE]".utf8)
    }
}
