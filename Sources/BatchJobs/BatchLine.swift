package import Tokenizers

/// Where a line of a batch's file is.
package struct BatchLine: Sendable, Hashable {
    /// Counted from 1.
    package var number: Int
    /// Of its first byte.
    package var offset: Int
    package var byteCount: Int
    /// The client's name for it, which no other line of the file has.
    package var customID: String

    package init(number: Int, offset: Int, byteCount: Int, customID: String) {
        self.number = number
        self.offset = offset
        self.byteCount = byteCount
        self.customID = customID
    }
}

/// What a line asks, in OpenAI's form: `{"custom_id": ..., "method": "POST", "url": ..., "body": {...}}`.
package struct BatchRequest: Sendable, Hashable {
    package var customID: String
    package var url: String
    package var body: JSONObject

    /// Bytes of a name, at most.
    private static let longestID = 1024

    /// Reads a line, which must ask one of `urls`.
    ///
    /// Throws what is wrong with it, without the line's number.
    package init(_ bytes: [UInt8], urls: [String]) throws(Batch.Fault) {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: bytes, name: "the line")
        } catch {
            throw Batch.Fault("invalid_json_line", "the line is not JSON: \(error.message)")
        }
        guard let line = value.object else {
            throw Batch.Fault("invalid_json_line", "the line is \(value.kind); it must be an object")
        }
        guard value.isFinite else {
            throw Batch.Fault("invalid_json_line", "the line has a number in it that is not finite or too large")
        }
        guard let customID = line["custom_id"]?.string, (1...Self.longestID).contains(customID.utf8.count) else {
            throw Batch.Fault(
                "invalid_custom_id",
                "'custom_id' is a string of 1 to \(Self.longestID) bytes, another one in each line",
                param: "custom_id"
            )
        }
        guard line["method"]?.string == "POST" else {
            throw Batch.Fault("invalid_method", "'method' is \"POST\" in every line", param: "method")
        }
        guard let url = line["url"]?.string, urls.contains(url) else {
            throw Batch.Fault("url_mismatch", "'url' is \(urls.joined(separator: " or ")) here", param: "url")
        }
        guard let body = line["body"]?.object else {
            throw Batch.Fault("invalid_request", "'body' is the object that would be sent to \(url)", param: "body")
        }
        self.customID = customID
        self.url = url
        self.body = body
    }
}
