package import DeviceRuntime
import Tensors
package import XIR

/// Runs a module before and after each pass and reports the largest difference of its logits.
///
/// The module may be a dense decoder or a step function: both are given the same tokens as one sequence. What is random
/// in floating-point arithmetic is allowed for: passes may add up in another order, and a cache in half precision rounds.
package struct PassChecker: Sendable {
    /// The relative difference ‖after - before‖ / ‖before‖ above which a pass is at fault.
    package static let tolerance = 1e-4
    /// The same for the pass that starts to keep keys and values in the cache's element type.
    package static let cacheTolerance = 1e-2
    /// The same for the passes that begin or end half-precision weights or activations, with what they round.
    package static let activationTolerance = 5e-2
    /// The same for the pass that stores weights in fewer bits: what it loses is told, and this much is a fault.
    package static let quantizationTolerance = 0.5

    private let device: any Device
    private let options: CompilerOptions
    private let tokens: [Int]

    /// A checker that evaluates on `device`, which is the reference where the meaning of XIR is asked for.
    ///
    /// Cost: two runs of `tokens` rows for each pass.
    package init(device: any Device, options: CompilerOptions, tokens: [Int]) {
        self.device = device
        self.options = options
        self.tokens = tokens
    }

    /// The relative difference of the logits of two modules, or `.checkFailed` naming the pass when it is too large.
    package func check(_ pass: String, before: Module, after: Module) throws(CompilerError) -> Double {
        let (expected, actual) = (try logits(before), try logits(after))
        guard expected.count == actual.count else {
            throw CompilerError(
                .checkFailed,
                "pass '\(pass)' changed the number of logits from \(expected.count) to \(actual.count)"
            )
        }
        var (difference, norm) = (0.0, 0.0)
        for (left, right) in zip(expected, actual) {
            difference += Double(left - right) * Double(left - right)
            norm += Double(left) * Double(left)
        }
        let relative = (difference / max(norm, 1e-30)).squareRoot()
        let startsCaching =
            before.function(named: StepProgram.name) == nil && after.function(named: StepProgram.name) != nil
        let narrows = halfOperands(before) < halfOperands(after)
        func isHalf(_ module: Module) -> Bool { module.functions.contains(where: \.hasHalfPrecisionActivations) }
        let widens = isHalf(before) && !isHalf(after)
        let tolerance =
            if !quantizes(before) && quantizes(after) {
                Self.quantizationTolerance
            } else if widens || narrows {
                Self.activationTolerance
            } else {
                startsCaching ? Self.cacheTolerance : Self.tolerance
            }
        guard relative <= tolerance else {
            throw CompilerError(
                .checkFailed,
                "pass '\(pass)' changed the logits by \(relative) (relative), above \(tolerance)"
            )
        }
        return relative
    }

    /// How many operands of products, look-ups and norms are f16.
    private func halfOperands(_ module: Module) -> Int {
        module.functions.reduce(0) { sum, function in
            let readers = function.operations.filter {
                ["linear", "embedding", "rms_norm", "add_rms_norm"].contains($0.name)
            }
            return sum + readers.flatMap(\.operands).count { function.type($0).elementType == .float16 }
        }
    }

    private func quantizes(_ module: Module) -> Bool {
        module.functions.contains { function in
            function.operations.contains { $0.name.hasPrefix("quantized_") || $0.name.hasPrefix("packed_") }
        }
    }

    /// The logits of every token, `[tokens, vocabulary]` in row-major order.
    package func logits(_ module: Module) throws(CompilerError) -> [Float] {
        guard let function = module.functions.first else {
            throw CompilerError(.unsupportedGraph, "the module has no function to check")
        }
        let (inputs, symbols) = try function.name == StepProgram.name ? stepInputs() : denseInputs(function)
        // A length that is 0 here may be 1.
        let limits = symbols.mapValues { max(1, $0) }
        let program = try ProgramEmitter.emit(function, constants: module.constants, limits: limits)
        // What inputs bind, loading does not.
        let given = Set(program.inputs.flatMap { program.values[$0].type.symbols })
        guard let output = program.outputNames.firstIndex(of: "logits") else {
            throw CompilerError(.unsupportedGraph, "function '\(function.name)' has no result 'logits'")
        }
        do {
            return try device.load(program, symbols: symbols.filter { !given.contains($0.key) }).run(inputs)[output]
                .floats
        } catch {
            throw CompilerError(
                .checkFailed,
                "the module does not run on \(device.name): \(error.message)",
                cause: error
            )
        }
    }

    private func denseInputs(_ function: Function) throws(CompilerError) -> ([Tensor], [String: Int]) {
        guard let ids = function.parameter(named: "input_ids")?.value, function.type(ids).rank == 2 else {
            throw CompilerError(.unsupportedGraph, "function '\(function.name)' has no input 'input_ids'")
        }
        // Without a past, every symbol but batch and sequence is 0.
        var symbols: [String: Int] = [:]
        for parameter in function.parameters {
            for symbol in function.type(parameter.value).symbols { symbols[symbol] = 0 }
        }
        if let symbol = function.type(ids).extents[0].symbol { symbols[symbol] = 1 }
        if let symbol = function.type(ids).extents[1].symbol { symbols[symbol] = tokens.count }
        var inputs: [Tensor] = []
        for parameter in function.parameters {
            let name = function[parameter.value].name ?? "?"
            guard let type = function.type(parameter.value).bound(symbols) else {
                throw CompilerError(.unsupportedGraph, "input '\(name)' has a type that cannot be bound")
            }
            switch name {
            case "input_ids": inputs.append(Tensor(tokens.map { Int64($0) }, type.shape))
            case "attention_mask":
                inputs.append(Tensor([Int64](repeating: 1, count: type.shape.elementCount), type.shape))
            case "position_ids": inputs.append(Tensor(tokens.indices.map { Int64($0) }, type.shape))
            default:
                guard type.elementType == .float32 else {
                    throw CompilerError(.unsupportedGraph, "what to give input '\(name)' of type \(type) is not known")
                }
                inputs.append(Tensor([Float](repeating: 0, count: type.shape.elementCount), type.shape))
            }
        }
        return (inputs, symbols)
    }

    /// One sequence, whose blocks stand in the cache in reverse order, so that a mix-up of blocks shows.
    private func stepInputs() -> ([Tensor], [String: Int]) {
        let count = tokens.count
        let blocks = (count + options.blockSize - 1) / options.blockSize
        let sequence = SingleSequence(tokens, blockSize: options.blockSize, table: (0..<blocks).reversed())
        let symbols = [
            StepProgram.tokens: count, StepProgram.sequences: 1, StepProgram.table: blocks,
            StepProgram.outputs: count, StepProgram.cacheBlocks: blocks,
        ]
        return (sequence.inputs(0..<count), symbols)
    }
}
