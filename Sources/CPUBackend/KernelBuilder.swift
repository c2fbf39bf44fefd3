import CKernels
import DeviceRuntime
import Tensors
import XIR

/// Turns the steps of a program into kernels and collects what they need at run time.
struct KernelBuilder {
    let program: Program
    let threadCount: Int
    /// Numbers of the symbols that runs bind.
    let symbolNumbers: [String: Int]
    /// Values of the symbols that are bound at load.
    let loadSymbols: [String: Int]

    private(set) var kernels: [Kernel] = []
    /// The operation that each kernel computes.
    private(set) var operations: [String] = []
    /// What inputs must satisfy before kernels may use them as indices.
    private(set) var checks: Set<InputCheck> = []
    /// Floats of scratch for each thread, and for all threads together, enough for the greediest step.
    private(set) var threadScratchCount = 0
    private(set) var sharedScratchCount = 0
    /// Floats of each table.
    private(set) var tableCounts: [Int] = []
    private var rotaryTables: [RotaryTable: Int] = [:]

    /// The step being built.
    private var index = 0
    /// What the next step's kernel begins with.
    private var norm: RowNorm?

    init(_ program: Program, symbols: [String: Int], threadCount: Int) {
        self.program = program
        self.threadCount = threadCount
        loadSymbols = symbols
        let mentioned = program.values.reduce(into: Set<String>()) { $0.formUnion($1.type.symbols) }
        let names = mentioned.subtracting(symbols.keys).sorted()
        symbolNumbers = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
    }

    /// Throws `.unsupported` naming the step that has no kernel here.
    mutating func build() throws(DeviceError) {
        for (index, step) in program.steps.enumerated() {
            self.index = index
            guard let factory = KernelTable.factories[step.operation] else {
                throw unsupported(
                    step,
                    "the operation has no kernel on the CPU; fuse it away or use --device reference"
                )
            }
            try requireFloat32(step)
            if !KernelTable.worksInPlace.contains(step.operation) { try requireApart(step) }
            if let kernel = try factory(step, &self) {
                kernels.append(kernel)
                operations.append(step.operation)
            }
        }
    }

    /// Leaves a normalisation to the kernel of the next step, if that is a packed product and nothing else takes the rows:
    /// a thread then packs the rows that it has just normalised, and waits for the others once instead of twice.
    mutating func leave(_ norm: RowNorm) -> Bool {
        guard index + 1 < program.steps.count, !program.outputs.contains(norm.y) else { return false }
        let next = program.steps[index + 1]
        let uses = program.steps.reduce(0) { $0 + $1.operands.count { $0 == norm.y } }
        guard ["packed_linear", "packed_swiglu"].contains(next.operation), next.operands[0] == norm.y, uses == 1 else {
            return false
        }
        self.norm = norm
        return true
    }

    /// The normalisation that was left to the step being built.
    mutating func takeNorm() -> RowNorm? {
        defer { norm = nil }
        return norm
    }

    func unsupported(_ step: ProgramStep, _ reason: String) -> DeviceError {
        let operands = step.operands.map { program.values[$0].type.description }.joined(separator: ", ")
        return DeviceError(.unsupported, "step \(index) '\(step.operation)' (\(operands)): \(reason)")
    }

    func type(_ value: Int) -> ValueType { program.values[value].type }

    /// The length of an axis that no run changes.
    func fixed(_ value: Int, axis: Int, _ step: ProgramStep) throws(DeviceError) -> Int {
        let extent = type(value).extents[axis]
        guard let length = extent.value(loadSymbols) else {
            throw unsupported(step, "axis \(axis) of \(type(value)) must be fixed")
        }
        return length
    }

    /// The number of elements in the axes before the last `dropping`.
    func rows(_ value: Int, dropping: Int, _ step: ProgramStep) throws(DeviceError) -> Count {
        try count(type(value).extents.dropLast(dropping), step)
    }

    func count(_ extents: some Sequence<Extent>, _ step: ProgramStep) throws(DeviceError) -> Count {
        let bound = extents.map { extent in extent.value(loadSymbols).map { Extent($0) } ?? extent }
        guard let count = Count(bound, symbols: symbolNumbers) else {
            throw unsupported(step, "its extents mention a symbol that neither inputs nor the load bind")
        }
        return count
    }

    /// The largest value of a count of elements, at the limits.
    func most(_ value: Int, _ step: ProgramStep) throws(DeviceError) -> Int {
        guard let type = type(value).bound(program.limits.merging(loadSymbols) { $1 }) else {
            throw unsupported(step, "the program has no limit for a symbol of \(type(value))")
        }
        return type.shape.elementCount
    }

    /// How the kernels call an element type.
    func storage(_ value: Int, _ step: ProgramStep) throws(DeviceError) -> ck_type_t {
        switch type(value).elementType {
        case .float32: return CK_F32
        case .float16: return CK_F16
        case .bfloat16: return CK_BF16
        default: throw unsupported(step, "\(type(value)) must be f32, f16 or bf16")
        }
    }

    /// Requires a 32-bit integer input or constant, which `check` looks at before each run.
    mutating func indices(_ value: Int, _ step: ProgramStep, _ check: InputCheck) throws(DeviceError) {
        guard type(value).elementType == .int32 else { throw unsupported(step, "\(type(value)) must be i32") }
        switch program.values[value].place {
        case .input, .constant: checks.insert(check)
        case .state, .arena: throw unsupported(step, "indices must be inputs of the program or constants")
        }
    }

    /// Asks for scratch: floats for each thread, and floats for all together.
    mutating func needScratch(perThread: Int, shared: Int = 0) {
        threadScratchCount = max(threadScratchCount, perThread)
        sharedScratchCount = max(sharedScratchCount, shared)
    }

    /// The number of the table of cosines and sines for these positions, which a step of its own fills at first use.
    mutating func rotaryTable(_ table: RotaryTable, _ step: ProgramStep) throws(DeviceError) -> Int {
        if let number = rotaryTables[table] { return number }
        let number = tableCounts.count
        rotaryTables[table] = number
        tableCounts.append(2 * (try most(table.positions, step)) * table.half)
        kernels.append(table.kernel(number, rows: try rows(table.positions, dropping: 0, step)))
        operations.append("rotary_table")
        return number
    }

    /// Activations are f32 here, although XIR also allows f16.
    private func requireFloat32(_ step: ProgramStep) throws(DeviceError) {
        guard let operands = KernelTable.activations[step.operation] else { return }
        let values = operands.filter { $0 < step.operands.count }.map { step.operands[$0] } + step.results.prefix(1)
        for value in values where type(value).elementType == .float16 {
            if case .state = program.values[value].place { continue }
            throw unsupported(
                step,
                "the CPU computes in f32, and this program in f16: compile the model without --target kunlun"
            )
        }
    }

    /// A result may not share memory with an operand, since kernels read operands while they write results.
    private func requireApart(_ step: ProgramStep) throws(DeviceError) {
        for result in step.results {
            guard case .arena(let start) = program.values[result].place else { continue }
            let end = start + (try most(result, step)) * type(result).elementType.byteCount
            for operand in step.operands {
                guard case .arena(let offset) = program.values[operand].place else { continue }
                let operandEnd = offset + (try most(operand, step)) * type(operand).elementType.byteCount
                if max(start, offset) < min(end, operandEnd) {
                    throw unsupported(step, "value \(result) overlaps operand \(operand) in the arena")
                }
            }
        }
    }
}
