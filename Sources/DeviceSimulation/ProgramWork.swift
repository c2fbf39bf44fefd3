package import DeviceRuntime
import Tensors
import XIR

/// What the steps of a program move and compute, from their types alone.
package struct ProgramWork: Sendable {
    private let program: Program
    /// What was bound when the program was loaded.
    private let symbols: [String: Int]

    /// `symbols` are what `Device.load` is given.
    package init(_ program: Program, symbols: [String: Int] = [:]) {
        self.program = program
        self.symbols = symbols
    }

    /// The work of one step over a batch.
    ///
    /// Throws `.invalidProgram` for a value whose type mentions a symbol that nothing binds.
    package func step(_ batch: BatchShape) throws(DeviceError) -> StepWork {
        let symbols = symbols.merging(batch.symbols) { $1 }
        var step = StepWork()
        for index in program.steps.indices {
            if let kernel = try kernel(program.steps[index], batch, symbols) { step.kernels.append(kernel) }
        }
        for input in program.inputs { step.bytesToDevice += try bytes(input, symbols) }
        for output in program.outputs { step.bytesToHost += try bytes(output, symbols) }
        return step
    }

    /// Nil for steps that only say how values are seen.
    private func kernel(
        _ step: ProgramStep,
        _ batch: BatchShape,
        _ symbols: [String: Int]
    ) throws(DeviceError) -> KernelWork? {
        if step.operation == "reshape" { return nil }
        var kernel = KernelWork(step.operation, arithmetic: arithmetic(step))
        for operand in step.operands {
            switch program.values[operand].place {
            case .constant: kernel.weightBytes += try bytes(operand, symbols)
            case .input, .arena: kernel.activationBytes += try bytes(operand, symbols)
            case .state: break
            }
        }
        var elements = 0.0
        for result in step.results {
            if case .state = program.values[result].place { continue }
            kernel.activationBytes += try bytes(result, symbols)
            elements += Double(try shape(result, symbols).elementCount)
        }
        if let result = step.results.first {
            kernel.rows = elements / Double(max(1, try shape(result, symbols).dimensions.last ?? 1))
        }
        switch step.operation {
        case "linear", "matmul", "quantized_linear", "packed_linear":
            kernel.operations = 2 * elements * Double(try shape(step.operands[0], symbols).dimensions.last ?? 1)
            kernel.elements = Double(try shape(step.operands[0], symbols).elementCount)
        case "packed_swiglu":
            // Two products, of which one goes through the sigmoid.
            kernel.operations = 4 * elements * Double(try shape(step.operands[0], symbols).dimensions.last ?? 1)
            kernel.elements = Double(try shape(step.operands[0], symbols).elementCount)
        case "embedding", "quantized_embedding", "packed_embedding", "gather":
            // Of the table only the rows that are asked for.
            kernel.weightBytes = try tableBytes(step, rows: elements, symbols)
        case "paged_attention":
            kernel.rows = try queries(step, batch)
            kernel.cacheBytes = try cacheBytes(step.operands[1], batch) + cacheBytes(step.operands[2], batch)
            let width = Double(try shape(step.operands[0], symbols).dimensions.last ?? 1)
            // Scores and weighted sums: two products over each pair of a row and a token.
            kernel.operations = 4 * batch.attended * width
            kernel.elements = batch.attended * Double(step.integer("heads") ?? 1)
        case "cache_write", "rotary_cache_write":
            for operand in step.operands {
                if case .state = program.values[operand].place {
                    kernel.cacheBytes += try tokenBytes(operand) * Double(batch.tokens)
                }
            }
            kernel.operations = Self.operationsPerElement * elements
        default:
            kernel.operations = Self.operationsPerElement * elements
        }
        return kernel
    }

    /// Of operations that work element by element, about: they wait for memory wherever they run.
    private static let operationsPerElement = 8.0

    /// How the operation multiplies: by its weights' form where it has some, and by its operands' type otherwise.
    private func arithmetic(_ step: ProgramStep) -> DeviceDescriptor.Arithmetic {
        if case .string(let packing)? = step.attributes["packing"] {
            return DeviceDescriptor.Arithmetic(rawValue: packing) ?? .float32
        }
        if step.operation == "quantized_linear" { return .int8 }
        guard let first = step.operands.first else { return .float32 }
        switch program.values[first].type.elementType {
        case .float16: return .float16
        case .bfloat16: return .bfloat16
        case .int8, .uint8: return .int8
        default: return .float32
        }
    }

    private func shape(_ value: Int, _ symbols: [String: Int]) throws(DeviceError) -> Shape {
        let type = program.values[value].type
        guard let bound = type.bound(symbols) else {
            throw DeviceError(.invalidProgram, "\(program.name): nothing binds the symbols of value \(value), \(type)")
        }
        return bound.shape
    }

    private func bytes(_ value: Int, _ symbols: [String: Int]) throws(DeviceError) -> Double {
        Double(try shape(value, symbols).elementCount * program.values[value].type.elementType.byteCount)
    }

    /// Bytes of a look-up's rows: as many of the table's as the result has.
    private func tableBytes(
        _ step: ProgramStep,
        rows elements: Double,
        _ symbols: [String: Int]
    ) throws(DeviceError) -> Double {
        var bytes = 0.0
        let width = Double(try shape(step.results[0], symbols).dimensions.last ?? 1)
        for operand in step.operands {
            guard case .constant = program.values[operand].place else { continue }
            let all = try self.bytes(operand, symbols)
            let rows = try shape(operand, symbols).dimensions.first ?? 1
            let features = Double(step.integer("features") ?? rows)
            bytes += all / features * (elements / width)
        }
        return bytes
    }

    /// Queries that read the same keys: the rows of a sequence times the query heads for each head of the cache.
    private func queries(_ step: ProgramStep, _ batch: BatchShape) throws(DeviceError) -> Double {
        let heads = step.integer("heads") ?? 1
        let group = program.values[step.operands[1]].type.extents[1].fixed.map { max(1, heads / max(1, $0)) } ?? 1
        return Double(group * (batch.sequences.map(\.rows).max() ?? 1))
    }

    /// Bytes of a cache that a batch's contexts fill.
    private func cacheBytes(_ value: Int, _ batch: BatchShape) throws(DeviceError) -> Double {
        let tokens = batch.sequences.reduce(0.0) { $0 + ($1.rows > 0 ? Double($1.context) : 0) }
        return try tokenBytes(value) * tokens
    }

    /// Bytes of one token in a cache `[blocks, kv_heads, block, row]`.
    private func tokenBytes(_ value: Int) throws(DeviceError) -> Double {
        let type = program.values[value].type
        guard let row = CacheRow(of: type), let heads = type.extents[1].fixed else {
            throw DeviceError(.invalidProgram, "\(program.name): value \(value), \(type), is no cache")
        }
        return Double(row.byteCount * heads)
    }
}

extension ProgramStep {
    fileprivate func integer(_ name: String) -> Int? {
        if case .integer(let value)? = attributes[name] { return value }
        return nil
    }
}
