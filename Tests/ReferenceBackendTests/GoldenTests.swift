import DeviceRuntime
import Foundation
import ReferenceBackend
import Tensors
import Testing
import XIR

/// The programs in `Golden`, one file for each operation, with values that torch computed (`golden_values.py`).
@Suite struct GoldenTests {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    static let golden = folder.appendingPathComponent("Golden")
    static let python = folder.deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent(".venv/bin/python")

    @Test(arguments: OperationTable.standard.definitions.map(\.name))
    func operationGivesTheExpectedValues(_ operation: String) throws {
        let file = Self.golden.appendingPathComponent("\(operation).xir")
        let module = try Module(parsing: try String(contentsOf: file, encoding: .utf8))
        try module.verify()
        #expect(!module.functions.isEmpty)
        let tolerance = Float(module.metadata["tolerance"] ?? "0") ?? 0
        for function in module.functions {
            #expect(function.operations.contains { $0.name == operation })
            func constant(_ name: String) throws -> Tensor {
                try #require(module.constants["\(function.name).\(name)"]?.tensor, "\(function.name).\(name)")
            }
            func arguments(_ kind: Parameter.Kind) throws -> [Tensor] {
                try function.parameters.filter { $0.kind == kind }.map { try constant(function[$0.value].name ?? "") }
            }
            let run = try Interpreter.run(
                module,
                function: function.name,
                inputs: try arguments(.input),
                states: try arguments(.state)
            )
            let states = function.parameters.filter { $0.kind == .state }.map { function[$0.value].name ?? "" }
            #expect(run.results.count == function.results.count && run.states.count == states.count)
            for (name, actual) in zip(function.results.map(\.name) + states, run.results + run.states) {
                let expected = try constant("expected.\(name)")
                let failure = difference(actual, expected, tolerance)
                #expect(failure == nil, "\(operation), @\(function.name), \(name): \(failure ?? "")")
            }
        }
    }

    /// Where two tensors differ by more than the tolerance; nil when they do not.
    private func difference(_ actual: Tensor, _ expected: Tensor, _ tolerance: Float) -> String? {
        guard actual.type == expected.type else { return "is \(actual.type), not \(expected.type)" }
        if !actual.elementType.isFloatingPoint { return actual == expected ? nil : "other integers" }
        for (index, (left, right)) in zip(actual.floats, expected.floats).enumerated() {
            if left == right || left.isNaN && right.isNaN { continue }
            if abs(left - right) <= tolerance * max(1, right.magnitude) { continue }
            return "element \(index) is \(left), not \(right)"
        }
        return nil
    }

    @Test(
        .enabled(
            if: FileManager.default.isExecutableFile(atPath: python.path),
            "needs .venv (requirements.txt) at the repository root"
        )
    )
    func filesAreWhatTorchComputes() throws {
        let fresh = FileManager.default.temporaryDirectory.appendingPathComponent("golden-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: fresh) }
        let process = Process()
        process.executableURL = Self.python
        process.arguments = [Self.folder.appendingPathComponent("golden_values.py").path, fresh.path]
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        let names = try FileManager.default.contentsOfDirectory(atPath: fresh.path).sorted()
        #expect(try FileManager.default.contentsOfDirectory(atPath: Self.golden.path).sorted() == names)
        for name in names {
            // Exact text would pin the last digit of one version of torch; the values are compared as the file says.
            let (written, committed) = try (module(fresh, name), module(Self.golden, name))
            #expect(written.functions == committed.functions, "\(name)")
            #expect(written.constants.keys.sorted() == committed.constants.keys.sorted(), "\(name)")
            for (key, constant) in written.constants {
                let (left, right) = (try #require(constant.tensor), try #require(committed.constants[key]?.tensor))
                #expect(difference(left, right, 1e-5) == nil, "\(name), \(key); run golden_values.py Golden")
            }
        }
    }

    private func module(_ folder: URL, _ name: String) throws -> Module {
        try Module(parsing: try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8))
    }
}
