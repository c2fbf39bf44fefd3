import Foundation
import Kongur
import Testing

struct ModelLocatorTests {
    @Test func eachFormOfModelIsRecognised() throws {
        try inTemporaryFolder { folder in
            try write("{}", "\(folder)/checkpoint/config.json")
            try write("", "\(folder)/graph.onnx")
            try write("{}", "\(folder)/exported/config.json")
            try write("", "\(folder)/exported/model.onnx")
            try write("{}", "\(folder)/compiled.kongur/program.json")
            try write("", "\(folder)/compiled.kongur/weights.bin")
            let locator = ModelLocator(environment: ["HF_HUB_CACHE": folder])
            #expect(try locator.locate("\(folder)/checkpoint") == .checkpoint("\(folder)/checkpoint"))
            #expect(try locator.locate("\(folder)/graph.onnx") == .onnx("\(folder)/graph.onnx"))
            #expect(try locator.locate("\(folder)/exported") == .onnx("\(folder)/exported/model.onnx"))
            #expect(try locator.locate("\(folder)/compiled.kongur") == .compiled("\(folder)/compiled.kongur"))
        }
    }

    @Test func whatIsNotAModelSaysWhatToDo() throws {
        try inTemporaryFolder { folder in
            try write("text", "\(folder)/notes.txt")
            let locator = ModelLocator(environment: ["HF_HUB_CACHE": folder])
            #expect(message { try locator.locate("\(folder)/notes.txt") }.contains("not a model"))
            #expect(message { try locator.locate(folder) }.contains("no config.json"))
            #expect(message { try locator.locate("\(folder)/gone") }.contains("no such file or folder"))
            #expect(message { try locator.locate("someone/something") }.contains("kongur pull someone/something"))
        }
    }

    @Test func bundledModelIsLookedForWhereTheEnvironmentSays() throws {
        try inTemporaryFolder { folder in
            let locator = ModelLocator(environment: ["KONGUR_MODELS": folder])
            #expect(message { try locator.locate(nil) }.contains("looked in \(folder)/pebble"))
            try write("{}", "\(folder)/pebble/config.json")
            #expect(try locator.locate(nil) == .checkpoint("\(folder)/pebble"))
        }
    }

    private func message(_ body: () throws -> some Any) -> String {
        do {
            return "no error but \(try body())"
        } catch {
            return "\(error)"
        }
    }

    private func write(_ text: String, _ path: String) throws {
        let url = URL(fileURLWithPath: path)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }

    private func inTemporaryFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }
}
