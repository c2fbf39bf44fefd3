import BatchJobs
import KongurTesting
import Testing
import Tokenizers

struct BatchInputTests {
    private static let url = "/v1/chat/completions"

    private func line(_ id: String, url: String = Self.url, method: String = "POST", body: String = "{}") -> String {
        #"{"custom_id": "\#(id)", "method": "\#(method)", "url": "\#(url)", "body": \#(body)}"#
    }

    private func input(
        _ text: String,
        lines: Int = 100,
        longest: Int = 1000
    ) throws -> (input: BatchInput, file: ReadFile) {
        let folder = try TemporaryFolder()
        let file = try ReadFile(folder.write(Array(text.utf8), to: "lines.jsonl"))
        let limits = BatchInput.Limits(lines: lines, lineByteCount: longest)
        return (try BatchInput(file, urls: [Self.url], limits: limits), file)
    }

    @Test func findsLinesWhereTheyAre() throws {
        let (first, second, third) = (line("a"), line("b", body: #"{"text": "żółć"}"#), line("c"))
        let (input, file) = try input("\u{FEFF}\(first)\r\n\n  \n\(second)\n\(third)")
        #expect(input.faults.isEmpty)
        #expect(input.lines.map(\.customID) == ["a", "b", "c"])
        #expect(input.lines.map(\.number) == [1, 4, 5])
        let texts = try input.lines.map { String(decoding: try file.read($0), as: UTF8.self) }
        #expect(texts == ["\u{FEFF}\(first)", second, third])
        #expect(try BatchRequest(file.read(input.lines[1]), urls: [Self.url]).body["text"]?.string == "żółć")
    }

    @Test func linesAreFoundAcrossThePiecesThatAreRead() throws {
        let texts = (0..<300).map {
            line("\($0)", body: #"{"text": "\#(String(repeating: "x", count: $0 * 37 % 5000))"}"#)
        }
        let (input, file) = try input(texts.joined(separator: "\n"), lines: 1000, longest: 10_000)
        #expect(try input.lines.map { String(decoding: try file.read($0), as: UTF8.self) } == texts)
    }

    @Test(arguments: [
        ("", "empty_file", nil), ("\n\n", "empty_file", nil), ("nonsense", "invalid_json_line", 1),
        ("[1]", "invalid_json_line", 1), (#"{"custom_id": "a""#, "invalid_json_line", 1),
        (#"{"custom_id":"a","method":"POST","url":"/v1/chat/completions","body":{"x":NaN}}"#, "invalid_json_line", 1),
        (#"{"method":"POST","url":"/v1/chat/completions","body":{}}"#, "invalid_custom_id", 1),
        (#"{"custom_id":7,"method":"POST","url":"/v1/chat/completions","body":{}}"#, "invalid_custom_id", 1),
        (#"{"custom_id":"a","method":"GET","url":"/v1/chat/completions","body":{}}"#, "invalid_method", 1),
        (#"{"custom_id":"a","method":"POST","url":"/v1/completions","body":{}}"#, "url_mismatch", 1),
        (#"{"custom_id":"a","method":"POST","url":"/v1/chat/completions","body":[]}"#, "invalid_request", 1),
        (#"{"custom_id":"a","method":"POST","url":"/v1/chat/completions"}"#, "invalid_request", 1),
    ])
    func saysWhatIsWrong(_ text: String, _ code: String, _ number: Int?) throws {
        let faults = try input(text).input.faults
        #expect(faults.map(\.code) == [code])
        #expect(faults.first?.line == number)
    }

    @Test func saysWhatIsWrongWithEveryLine() throws {
        let long = line("long", body: #"{"text": "\#(String(repeating: "x", count: 2000))"}"#)
        let text = [line("a"), line("a"), "{", long, line("b", url: "/v1/models")].joined(separator: "\n")
        let faults = try input(text).input.faults
        #expect(faults.map(\.line) == [2, 3, 4, 5])
        #expect(
            faults.map(\.code) == ["duplicate_custom_id", "invalid_json_line", "invalid_json_line", "url_mismatch"]
        )
    }

    @Test func refusesTooManyLines() throws {
        let lines = (0..<5).map { line("\($0)") }
        #expect(try input(lines.joined(separator: "\n"), lines: 5).input.faults.isEmpty)
        #expect(try input(lines.joined(separator: "\n"), lines: 4).input.faults.map(\.code) == ["too_many_tasks"])
    }

    @Test func doesNotTellEndlessFaults() throws {
        let faults = try input(String(repeating: "x\n", count: 5000)).input.faults
        #expect(faults.count == 100)
    }

    @Test(arguments: ["/nowhere/at/all", "/tmp", "/dev/null"])
    func readsFilesAlone(_ path: String) {
        #expect(throws: BatchError.self) { try ReadFile(path) }
    }
}
