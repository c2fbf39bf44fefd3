import DeviceRuntime
import DeviceSimulation
import Foundation
import Testing

@Suite struct DeviceDescriptorTests {
    private func text(_ name: String) throws -> String {
        let descriptor = try #require(try DescriptorCatalog.bundled().first { $0.name == name })
        return String(decoding: descriptor.json, as: UTF8.self)
    }

    @Test func bundledOnesAreSoundAndComeBackAsTheyWere() throws {
        let all = try DescriptorCatalog.bundled()
        #expect(all.map(\.name) == ["k20", "k200", "r200", "r300", "p800", "a100-40g", "h200"])
        for descriptor in all {
            #expect(try DeviceDescriptor(json: descriptor.json, file: "x") == descriptor)
            #expect(descriptor.peak(.float16) != nil && descriptor.peak(.int8) != nil)
            // Nothing assumed hides behind another word.
            for fact in descriptor.peaks.values { #expect(!fact.source.isEmpty) }
        }
        let article = try #require(all.first)
        #expect(article.memoryBandwidth.confidence == .article && article.memoryBandwidth.value == 1.2e12)
    }

    @Test(arguments: [
        ("\"memory_bytes\"", "\"memory_byte\"", "there is no field 'memory_byte'"),
        ("\"overlap\"", "\"overlop\"", "there is no field 'overlop'"),
        ("\"f16\"", "\"fp16\"", "'compute_efficiency' has no 'fp16'"),
        ("\"kunlun\"", "\"tpu\"", "'target'"),
        ("\"name\" : \"k20\"", "\"name\" : \"K 20\"", "'name' is 'K 20'"),
        ("\"article\"", "\"rumour\"", "confidence"),
        ("1200000000000", "-5", "'memory_bytes_per_s' is -5.0; it is from"),
        ("1200000000000", "\"fast\"", "'memory_bytes_per_s.value' is of the wrong type"),
        ("{", "[", "is not JSON"),
    ])
    func badFieldsAreNamed(_ old: String, _ new: String, _ message: String) throws {
        let text = try text("k20")
        let range = try #require(text.range(of: old))
        let data = Data(text.replacingCharacters(in: range, with: new).utf8)
        let error = #expect(throws: DeviceError.self) { try DeviceDescriptor(json: data, file: "mine.json") }
        #expect(error?.code == .invalidDescriptor)
        #expect(
            error?.message.hasPrefix("mine.json: ") == true && error?.message.contains(message) == true,
            "\(error!)"
        )
    }

    @Test func aNumberThatIsMissingIsNamed() throws {
        var object = try #require(
            try JSONSerialization.jsonObject(with: Data(try text("k20").utf8)) as? [String: Any]
        )
        object["launch_s"] = nil
        let data = try JSONSerialization.data(withJSONObject: object)
        let error = #expect(throws: DeviceError.self) { try DeviceDescriptor(json: data, file: "mine.json") }
        #expect(error?.message == "mine.json: 'launch_s' is missing")
    }

    @Test func aFolderOfOnesOwnAddsAndReplaces() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect(try DescriptorCatalog.all(in: folder.path + "/nowhere").count == 7)
        for (name, memory) in [("k20", "1000"), ("mine", "2000")] {
            let changed = try text("k20").replacing("\"name\" : \"k20\"", with: "\"name\" : \"\(name)\"")
                .replacing("34359738368", with: memory)
            try Data(changed.utf8).write(to: folder.appendingPathComponent("\(name).json"))
        }
        let all = try DescriptorCatalog.all(in: folder.path)
        #expect(all.count == 8)
        #expect(all.first { $0.name == "k20" }?.memory.value == 1000)
        #expect(all.first { $0.name == "mine" }?.memory.value == 2000)
        try Data("{}".utf8).write(to: folder.appendingPathComponent("bad.json"))
        let error = #expect(throws: DeviceError.self) { try DescriptorCatalog.all(in: folder.path) }
        #expect(error?.message.contains("bad.json: 'name' is missing") == true)
    }
}
