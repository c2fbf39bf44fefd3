import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

extension Response {
    /// A value as JSON.
    init(json value: some Encodable, status: HTTPResponse.Status = .ok) throws {
        self.init(
            status: status,
            headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: try JSONOutput.data(value)))
        )
    }
}

extension Int {
    /// Seconds since 1970.
    static var now: Int { Int(Date().timeIntervalSince1970) }
}
