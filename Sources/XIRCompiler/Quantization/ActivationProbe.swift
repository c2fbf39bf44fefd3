package import DeviceRuntime
package import Tensors
package import XIR

/// Runs an imported decoder with unchanged weights and shows what goes into and comes out of each product with weights.
package struct ActivationProbe {
    /// One product over some rows; the tensors are valid until the next run.
    package struct Product {
        /// The name of the weights' constant.
        package var weight: String
        /// `[rows, inputs]` float32.
        package var input: Tensor
        /// `[rows, features]` float32.
        package var output: Tensor
    }

    /// Rows of one run: inputs and outputs of all products are in memory together.
    private static let rows = 32

    /// The decoder as a step function, before it is quantised and fused.
    let module: Module
    private let names: [String]
    private let executable: any Executable
    private let blockSize: Int

    /// Recognises the decoder and loads it with a cache for `capacity` tokens.
    ///
    /// Throws what the passes throw, and `.notRun` for what the device throws.
    package init(_ module: Module, on device: any Device, options: CompilerOptions, capacity: Int) throws(CompilerError)
    {
        var module = module
        for pipeline in [PassPipeline.recognition, .paging(options)] {
            try pipeline.run(on: &module) { (_, _, _) throws(CompilerError) in }
        }
        guard var function = module.function(named: StepProgram.name) else {
            throw CompilerError(.unsupportedGraph, "the passes did not yield a step program")
        }
        self.module = module
        blockSize = options.blockSize
        var weights: [ValueID: String] = [:]
        var names: [String] = []
        for operation in function.operations {
            if operation.name == "constant" { weights[operation.results[0]] = operation.string("name") }
            guard operation.name == "linear", let name = weights[operation.operands[1]] else { continue }
            function.results.append(FunctionResult("input.\(names.count)", operation.operands[0]))
            function.results.append(FunctionResult("output.\(names.count)", operation.results[0]))
            names.append(name)
        }
        self.names = names
        let blocks = max(1, (capacity + blockSize - 1) / blockSize)
        let limits = [
            StepProgram.tokens: Self.rows, StepProgram.sequences: 1, StepProgram.outputs: Self.rows,
            StepProgram.table: blocks,
        ]
        let program = try ProgramEmitter.emit(function, constants: module.constants, limits: limits)
        do {
            executable = try device.load(program, symbols: [StepProgram.cacheBlocks: blocks])
        } catch {
            throw CompilerError(.notRun, "the decoder does not load on \(device.name): \(error.message)", cause: error)
        }
    }

    /// Runs tokens as one sequence, some rows at a time, and shows `body` every product of each run in order.
    package func run(_ tokens: [Int], _ body: (Product) throws(CompilerError) -> Void) throws(CompilerError) {
        let sequence = SingleSequence(tokens, blockSize: blockSize)
        for start in stride(from: 0, to: tokens.count, by: Self.rows) {
            let range = start..<min(start + Self.rows, tokens.count)
            let outputs: [Tensor]
            do {
                outputs = try executable.run(sequence.inputs(range))
            } catch {
                throw CompilerError(.notRun, "the decoder does not run: \(error.message)", cause: error)
            }
            for (index, name) in names.enumerated() {
                let first = outputs.count - 2 * (names.count - index)
                try body(Product(weight: name, input: outputs[first], output: outputs[first + 1]))
            }
        }
    }
}
