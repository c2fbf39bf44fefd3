import Foundation
import KongurTesting
import Testing

struct DeviceCommandTests {
    private let kongur = KongurProgram()

    @Test func devicesAreATableAndJSON() throws {
        let table = try kongur.run("devices")
        #expect(table.status == 0)
        #expect(
            table.output.hasPrefix("NAME") && table.output.contains("cpu")
                && table.output.contains(" MiB")
        )
        let json = try kongur.run("devices", "--json")
        let records = try #require(
            JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [[String: Any]]
        )
        let cpu = try #require(records.first { $0["name"] as? String == "cpu" })
        #expect(try #require(cpu["threads"] as? Int) > 0)
        let statistics = try #require(cpu["statistics"] as? [String: Any])
        let (used, total) = (
            statistics["memory_used_bytes"] as? Int, statistics["memory_total_bytes"] as? Int
        )
        #expect(try #require(used) < #require(total))
    }

    @Test func topIsPrintedOnceWhereNobodyWatches() throws {
        let top = try kongur.run("top", "--interval", "0.1")
        #expect(top.status == 0)
        #expect(top.output.contains("KONGUR") && top.output.contains("cpu"))
        #expect(!top.output.contains("\u{1b}"))
        #expect(top.output.split(separator: "\n").allSatisfy { $0.count == 79 })
    }

    @Test(arguments: [
        ["top", "--interval", "0"], ["top", "--interval", "nan"], ["top", "--device", "toaster"],
        ["top", "--api-key", "a"],
        ["devices", "--server", "http://localhost:1", "--device", "cpu"],
        ["devices", "--device", "cpu,"],
        ["top", "--server", "not a url"], ["devices", "--device", ""],
        ["devices", "--device", String(repeating: "cpu,", count: 100) + "cpu"],
    ])
    func rubbishIsStatusTwo(_ arguments: [String]) throws {
        let result = try kongur.run(arguments)
        #expect(result.status == 2, "\(arguments): \(result.error)")
        #expect(result.error.hasPrefix("kongur: error: ") && result.output.isEmpty)
    }

    @Test func topGivesTheTerminalBack() throws {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/top_terminal.py"
        let result = try kongur.runProgram("/usr/bin/env", ["python3", script, KongurProgram.path])
        #expect(result.status == 0, "\(result.error)")
        let parts = result.output.components(separatedBy: "', '")
        try #require(parts.count == 3, "\(result.output)")
        #expect(parts[0].hasPrefix("['\\x1b[?1049h\\x1b[?25l"))
        // Lines that fit are as wide as the terminal, and a line more than it has would scroll it.
        let frames = parts[0].components(separatedBy: "\\x1b[H")
        let lines = frames[2].components(separatedBy: "\\x1b[K")
        #expect(lines.count == 11 && lines[0] == "+" + String(repeating: "-", count: 59))
        #expect(parts[1].contains("kongur top --server URL"))
        #expect(parts[2].contains("\\x1b[?25h\\x1b[?1049l") && parts[2].contains("status 130"), "\(parts[2])")
    }

    @Test func aServerThatIsNotThereIsSaid() throws {
        let result = try kongur.run("top", "--server", "http://127.0.0.1:9")
        #expect(result.status == 1)
        #expect(result.error.contains("127.0.0.1:9"))
    }
}
