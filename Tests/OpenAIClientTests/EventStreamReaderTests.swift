import OpenAIClient
import Testing

@Suite struct EventStreamReaderTests {
    private static let text = """
        \u{FEFF}: a comment\r
        event: message\r
        data: {"a": 1}\r
        \r
        id: 7
        data:one
        data: two

        retry: 10

        data: ü [DONE]\r\rdata: cut short
        """

    @Test(arguments: [1, 2, 3, 7, 1000]) func eventsAreTheSameInAnyPieces(_ count: Int) throws {
        var reader = EventStreamReader()
        var events: [String] = []
        var bytes = Array(Self.text.utf8)[...]
        while !bytes.isEmpty {
            events += try reader.append(bytes.prefix(count)).map { String(decoding: $0, as: UTF8.self) }
            bytes = bytes.dropFirst(count)
        }
        #expect(events == [#"{"a": 1}"#, "one\ntwo", "ü [DONE]"])
    }

    @Test(arguments: ["data: ", ": "]) func aLineThatNeverEndsIsRefused(_ beginning: String) throws {
        var reader = EventStreamReader(limit: 100)
        _ = try reader.append(Array("\(beginning)\(String(repeating: "x", count: 90))".utf8))
        #expect(throws: EventStreamReader.TooLong.self) { try reader.append([UInt8](repeating: 120, count: 20)) }
    }

    @Test func anEventOfManyLinesIsRefused() {
        var reader = EventStreamReader(limit: 100)
        #expect(throws: EventStreamReader.TooLong.self) {
            for _ in 0..<20 { _ = try reader.append(Array("data: 0123456789\n".utf8)) }
        }
    }
}
