package import Tensors
package import XIR

/// A compiled function: a flat list of steps over values that have their places already.
///
/// A value's type may mention symbols (`tokens`, `sequences`, ...); a run binds them to the shapes of its inputs, never
/// above `limits`, for which the arena is sized. State keeps its contents from run to run.
package struct Program: Sendable, Hashable {
    package var name: String
    package var values: [ProgramValue]
    /// Value numbers of what a run is given, in order.
    package var inputs: [Int]
    /// Value numbers of what a run gives back, in order.
    package var outputs: [Int]
    /// Names of inputs and outputs, in the same order.
    package var inputNames: [String]
    package var outputNames: [String]
    /// What outlives a run, such as key and value caches.
    package var states: [ProgramState]
    package var constants: [ProgramConstant]
    package var steps: [ProgramStep]
    /// The largest value of each symbol that inputs may bind.
    package var limits: [String: Int]
    /// Bytes of the arena that holds all intermediate values of one run at the limits.
    package var arenaByteCount: Int

    package init(
        name: String,
        values: [ProgramValue] = [],
        inputs: [Int] = [],
        outputs: [Int] = [],
        inputNames: [String] = [],
        outputNames: [String] = [],
        states: [ProgramState] = [],
        constants: [ProgramConstant] = [],
        steps: [ProgramStep] = [],
        limits: [String: Int] = [:],
        arenaByteCount: Int = 0
    ) {
        self.name = name
        self.values = values
        self.inputs = inputs
        self.outputs = outputs
        self.inputNames = inputNames
        self.outputNames = outputNames
        self.states = states
        self.constants = constants
        self.steps = steps
        self.limits = limits
        self.arenaByteCount = arenaByteCount
    }
}

/// One value of a program: its type and where it lives.
package struct ProgramValue: Sendable, Hashable {
    package enum Place: Sendable, Hashable {
        /// Position in `Program.inputs`.
        case input(Int)
        /// Position in `Program.constants`.
        case constant(Int)
        /// Position in `Program.states`; every version of a state has the same place.
        case state(Int)
        /// Bytes from the start of the arena.
        case arena(offset: Int)
    }

    package var type: ValueType
    package var place: Place

    package init(_ type: ValueType, _ place: Place) {
        self.type = type
        self.place = place
    }
}

/// State that a device keeps for a program; `type` may mention symbols that are bound when the program is loaded.
package struct ProgramState: Sendable, Hashable {
    package var name: String
    package var type: ValueType

    package init(_ name: String, _ type: ValueType) {
        self.name = name
        self.type = type
    }
}

/// A weight or other constant.
package struct ProgramConstant: Sendable, Hashable {
    package var name: String
    package var tensor: Tensor

    package init(_ name: String, _ tensor: Tensor) {
        self.name = name
        self.tensor = tensor
    }
}

/// One kernel call: an XIR operation over value numbers.
package struct ProgramStep: Sendable, Hashable {
    package var operation: String
    package var operands: [Int]
    package var results: [Int]
    package var attributes: [String: Attribute]

    package init(_ operation: String, _ operands: [Int], results: [Int], attributes: [String: Attribute] = [:]) {
        self.operation = operation
        self.operands = operands
        self.results = results
        self.attributes = attributes
    }
}

extension Program {
    /// The symbols' values for inputs of these shapes.
    ///
    /// Throws `.invalidInput` when a count, an element type or a shape does not fit, when two inputs disagree about a
    /// symbol, or when a symbol is above its limit.
    package func bind(_ inputs: [Tensor]) throws(DeviceError) -> [String: Int] {
        guard inputs.count == self.inputs.count else {
            throw DeviceError(.invalidInput, "\(name): takes \(self.inputs.count) inputs, was given \(inputs.count)")
        }
        var symbols: [String: Int] = [:]
        for (position, tensor) in inputs.enumerated() {
            let type = values[self.inputs[position]].type
            let label = "\(name): input '\(inputNames[position])'"
            guard tensor.elementType == type.elementType, tensor.shape.rank == type.rank else {
                throw DeviceError(.invalidInput, "\(label) must be \(type), not \(tensor.type)")
            }
            for (axis, extent) in type.extents.enumerated() where symbols[extent.symbol ?? ""] == nil {
                guard let symbol = extent.symbol else { continue }
                symbols[symbol] = tensor.shape[axis]
                if let limit = limits[symbol], tensor.shape[axis] > limit {
                    throw DeviceError(
                        .invalidInput,
                        "\(label): \(symbol) is \(tensor.shape[axis]), above the limit \(limit)"
                    )
                }
            }
        }
        for (position, tensor) in inputs.enumerated() {
            let type = values[self.inputs[position]].type
            guard type.bound(symbols)?.shape == tensor.shape else {
                throw DeviceError(
                    .invalidInput,
                    "\(name): input '\(inputNames[position])' must be \(type), not \(tensor.type), where \(symbols.sorted { $0.key < $1.key }.map { "\($0.key) = \($0.value)" }.joined(separator: ", "))"
                )
            }
        }
        return symbols
    }
}
