import Testing

@testable import OpenAIServer

struct MultipartReaderTests {
    private static let type = "multipart/form-data; boundary=\"a b\""
    private static let body = [
        "ignored", "--a b", "Content-Disposition: form-data; name=\"purpose\"", "", "batch", "--a b  ",
        "content-type: text/plain",
        "content-disposition: form-data; name=\"file\"; filename=\"q\\\"1\\\";.jsonl\"", "",
        "one\r\n--a", "--a_b is content\r", "", "--a b", "Content-Disposition: form-data; name=empty", "", "",
        "--a b--",
        "ignored",
    ].joined(separator: "\r\n")

    /// Events with what comes in pieces put together.
    private func read(_ body: String, pieces count: Int) throws -> [MultipartReader.Event] {
        var reader = try MultipartReader(contentType: Self.type)
        var events: [MultipartReader.Event] = []
        var rest = Array(body.utf8)[...]
        while !rest.isEmpty {
            for event in try reader.append(Array(rest.prefix(count))) {
                if case .bytes(let more) = event, case .bytes(let before)? = events.last {
                    events[events.count - 1] = .bytes(before + more)
                } else {
                    events.append(event)
                }
            }
            rest = rest.dropFirst(count)
        }
        try reader.finish()
        return events
    }

    @Test(arguments: [1, 2, 3, 5, 7, 16, 64, 4096])
    func readsPartsInWhateverPieces(_ count: Int) throws {
        let content = "one\r\n--a\r\n--a_b is content\r\r\n"
        #expect(
            try read(Self.body, pieces: count) == [
                .part(name: "purpose", filename: nil), .bytes(Array("batch".utf8)),
                .part(name: "file", filename: "q\"1\";.jsonl"), .bytes(Array(content.utf8)),
                .part(name: "empty", filename: nil),
            ]
        )
    }

    @Test(arguments: [
        "", "--a b", "--a b\r\n", "--a b\r\nContent-Disposition: form-data; name=x\r\n\r\ntext",
        "--a b\r\n\r\ntext\r\n--a b--", "--a b\r\nContent-Disposition: attachment; name=x\r\n\r\n\r\n--a b--",
        "--a b?\r\n", "--a b\r\nContent-Disposition: form-data\r\n\r\n\r\n--a b--",
        String(repeating: "x", count: 100_000), "--a b\r\n" + String(repeating: "x", count: 100_000),
    ])
    func refusesWhatIsNoForm(_ body: String) {
        for count in [1, 4096] {
            #expect(throws: MultipartReader.Failure.self) { try read(body, pieces: count) }
        }
    }

    @Test(arguments: [
        "", "application/json", "multipart/form-data", "multipart/form-data; boundary=", "multipart/mixed; boundary=x",
    ])
    func refusesOtherTypes(_ type: String) {
        #expect(throws: MultipartReader.Failure.self) { try MultipartReader(contentType: type) }
    }
}
