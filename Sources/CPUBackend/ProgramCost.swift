import DeviceRuntime
import Tensors
import XIR

/// What a run of a program reads and computes at least, made ready at load so that a run only multiplies.
struct ProgramCost {
    /// Bytes of the constants that each run reads from end to end: all but tables that rows are looked up in.
    private var constantByteCount = 0
    /// Bytes of keys and values of one token, over all layers.
    private var cacheByteCountPerToken = 0
    /// Where the inputs have the lengths of the sequences.
    private var contextLengths: Int?
    /// Matrix products, those with the same rows together: rows, and operations for each of them.
    private var products: [(rows: Count, operations: Int)] = []

    private static let lookUps: Set<String> = ["embedding", "gather", "packed_embedding"]
    private static let productNames: Set<String> = ["linear", "packed_linear", "packed_swiglu"]

    init(_ program: Program, _ builder: KernelBuilder) throws(DeviceError) {
        var read: Set<Int> = []
        var places: [ArraySlice<Extent>: Int] = [:]
        for step in program.steps {
            for operand in step.operands where !Self.lookUps.contains(step.operation) {
                if case .constant(let position) = program.values[operand].place { read.insert(position) }
            }
            guard Self.productNames.contains(step.operation) else { continue }
            let (x, y) = (step.operands[0], step.results[0])
            let inputs = try builder.fixed(x, axis: builder.type(x).extents.count - 1, step)
            let outputs = try builder.fixed(y, axis: builder.type(y).extents.count - 1, step)
            let halves = step.operation == "packed_swiglu" ? 2 : 1
            let extents = builder.type(y).extents.dropLast()
            if let place = places[extents] {
                products[place].operations &+= 2 &* inputs &* outputs &* halves
            } else {
                places[extents] = products.count
                products.append((try builder.count(extents, step), 2 &* inputs &* outputs &* halves))
            }
        }
        constantByteCount = read.reduce(0) { $0 + program.constants[$1].tensor.byteCount }
        contextLengths = program.inputNames.firstIndex(of: StepProgram.contextLengths)
        for state in program.states {
            guard let type = state.type.bound(builder.loadSymbols), type.shape.rank == 4 else { continue }
            cacheByteCountPerToken += type.byteCount / max(1, type.shape[0] * type.shape[2])
        }
    }

    func readByteCount(_ inputs: [Tensor]) -> Int {
        guard let contextLengths else { return constantByteCount }
        let tokens = inputs[contextLengths].withBytes { $0.bindMemory(to: Int32.self).reduce(0) { $0 + Int($1) } }
        return constantByteCount + tokens * cacheByteCountPerToken
    }

    func operations(_ symbols: [Int]) -> Int { products.reduce(0) { $0 &+ $1.rows(symbols) &* $1.operations } }
}
