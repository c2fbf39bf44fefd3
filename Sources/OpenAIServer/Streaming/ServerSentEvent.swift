import Foundation
import NIOCore

/// An event of a stream in the WHATWG's form.
struct ServerSentEvent: Sendable {
    /// What kind of event it is; nil where the data alone says it.
    var name: String?
    var data: Data

    /// Ends the streams of OpenAI's older interfaces.
    static let done = ServerSentEvent(data: Data("[DONE]".utf8))

    /// Clients pass over it; proxies see that the connection is alive.
    static let keepAlive = ByteBuffer(string: ": keep-alive\n\n")

    var bytes: ByteBuffer {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(data.count + (name?.utf8.count ?? 0) + 17)
        if let name { buffer.writeString("event: \(name)\n") }
        buffer.writeString("data: ")
        buffer.writeBytes(data)
        buffer.writeString("\n\n")
        return buffer
    }
}
