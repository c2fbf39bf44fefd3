import DeviceRuntime
import Foundation
import KongurTesting
import Testing
import XIRCompiler

@testable import Kongur

/// What is deleted and replaced when models are compiled, and what of the cache is used.
@Suite(.serialized) struct CompiledModelFolderTests {
    private static let pebble = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Models/pebble").path

    private let folder: TemporaryFolder
    private let loader: ModelLoader

    init() throws {
        folder = try TemporaryFolder()
        loader = ModelLoader(locator: ModelLocator(environment: ["KONGUR_CACHE": folder.path + "/cache"]))
    }

    private func names(_ path: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
    }

    /// A copy of the bundled model.
    private func copy() throws -> String {
        let path = folder.path + "/model"
        try FileManager.default.copyItem(atPath: Self.pebble, toPath: path)
        return path
    }

    private func write(_ name: String) throws {
        let compilation = try ModelCompilation(.checkpoint(Self.pebble), .init(), cache: nil)
        try CompiledModelFolder.write(
            try compilation.run().model,
            from: compilation.source,
            to: folder.path + "/" + name
        )
    }

    @Test func takesThePlaceOfCompiledModelsAlone() throws {
        try write("a.kongur")
        let files = names(folder.path + "/a.kongur")
        try write("a.kongur/")
        #expect(names(folder.path) == ["a.kongur"] && names(folder.path + "/a.kongur") == files)
        // Through a link the folder that it leads to.
        symlink("a.kongur", folder.path + "/link")
        try write("link")
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: folder.path + "/link") == "a.kongur")
        mkdir(folder.path + "/empty", 0o755)
        try write("empty")
        #expect(names(folder.path + "/empty") == files && names(folder.path) == ["a.kongur", "empty", "link"])

        func expectRefusal(_ name: String, _ reason: String) throws {
            let before = try FileManager.default.subpathsOfDirectory(atPath: folder.path).sorted()
            let error = #expect(throws: KongurError.self) { try CompiledModelFolder.check(folder.path + "/" + name) }
            #expect(error?.code == .invalidInput && error?.message.contains(reason) == true, "\(error?.message ?? "")")
            #expect(throws: KongurError.self) { try write(name) }
            #expect(try FileManager.default.subpathsOfDirectory(atPath: folder.path).sorted() == before)
        }
        try folder.write(Array("mine".utf8), to: "a.kongur/README.md")
        try expectRefusal("a.kongur", "README.md")
        unlink(folder.path + "/a.kongur/README.md")
        try folder.write(Array("{{ mine }}".utf8), to: "a.kongur/chat_template.jinja")
        try expectRefusal("a.kongur", "was changed since")
        mkdir(folder.path + "/a.kongur/tokenizer.json.d", 0o755)
        try expectRefusal("a.kongur", "tokenizer.json.d")
        try folder.write(Array("x".utf8), to: "data/deep/file")
        try expectRefusal("data", "deep")
        try expectRefusal("data/deep/file", "not a folder")
        for place in [".", "..", "data/.."] { try expectRefusal(place, "new folder") }
        try expectRefusal("", "will not be replaced")
        symlink("nowhere", folder.path + "/broken")
        try expectRefusal("broken", "leads nowhere")
        // A tokenizer alone is somebody's, whatever the names of its files.
        try folder.write(Array("{}".utf8), to: "tokenizer/tokenizer.json")
        try expectRefusal("tokenizer", "no compiled model")
        mkfifo(folder.path + "/pipe", 0o644)
        try expectRefusal("pipe", "not a folder")
    }

    @Test func whatAKilledCompilationLeftGoes() throws {
        let stale = "a.kongur.0123456789abcdef.partial"
        try folder.write(Array("half".utf8), to: stale + "/weights.bin")
        try folder.write(Array("mine".utf8), to: "a.kongur.00000000000000ff.partial/notes")
        try folder.write(Array("half".utf8), to: "cache/compiled/0123.kongur.0123456789abcdef.partial/program.json")
        try write("a.kongur")
        #expect(names(folder.path) == ["a.kongur", "a.kongur.00000000000000ff.partial", "cache"])
        chmod(folder.path + "/cache/compiled", 0o700)
        _ = try loader.load(Self.pebble)
        #expect(names(folder.path + "/cache/compiled").allSatisfy { !$0.hasSuffix(".partial") })
    }

    /// Weights that are replaced are used, whatever the times and sizes of the files say.
    @Test(arguments: [0, 1, 2]) func replacedWeightsAreUsed(_ place: Int) throws {
        let model = try copy()
        let path = model + "/model.safetensors"
        let first = try loader.load(model).compiled.program
        let kept = names(folder.path + "/cache/compiled")
        #expect(try loader.load(model).compiled.program == first)
        #expect(names(folder.path + "/cache/compiled") == kept)
        var before = stat()
        stat(path, &before)
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        // A number that no sample sees, one at an end, and all of them.
        let header = 8 + bytes.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
        switch place {
        case 0: bytes[header + (bytes.count - header) / 3 | 1] ^= 0x40
        case 1: bytes[bytes.count - 1] ^= 0x40
        default: bytes.replaceSubrange(header..., with: Data(count: bytes.count - header))
        }
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try file.write(contentsOf: bytes)
        try file.close()
        var times = [before.st_atim, before.st_mtim]
        #expect(utimensat(AT_FDCWD, path, &times, 0) == 0)
        #expect(try loader.load(model).compiled.program != first)
    }

    /// A file that is touched, moved or restored is the same as long as its bytes are.
    @Test func touchedFilesAreNotCompiledAgain() throws {
        let model = try copy()
        var compilations = 0
        func load() throws { _ = try loader.load(model) { if $0.done == 0 { compilations += 1 } } }
        try load()
        utimes(model + "/model.safetensors", nil)
        try load()
        try FileManager.default.moveItem(atPath: model, toPath: model + ".old")
        try FileManager.default.copyItem(atPath: model + ".old", toPath: model)
        try load()
        try folder.write(Array("hello".utf8), to: "model/NOTES.md")
        try load()
        #expect(compilations == 1)
    }

    /// One damaged byte anywhere: the cache compiles again, and a compiled model is refused.
    @Test(arguments: 0..<6) func damagedWeightsAreNeverUsed(_ part: Int) throws {
        func damage(_ path: String) throws {
            let size = try #require(FileManager.default.attributesOfItem(atPath: path)[.size] as? Int)
            let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
            // The first bytes of a page belong to a tensor.
            try file.seek(toOffset: UInt64(size / 6 * part / 4096 * 4096))
            let byte = try #require(try file.read(upToCount: 1)).first ?? 0
            try file.seek(toOffset: UInt64(size / 6 * part / 4096 * 4096))
            try file.write(contentsOf: Data([byte ^ 0x55]))
            try file.close()
        }
        // In memory: what is loaded is a view of the file that gets damaged.
        let first = try ModelCompilation(.checkpoint(Self.pebble), .init(), cache: nil).run().model.program
        #expect(try loader.load(Self.pebble).compiled.program == first)
        let kept = folder.path + "/cache/compiled/" + names(folder.path + "/cache/compiled")[0]
        try damage(kept + "/weights.bin")
        #expect(try loader.load(Self.pebble).compiled.program == first)
        try write("a.kongur")
        let compiled = folder.path + "/a.kongur"
        #expect(try loader.load(compiled).compiled.program == first)
        try damage(compiled + "/weights.bin")
        let error = #expect(throws: KongurError.self) { try KongurError.mapped { try loader.load(compiled) } }
        #expect(error?.code == .invalidModel && error?.message.contains("damaged") == true)
    }

    @Test func damagedRecordsAreMadeAgain() throws {
        let first = try loader.load(Self.pebble)
        let kept = folder.path + "/cache/compiled/" + names(folder.path + "/cache/compiled")[0]
        for name in ["program.json", "sampling.json", "manifest.json"] {
            let path = URL(fileURLWithPath: "\(kept)/\(name)")
            let text = try String(contentsOf: path, encoding: .utf8)
            for damaged in ["", "{", text.replacingOccurrences(of: "1", with: "2")] {
                try Data(damaged.utf8).write(to: path)
                let model = try loader.load(Self.pebble)
                #expect(model.compiled.program == first.compiled.program && model.defaults == first.defaults)
            }
        }
    }

    @Test func aCacheThatOthersMayWriteIsNotUsed() throws {
        let model = try copy()
        _ = try loader.load(model)
        let compiled = folder.path + "/cache/compiled"
        #expect(try loader.load(model).notices.isEmpty)
        chmod(compiled, 0o777)
        var compilations = 0
        let loaded = try loader.load(model) { if $0.done == 0 { compilations += 1 } }
        #expect(compilations == 1 && loaded.notices.contains { $0.contains("chmod go-w") })
        chmod(compiled, 0o700)
        let kept = compiled + "/" + names(compiled)[0]
        for path in [kept, kept + "/program.json", kept + "/weights.bin"] {
            chmod(path, 0o777)
            compilations = 0
            _ = try loader.load(model) { if $0.done == 0 { compilations += 1 } }
            #expect(compilations == 1, "\(path)")
        }
    }
}

extension KongurError {
    fileprivate static func mapped<Value>(_ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch {
            throw KongurError(error)
        }
    }
}
