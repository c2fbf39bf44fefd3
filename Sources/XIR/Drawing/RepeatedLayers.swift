/// The equal layers of a function: a part of its operations that stands there several times, each reading what the one before gave.
///
/// Constants are passed over, since each layer has its own. Cost: operations times the most that a layer may have.
struct RepeatedLayers: Sendable, Hashable {
    /// The first layer, as places in the list of operations without constants.
    let first: Range<Int>
    /// How many there are.
    let count: Int

    /// Operations of the layers behind the first.
    var others: Range<Int> { first.upperBound..<first.lowerBound + count * first.count }

    /// The place in the first layer of what does the same as the operation at `index`.
    func counterpart(of index: Int) -> Int {
        others.contains(index) ? first.lowerBound + (index - first.lowerBound) % first.count : index
    }

    private static let mostOperations = 1000

    /// The layers that leave fewest operations to draw; nil where nothing stands there twice.
    ///
    /// `operations` are those of the function that are not constants.
    init?(_ operations: [Operation], of function: Function) {
        let steps = Steps(operations, function)
        var found: (first: Range<Int>, count: Int)?
        for length in 1...max(1, min(Self.mostOperations, operations.count / 2)) {
            var index = 0
            while index + length < operations.count {
                var end = index
                while end + length < operations.count, steps.kinds[end] == steps.kinds[end + length] { end += 1 }
                let spared = (end - index) / length * length
                if spared > (found.map { ($0.count - 1) * $0.first.count } ?? 0),
                    let start = (index...end - spared).first(where: { start in
                        (1...spared / length).allSatisfy { steps.isEqual(start..<start + length, $0) }
                    })
                {
                    found = (start..<start + length, spared / length + 1)
                }
                index = end + 1
            }
        }
        guard let found else { return nil }
        (first, count) = found
    }

    /// What operations do, and where what they read comes from.
    private struct Steps {
        enum Source: Hashable {
            case constant
            case state
            case input(ValueID)
            case operation(Int, result: Int)
        }

        private(set) var sources: [[Source]] = []
        /// Equal for operations that differ at most in where their operands come from.
        private(set) var kinds: [Int] = []

        init(_ operations: [Operation], _ function: Function) {
            var known: [ValueID: Source] = [:]
            for parameter in function.parameters {
                known[parameter.value] = parameter.kind == .state ? .state : .input(parameter.value)
            }
            var numbers: [[String]: Int] = [:]
            for (index, operation) in operations.enumerated() {
                sources.append(operation.operands.map { known[$0] ?? .constant })
                for (place, result) in operation.results.enumerated() {
                    known[result] = .operation(index, result: place)
                }
                let types = (operation.operands + operation.results).map { function.type($0).description }
                let attributes = operation.attributes.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
                let kind = [operation.name] + types + attributes
                kinds.append(numbers[kind, default: numbers.count])
                numbers[kind] = kinds.last
            }
        }

        /// Whether the layer `number` behind the first one reads what the first reads, of its own or of the one before it.
        func isEqual(_ first: Range<Int>, _ number: Int) -> Bool {
            let distance = number * first.count
            return first.allSatisfy { index in
                zip(sources[index], sources[index + distance]).allSatisfy { one, other in
                    guard case .operation(let from, let result) = one, case .operation(let there, let place) = other
                    else { return one == other || isEntry(one, other, before: first.lowerBound + distance, first) }
                    if result == place, from + distance == there { return true }
                    return from < first.lowerBound
                        && (one == other || isEntry(one, other, before: first.lowerBound + distance, first))
                }
            }
        }

        /// Whether the first layer reads from before all layers what a later one reads from the one before itself.
        private func isEntry(_ one: Source, _ other: Source, before start: Int, _ first: Range<Int>) -> Bool {
            guard case .operation(let there, _) = other, (start - first.count..<start).contains(there) else {
                return false
            }
            if case .operation(let from, _) = one { return from < first.lowerBound }
            if case .input = one { return true }
            return false
        }
    }
}
