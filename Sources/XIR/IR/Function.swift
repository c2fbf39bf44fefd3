import Tensors

/// A value that an operation or a parameter defines exactly once.
package struct Value: Sendable, Hashable {
    package var type: ValueType
    /// How the text form calls it; nil takes the value's number.
    package var name: String?

    package init(_ type: ValueType, name: String? = nil) {
        self.type = type
        self.name = name
    }
}

/// What a function is given: an input of this call, or state that outlives calls and is updated in place.
package struct Parameter: Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable {
        case input, state
    }

    package var kind: Kind
    package var value: ValueID

    package init(_ kind: Kind, _ value: ValueID) {
        self.kind = kind
        self.value = value
    }
}

/// A named result of a function.
package struct FunctionResult: Sendable, Hashable {
    package var name: String
    package var value: ValueID

    package init(_ name: String, _ value: ValueID) {
        self.name = name
        self.value = value
    }
}

/// Operations in execution order, in static single assignment.
///
/// A state parameter that an operation updates yields a new value (`%cache.1 = cache_write(%cache, ...)`); the
/// update is in place when the program runs, so no operation may read the old value afterwards.
package struct Function: Sendable, Hashable {
    package var name: String
    package var parameters: [Parameter]
    package var operations: [Operation]
    package var results: [FunctionResult]
    package var values: [Value]

    package init(_ name: String) {
        self.name = name
        parameters = []
        operations = []
        results = []
        values = []
    }

    package subscript(id: ValueID) -> Value {
        get { values[id.index] }
        set { values[id.index] = newValue }
    }

    package func type(_ id: ValueID) -> ValueType { values[id.index].type }

    package mutating func makeValue(_ type: ValueType, name: String? = nil) -> ValueID {
        values.append(Value(type, name: name))
        return ValueID(values.count - 1)
    }

    /// The parameter with this name.
    package func parameter(named name: String) -> Parameter? {
        parameters.first { self[$0.value].name == name }
    }

    /// Drops values that nothing defines and numbers the rest in the order of their definition.
    ///
    /// Two functions that do the same in the same order are equal after this.
    package mutating func renumber() {
        var renumbered: [Value] = []
        var map: [ValueID: ValueID] = [:]
        func define(_ id: ValueID) -> ValueID {
            let new = ValueID(renumbered.count)
            renumbered.append(values[id.index])
            map[id] = new
            return new
        }
        for index in parameters.indices { parameters[index].value = define(parameters[index].value) }
        for index in operations.indices {
            operations[index].operands = operations[index].operands.map { map[$0] ?? $0 }
            operations[index].results = operations[index].results.map { define($0) }
        }
        for index in results.indices { results[index].value = map[results[index].value] ?? results[index].value }
        values = renumbered
    }
}
