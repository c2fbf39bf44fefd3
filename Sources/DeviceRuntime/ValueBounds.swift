import Tensors
import XIR

/// What the lengths of a program's values may be, so that what fits at the limits fits whatever inputs bind.
struct ValueBounds {
    /// The largest value of each symbol, and the value of those that loading binds.
    let limits: [String: Int]
    /// Symbols that loading binds.
    var loadSymbols: Set<String>
    /// Symbols that follow from the shapes of inputs.
    private let inputSymbols: Set<String>

    private static let largestRank = 32

    init(_ limits: [String: Int], _ inputs: [ValueType], _ states: [ValueType]) {
        self.limits = limits
        loadSymbols = Set(states.flatMap(\.symbols))
        inputSymbols = Set(inputs.flatMap { $0.extents.compactMap(\.symbol) })
    }

    /// What is wrong with the type of an input, a constant or an intermediate value; nil when nothing is.
    func fault(of type: ValueType) -> String? {
        for symbol in type.symbols.sorted() {
            guard inputSymbols.contains(symbol) || loadSymbols.contains(symbol) else {
                return "of type \(type) mentions '\(symbol)', which neither inputs nor loading bind"
            }
            guard limits[symbol] != nil else { return "of type \(type) mentions '\(symbol)', which has no limit" }
        }
        return sizeFault(of: type)
    }

    /// The same for a state, whose symbols may be unknown until it is loaded.
    func fault(ofState type: ValueType) -> String? { sizeFault(of: type) }

    private func sizeFault(of type: ValueType) -> String? {
        guard type.rank <= Self.largestRank else { return "has \(type.rank) axes, more than \(Self.largestRank)" }
        // A length of 0 must not hide what the others come to.
        var byteCount = type.elementType.byteCount
        let bound = limits.merging(type.symbols.map { ($0, 1) }) { known, _ in known }
        for extent in type.extents {
            guard extent.isInRange, extent.isMonotonic, extent.fixed != 0 else {
                return
                    "of type \(type) has the length \(extent): none may be 0, be negative or fall as a symbol rises"
            }
            guard let length = extent.value(bound),
                case let (product, overflow) = byteCount.multipliedReportingOverflow(by: max(length, 1)), !overflow,
                product <= Program.largestByteCount
            else { return "of type \(type) is larger than \(Program.largestByteCount) bytes at the limits" }
            byteCount = product
        }
        return nil
    }

    /// What is wrong with the ranges that a step's attributes name; nil when nothing is.
    func fault(of operation: Operation, _ operands: [ValueType]) -> String? {
        guard operation.name == "slice", let x = operands.first,
            let axis = OperationDefinition.normalizedAxis(operation.integer("axis") ?? 0, rank: x.rank),
            let start = operation.extents("start")?.first, let end = operation.extents("end")?.first
        else { return nil }
        let spans = [start, end - start, x.extents[axis] - end]
        guard spans.allSatisfy({ ($0.least(limits) ?? -1) >= 0 }) else {
            return "takes \(start)..<\(end) of \(x.extents[axis]), which is not within it for all lengths of inputs"
        }
        return nil
    }
}
