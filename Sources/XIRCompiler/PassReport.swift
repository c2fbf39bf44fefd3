import DeviceRuntime
import Tensors
package import XIR

/// What a module costs after a pass, for one sequence that decodes one token at a context of `context` tokens.
package struct PassReport: Sendable, Hashable {
    package var pass: String
    package var rewrites: Int
    package var refusals: [String]
    /// Operations other than constants.
    package var operations: Int
    /// Operations that are a kernel of their own: changes of shape cost nothing.
    package var launches: Int
    /// Bytes that all kernels read and write for the token.
    package var bytesMoved: Int
    /// Bytes of intermediate values at the limits; nil when sizes are not known.
    package var arenaByteCount: Int?

    package static let context = 128

    /// Costs of the module's first function.
    package init(_ pass: String, _ outcome: PassOutcome, _ module: Module, _ options: CompilerOptions) {
        self.pass = pass
        rewrites = outcome.rewrites
        refusals = outcome.refusals
        operations = 0
        launches = 0
        bytesMoved = 0
        guard let function = module.functions.first else { return }
        let decode = Self.symbols(function, tokens: 1, past: Self.context - 1, options)
        for operation in function.operations where operation.name != "constant" {
            operations += 1
            guard operation.name != "reshape" else { continue }
            launches += 1
            bytesMoved += Self.bytes(operation, function, decode)
        }
        let limits = Self.symbols(function, tokens: options.tokens, past: 0, options)
        arenaByteCount = try? ProgramEmitter.emit(function, constants: module.constants, limits: limits).arenaByteCount
    }

    /// Every symbol of a dense or a step function, for one sequence of `tokens` new tokens after `past`.
    private static func symbols(_ function: Function, tokens: Int, past: Int, _ options: CompilerOptions) -> [String:
        Int]
    {
        var symbols: [String: Int] = [:]
        for parameter in function.parameters {
            for symbol in function.type(parameter.value).symbols { symbols[symbol] = past }
        }
        if let ids = function.parameter(named: "input_ids")?.value {
            for (extent, value) in zip(function.type(ids).extents, [1, tokens]) {
                if let symbol = extent.symbol { symbols[symbol] = value }
            }
        }
        if function.name == StepProgram.name {
            let blocks = (tokens + past + options.blockSize - 1) / options.blockSize
            symbols = [
                StepProgram.tokens: tokens, StepProgram.sequences: 1, StepProgram.outputs: 1,
                StepProgram.table: blocks, StepProgram.cacheBlocks: blocks,
            ]
        }
        return symbols
    }

    private static func bytes(_ operation: Operation, _ function: Function, _ symbols: [String: Int]) -> Int {
        // Larger ones no program has; sums of them stay numbers.
        func size(_ value: ValueID) -> Int {
            min(function.type(value).bound(symbols)?.byteCount ?? 0, Program.largestByteCount)
        }
        let updates = OperationTable.standard[operation.name]?.updates ?? []
        let operands = operation.operands.enumerated().map { position, value in
            // An update writes its rows, not the whole state; a look-up reads the rows that it takes.
            if updates.contains(position) { return 0 }
            let isTable =
                operation.name.hasSuffix("embedding") && position > 0 || operation.name == "gather" && position == 0
            return isTable ? operation.results.map(size).reduce(0, +) : size(value)
        }
        let written = operation.results.dropLast(updates.count).map(size).reduce(0, +)
        return operands.reduce(0, +) + written
    }
}
