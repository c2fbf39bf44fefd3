/// Where each value of a function is defined and used.
///
/// A snapshot: it knows nothing of changes that are made to the function later. Costs one walk over the operations.
package struct UseDefChains: Sendable {
    /// One place that reads a value: operand number `operand` of operation number `operation`.
    package typealias Use = (operation: Int, operand: Int)

    private var definitions: [ValueID: Int] = [:]
    private var readers: [ValueID: [Use]] = [:]
    private var results: Set<ValueID> = []

    package init(_ function: Function) {
        for (index, operation) in function.operations.enumerated() {
            for (position, operand) in operation.operands.enumerated() {
                readers[operand, default: []].append((operation: index, operand: position))
            }
            for result in operation.results { definitions[result] = index }
        }
        results = Set(function.results.map(\.value))
    }

    /// The operands that read a value, in execution order; results of the function are not among them.
    package func uses(of value: ValueID) -> [Use] { readers[value] ?? [] }

    /// The number of the operation that defines a value, or nil for a parameter.
    package func definition(of value: ValueID) -> Int? { definitions[value] }

    /// Whether the function gives the value back.
    package func isResult(_ value: ValueID) -> Bool { results.contains(value) }
}
