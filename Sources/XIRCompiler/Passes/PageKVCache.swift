import DeviceRuntime
package import Tensors
package import XIR

/// Turns a decoder over padded batches into the step program over a paged cache.
///
/// The dense function takes `input_ids [batch, sequence]` with past keys and values and yields `logits
/// [batch, sequence, vocabulary]`; the step function takes a flat batch of rows (see `StepProgram`). Every value of the
/// dense function that holds one row per token becomes a matrix `[tokens, width]`; `attention` becomes `cache_write` and
/// `paged_attention`. The present keys and values are no results any more: they are the state.
package struct PageKVCache: Pass {
    package let name = "page-kv-cache"
    let blockSize: Int
    let elementType: ElementType

    package init(blockSize: Int, elementType: ElementType) {
        self.blockSize = blockSize
        self.elementType = elementType
    }

    package func run(on module: inout Module) throws(CompilerError) -> PassOutcome {
        guard module.functions.count == 1, let dense = module.functions.first, dense.name != StepProgram.name else {
            return PassOutcome(refusals: ["the module is no single dense function"])
        }
        var flattener = try Flattener(dense, module.constants, blockSize: blockSize, elementType: elementType)
        do throws(XIRError) {
            module.functions = [try flattener.stepFunction()]
        } catch {
            throw CompilerError(.unsupportedGraph, "page-kv-cache: \(error.message)", cause: error)
        }
        return PassOutcome(rewrites: flattener.layers)
    }
}

/// Translates the values of a dense function into rows of a step function, each when first needed.
private struct Flattener {
    let dense: Function
    let constants: [String: Constant]
    let blockSize: Int
    let elementType: ElementType
    let batch: Extent
    let sequence: Extent
    /// Past and sequence together.
    let total: Extent
    let inputIDs: ValueID
    private let definitions: [ValueID: Operation]
    private(set) var layers = 0
    private var builder = FunctionBuilder(StepProgram.name)
    private var inputs: [String: ValueID] = [:]
    private var rows: [ValueID: ValueID] = [:]
    private var constantValues: [String: ValueID] = [:]
    private var tokenPositions: Set<ValueID> = []

    init(_ dense: Function, _ constants: [String: Constant], blockSize: Int, elementType: ElementType)
        throws(CompilerError)
    {
        guard let input = dense.parameter(named: "input_ids")?.value, dense.type(input).rank == 2 else {
            throw CompilerError(
                .unsupportedGraph,
                "function '\(dense.name)' has no input 'input_ids' [batch, sequence]"
            )
        }
        self.dense = dense
        self.constants = constants
        self.blockSize = blockSize
        self.elementType = elementType
        inputIDs = input
        batch = dense.type(input).extents[0]
        sequence = dense.type(input).extents[1]
        let attention = dense.operations.first { $0.name == "attention" }
        total = attention.map { dense.type($0.operands[1]).extents[2] } ?? sequence
        var definitions: [ValueID: Operation] = [:]
        for operation in dense.operations {
            for result in operation.results { definitions[result] = operation }
        }
        self.definitions = definitions
    }

    mutating func stepFunction() throws(XIRError) -> Function {
        guard let logits = dense.results.first(where: { $0.name == "logits" })?.value else {
            throw XIRError(.verification, "function '\(dense.name)' has no result 'logits'")
        }
        let tokens = Extent(symbol: StepProgram.tokens)
        let sequences = Extent(symbol: StepProgram.sequences)
        let types: [String: [Extent]] = [
            StepProgram.sequenceStarts: [sequences + 1], StepProgram.contextLengths: [sequences],
            StepProgram.blockTables: [sequences, Extent(symbol: StepProgram.table)],
            StepProgram.outputRows: [Extent(symbol: StepProgram.outputs)],
        ]
        for input in StepProgram.inputs {
            inputs[input] = builder.input(input, ValueType(.int32, types[input] ?? [tokens]))
        }
        // Layers are numbered in the order of the dense function, and their states stand before every operation.
        for operation in dense.operations where operation.name == "attention" {
            let key = dense.type(operation.operands[1])
            guard let headDim = key.extents[3].fixed else {
                throw unsupported(operation, "has heads of no fixed width")
            }
            let row = CacheRow(headDim: headDim, elementType: elementType)
            let type = ValueType(
                elementType,
                [Extent(symbol: StepProgram.cacheBlocks), key.extents[1], Extent(blockSize), Extent(row.elementCount)]
            )
            inputs[StepProgram.keyCache(layers)] = builder.state(StepProgram.keyCache(layers), type)
            inputs[StepProgram.valueCache(layers)] = builder.state(StepProgram.valueCache(layers), type)
            layers += 1
        }
        guard layers > 0 else { throw XIRError(.verification, "no attention was recognised; see the refusals above") }
        layers = 0
        for operation in dense.operations where operation.name == "attention" { _ = try row(operation.results[0]) }

        // Only the rows that somebody samples from go through the output head.
        if let head = definitions[logits], head.name == "linear" {
            let selected = try builder.value(
                "gather",
                [row(head.operands[0]), input(StepProgram.outputRows)],
                ["axis": .integer(0)]
            )
            var operands = [selected]
            for operand in head.operands.dropFirst() { operands.append(try constant(operand)) }
            builder.result(StepProgram.logits, try builder.value("linear", operands))
        } else {
            let selected = try builder.value(
                "gather",
                [row(logits), input(StepProgram.outputRows)],
                ["axis": .integer(0)]
            )
            builder.result(StepProgram.logits, selected)
        }
        return builder.function
    }

