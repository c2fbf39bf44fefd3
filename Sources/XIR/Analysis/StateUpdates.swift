/// An operand that an operation overwrites in place, and the result that is its new version.
package struct StateUpdate: Sendable, Hashable {
    package var old: ValueID
    package var new: ValueID
}

extension Operation {
    /// The states that this operation updates: its last results are the new versions, in the order of
    /// `OperationDefinition.updates`.
    ///
    /// Empty for unknown operations and for those whose counts do not fit.
    package var stateUpdates: [StateUpdate] {
        guard let updates = OperationTable.standard[name]?.updates, results.count >= updates.count,
            updates.allSatisfy(operands.indices.contains)
        else { return [] }
        return zip(updates, results.suffix(updates.count)).map { StateUpdate(old: operands[$0], new: $1) }
    }
}
