import Checkpoints
import DeviceRuntime
import Frontends
import KongurTesting
import KunlunBackend
import ONNX
import ReferenceBackend
import Tensors
import XIR
import XIRCompiler

/// A small model, compiled for Kunlun, and its logits on a device.
struct StandInModel {
    let compiled: CompiledModel
    let blockSize: Int
    let tokens: [Int]

    init(_ name: String, _ form: WeightForm, widestProduct: Int = 65_536) throws {
        var options = CompilerOptions()
        options.target = .kunlun
        options.weights = form
        options.widestProduct = widestProduct
        options.tokens = 64
        let checkpoint = try Checkpoint.open(directory: TinyCheckpoints.directory(name))
        let module = try ONNXImporter.module(from: CheckpointExporter.export(checkpoint))
        compiled = try Compiler(options: options).compile(
            module,
            contextLength: checkpoint.configuration.contextLength,
            stopTokenIDs: []
        ).model
        blockSize = options.blockSize
        tokens = try TinyCheckpoints.expected(name).logitsPromptIds
    }

    var program: Program { compiled.program }

    var symbols: [String: Int] { [StepProgram.cacheBlocks: tokens.count / blockSize + 2] }

    /// The logits of each token: some at once, then one by one.
    func logits(on device: any Device) throws -> [[Float]] {
        try logits(device.load(program, symbols: symbols))
    }

    func logits(_ executable: any Executable) throws -> [[Float]] {
        let sequence = SingleSequence(tokens, blockSize: blockSize)
        let first = max(1, tokens.count - 3)
        var rows: [[Float]] = []
        for range in [0..<first] + (first..<tokens.count).map({ $0..<$0 + 1 }) {
            let logits = try executable.run(sequence.inputs(range))[0]
            let width = logits.shape[1]
            let floats = logits.floats
            rows += range.indices.map { row in
                Array(floats[(row - range.lowerBound) * width..<(row - range.lowerBound + 1) * width])
            }
        }
        return rows
    }

    /// Whether two sets of logits differ by no more than what f16 rounds differently, and name the same tokens.
    static func agree(_ left: [[Float]], _ right: [[Float]]) -> Bool {
        guard left.count == right.count else { return false }
        for (left, right) in zip(left, right) {
            guard left.count == right.count, let largest = right.map(\.magnitude).max() else { return false }
            guard zip(left, right).allSatisfy({ abs($0 - $1) <= 5e-3 * max(1, largest) }) else { return false }
        }
        return true
    }
}

/// What the stand-in runtime lets a test do and see.
struct StandInControl {
    let fail: @convention(c) (Int64, Int32) -> Void
    let reset: @convention(c) () -> Void
    let limit: @convention(c) (Int64) -> Void
    let allocations: @convention(c) () -> Int64
    let calls: @convention(c) () -> Int64
    let caches: @convention(c) (Int64) -> Int64

    static let hang: Int32 = 9999

    init() throws {
        fail = try KunlunStandIn.function("standin_fail", as: (@convention(c) (Int64, Int32) -> Void).self)
        reset = try KunlunStandIn.function("standin_reset", as: (@convention(c) () -> Void).self)
        limit = try KunlunStandIn.function("standin_limit", as: (@convention(c) (Int64) -> Void).self)
        allocations = try KunlunStandIn.function("standin_allocations", as: (@convention(c) () -> Int64).self)
        caches = try KunlunStandIn.function("standin_caches", as: (@convention(c) (Int64) -> Int64).self)
        calls = try KunlunStandIn.function("standin_calls", as: (@convention(c) () -> Int64).self)
    }
}
