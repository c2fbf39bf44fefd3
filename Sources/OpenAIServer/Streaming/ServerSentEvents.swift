import Foundation
import Hummingbird
import NIOCore

/// Server-sent events (the WHATWG's form) as bytes.
enum ServerSentEvents {
    static func data(_ payload: Data) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(payload.count + 8)
        buffer.writeString("data: ")
        buffer.writeBytes(payload)
        buffer.writeString("\n\n")
        return buffer
    }

    /// Clients pass over it; proxies see that the connection is alive.
    static let keepAlive = ByteBuffer(string: ": keep-alive\n\n")
    static let done = ByteBuffer(string: "data: [DONE]\n\n")
}
