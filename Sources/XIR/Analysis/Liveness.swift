/// From when to when each value of a function is needed, counted in operations.
package struct Liveness: Sendable {
    /// The life of one value.
    package struct Range: Sendable, Hashable {
        /// The operation that defines the value; -1 for a parameter.
        package var definition: Int
        /// The first and the last operation that read the value; nil when nothing does.
        ///
        /// A result of the function is read last of all, at the number of operations.
        package var firstUse: Int?
        package var lastUse: Int?

        package init(definition: Int, firstUse: Int? = nil, lastUse: Int? = nil) {
            self.definition = definition
            self.firstUse = firstUse
            self.lastUse = lastUse
        }
    }

    private var ranges: [ValueID: Range] = [:]

    package init(_ function: Function) {
        for parameter in function.parameters { ranges[parameter.value] = Range(definition: -1) }
        for (index, operation) in function.operations.enumerated() {
            for operand in operation.operands { read(operand, at: index) }
            for result in operation.results { ranges[result] = Range(definition: index) }
        }
        for result in function.results { read(result.value, at: function.operations.count) }
    }

    /// Nil for a value that the function does not define.
    package subscript(value: ValueID) -> Range? { ranges[value] }

    private mutating func read(_ value: ValueID, at index: Int) {
        guard let range = ranges[value] else { return }
        ranges[value]?.firstUse = range.firstUse ?? index
        ranges[value]?.lastUse = index
    }
}