    private func input(_ name: String) throws(XIRError) -> ValueID {
        guard let value = inputs[name] else { throw XIRError(.verification, "no input '\(name)'") }
        return value
    }

    /// The rows `[tokens, width]` of a dense value `[batch, sequence, ...]` or `[batch, heads, sequence, head_dim]`.
    private mutating func row(_ value: ValueID) throws(XIRError) -> ValueID {
        if let known = rows[value] { return known }
        guard let operation = definitions[value] else {
            throw XIRError(.verification, "'\(dense[value].name ?? "?")' is read as if it held one row per token")
        }
        let results = try translate(operation)
        for (old, new) in zip(operation.results, results) { rows[old] = new }
        guard let result = rows[value] else { throw unsupported(operation, "has no such result") }
        return result
    }

    private func unsupported(_ operation: Operation, _ reason: String) -> XIRError {
        let type = operation.results.first.map { dense.type($0).description } ?? ""
        return XIRError(.verification, "'\(operation.name)' with result \(type) \(reason)")
    }

    private mutating func translate(_ operation: Operation) throws(XIRError) -> [ValueID] {
        switch operation.name {
        case "embedding":
            guard operation.operands[0] == inputIDs else { throw unsupported(operation, "does not look up input_ids") }
            return try builder.append("embedding", [input(StepProgram.tokenIDs), constant(operation.operands[1])])
        case "linear":
            var operands = [try row(operation.operands[0])]
            for operand in operation.operands.dropFirst() { operands.append(try constant(operand)) }
            return try builder.append("linear", operands)
        case "reshape", "transpose":
            guard isRowPreserving(operation) else { throw unsupported(operation, "mixes the rows of tokens") }
            return [try row(operation.operands[0])]
        case "rms_norm":
            return [
                try perHead(operation, operation.operands[0]) { (builder, x, constants) throws(XIRError) in
                    try builder.value("rms_norm", [x] + constants, operation.attributes)
                }
            ]
        case "add_rms_norm":
            guard dense.type(operation.results[0]).rank == 3 else { throw unsupported(operation, "is not over rows") }
            let operands = [
                try row(operation.operands[0]), try row(operation.operands[1]), try constant(operation.operands[2]),
            ]
            return try builder.append("add_rms_norm", operands, operation.attributes)
        case "rotary":
            let positions = try input(StepProgram.positions)
            try checkPositions(operation)
            return [
                try perHead(operation, operation.operands[0], constants: [operation.operands[2]]) {
                    (builder, x, constants) throws(XIRError) in
                    try builder.value("rotary", [x, positions] + constants, operation.attributes)
                }
            ]
        case "attention":
            return [try attention(operation)]
        case "silu", "sigmoid", "tanh", "exp", "neg", "sqrt", "rsqrt", "reciprocal", "erf", "abs":
            return try builder.append(operation.name, [row(operation.operands[0])])
        case "swiglu", "add", "sub", "mul", "div", "max", "min":
            var operands: [ValueID] = []
            for operand in operation.operands {
                guard dense.type(operand).extents.starts(with: [batch, sequence]) else {
                    guard dense.type(operand).rank <= 1 else { throw unsupported(operation, "broadcasts over tokens") }
                    operands.append(try constant(operand))
                    continue
                }
                operands.append(try row(operand))
            }
            return try builder.append(operation.name, operands)
        case "slice":
            let type = dense.type(operation.results[0])
            guard type.rank == 3, [2, -1].contains(operation.integer("axis") ?? 0) else {
                throw unsupported(operation, "cuts tokens, not columns")
            }
            var attributes = operation.attributes
            attributes["axis"] = .integer(1)
            return try builder.append("slice", [row(operation.operands[0])], attributes)
        default:
            throw unsupported(operation, "has no meaning row by row")
        }
    }

