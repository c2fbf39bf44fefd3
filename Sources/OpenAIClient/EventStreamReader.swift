/// Reads server-sent events (the WHATWG's form) from bytes that come in any pieces; gives the data of each event.
///
/// Names, ids and comments are passed over: OpenAI's API puts everything into the data.
package struct EventStreamReader: Sendable {
    /// An event, or a line of one, is longer than the limit.
    package struct TooLong: Error {
        package var limit: Int
    }

    private let limit: Int
    private var line: [UInt8] = []
    private var data: [UInt8] = []
    private var hasData = false
    private var isFirstLine = true
    /// The last byte was a carriage return: a line feed after it ends no second line.
    private var skipsLineFeed = false

    /// `limit` is the most bytes of one event.
    package init(limit: Int = 1 << 20) {
        self.limit = limit
    }

    /// Adds bytes and returns the events that are complete with them.
    package mutating func append(_ bytes: some Sequence<UInt8>) throws(TooLong) -> [[UInt8]] {
        var events: [[UInt8]] = []
        for byte in bytes {
            if skipsLineFeed {
                skipsLineFeed = false
                if byte == Self.lineFeed { continue }
            }
            switch byte {
            case Self.lineFeed, Self.carriageReturn:
                skipsLineFeed = byte == Self.carriageReturn
                endLine(&events)
            default:
                line.append(byte)
                guard line.count + data.count <= limit else { throw TooLong(limit: limit) }
            }
        }
        return events
    }

    private mutating func endLine(_ events: inout [[UInt8]]) {
        defer { line.removeAll(keepingCapacity: true) }
        if isFirstLine {
            isFirstLine = false
            if line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
        }
        guard !line.isEmpty else {
            if hasData { events.append(data) }
            (data, hasData) = ([], false)
            return
        }
        guard line.starts(with: Self.field) else { return }
        var value = line.dropFirst(Self.field.count)
        if value.first == UInt8(ascii: " ") { value.removeFirst() }
        if hasData { data.append(Self.lineFeed) }
        data += value
        hasData = true
    }

    private static let field = Array("data:".utf8)
    private static let lineFeed = UInt8(ascii: "\n")
    private static let carriageReturn = UInt8(ascii: "\r")
}