    /// Rows are turned by the positions of their tokens, which the step program is given: the dense ones must be those.
    private mutating func checkPositions(_ operation: Operation) throws(XIRError) {
        let positions = operation.operands[1]
        guard !tokenPositions.contains(positions) else { return }
        let probe = DenseProbe(
            positions,
            of: dense,
            constants,
            DenseProbe.Lengths(batch: batch, sequence: sequence, total: total)
        )
        if let objection = PositionProbe(probe: probe).objection() {
            throw unsupported(operation, "turns by positions that are not those of the tokens: \(objection)")
        }
        tokenPositions.insert(positions)
    }

    /// Applies an operation that works on each head's vector (the last axis of four), or on whole rows of three axes.
    private mutating func perHead(
        _ operation: Operation,
        _ x: ValueID,
        constants: [ValueID]? = nil,
        _ body: (inout FunctionBuilder, ValueID, [ValueID]) throws(XIRError) -> ValueID
    ) throws(XIRError) -> ValueID {
        let type = dense.type(x)
        let flat = try row(x)
        var operands: [ValueID] = []
        for operand in constants ?? Array(operation.operands.dropFirst()) { operands.append(try constant(operand)) }
        if type.rank == 3 { return try body(&builder, flat, operands) }
        guard type.rank == 4 else { throw unsupported(operation, "is neither over rows nor over heads") }
        let heads = type.extents[2] == sequence ? type.extents[1] : type.extents[2]
        let tokens = builder.function.type(flat).extents[0]
        let split = try builder.value("reshape", [flat], ["shape": .extents([tokens, heads, type.extents[3]])])
        let result = try body(&builder, split, operands)
        return try builder.value("reshape", [result], ["shape": .extents(builder.function.type(flat).extents)])
    }

    /// True for reshapes that split or join heads behind [batch, sequence], and for the swap of heads and sequence.
    private func isRowPreserving(_ operation: Operation) -> Bool {
        let (from, to) = (dense.type(operation.operands[0]), dense.type(operation.results[0]))
        if operation.name == "transpose" {
            return operation.integers("permutation") == [0, 2, 1, 3]
                && (from.extents.starts(with: [batch, sequence])
                    || from.extents[0] == batch && from.extents[2] == sequence)
        }
        return from.extents.starts(with: [batch, sequence]) && to.extents.starts(with: [batch, sequence])
    }

    private mutating func attention(_ operation: Operation) throws(XIRError) -> ValueID {
        let layer = layers
        layers += 1
        let key = try row(current(operation.operands[1]))
        let value = try row(current(operation.operands[2]))
        let slots = try input(StepProgram.slots)
        let keyCache = try builder.value("cache_write", [input(StepProgram.keyCache(layer)), key, slots])
        let valueCache = try builder.value("cache_write", [input(StepProgram.valueCache(layer)), value, slots])
        guard let heads = dense.type(operation.operands[0]).extents[1].fixed else {
            throw unsupported(operation, "has no fixed number of heads")
        }
        let operands = [
            try row(operation.operands[0]), keyCache, valueCache, try input(StepProgram.sequenceStarts),
            try input(StepProgram.contextLengths), try input(StepProgram.blockTables),
        ]
        return try builder.value(
            "paged_attention",
            operands,
            ["heads": .integer(heads), "scale": operation.attributes["scale"] ?? .float(1)]
        )
    }

    /// The new keys (or values) of concat(past, new) along the third axis; without a past, all of them.
    private func current(_ value: ValueID) throws(XIRError) -> ValueID {
        guard let concat = definitions[value], concat.name == "concat" else { return value }
        guard concat.operands.count == 2, [2, -2].contains(concat.integer("axis") ?? 0),
            dense.parameters.contains(where: { $0.value == concat.operands[0] })
        else { throw unsupported(concat, "is not a past input followed by new keys or values") }
        return concat.operands[1]
    }

    /// A constant of the module (floating-point casts of it do not matter: kernels take what is stored).
    private mutating func constant(_ value: ValueID) throws(XIRError) -> ValueID {
        var source = value
        while let cast = definitions[source], cast.name == "cast" { source = cast.operands[0] }
        guard let operation = definitions[source], let name = operation.string("name"), operation.name == "constant",
            let constant = constants[name]
        else {
            throw XIRError(
                .verification,
                "a weight of type \(dense.type(value)) is computed in the graph, not constant"
            )
        }
        if let known = constantValues[name] { return known }
        let result = builder.constant(name, constant.type)
        constantValues[name] = result
        return result
    }
}
