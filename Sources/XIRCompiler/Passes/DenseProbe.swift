import DeviceRuntime
import ReferenceBackend
import Tensors
import XIR

/// Evaluates one value of a dense decoder on the reference, for small lengths.
///
/// What a mask or a vector of positions means is found by looking at what comes out, so that every exporter's spelling
/// serves.
struct DenseProbe {
    /// The three lengths of a dense decoder, as they stand in its types.
    struct Lengths {
        var batch: Extent
        var sequence: Extent
        /// Past and sequence together.
        var total: Extent
    }

    /// Two rows of so many new tokens after so many past ones.
    struct Sample {
        var sequence: Int
        var past: Int
        var total: Int { sequence + past }

        static let all = [(1, 0), (5, 0), (1, 6), (4, 3)].map { Sample(sequence: $0.0, past: $0.1) }
    }

    struct Refusal: Error {
        var reason: String
    }

    let function: Function
    let constants: [String: Constant]
    let lengths: Lengths
    let value: ValueID
    /// What `value` is made from, in order.
    let operations: [Operation]
    /// The inputs that it reads.
    let inputs: [ValueID]

    init(_ value: ValueID, of function: Function, _ constants: [String: Constant], _ lengths: Lengths) {
        self.function = function
        self.constants = constants
        self.lengths = lengths
        self.value = value
        var needed: Set<ValueID> = [value]
        var operations: [Operation] = []
        for operation in function.operations.reversed() where operation.results.contains(where: needed.contains) {
            operations.append(operation)
            needed.formUnion(operation.operands)
        }
        self.operations = operations.reversed()
        inputs = function.parameters.map(\.value).filter(needed.contains)
    }

    /// The samples that these lengths can have: without a past, total and sequence are the same.
    var samples: [Sample] {
        Sample.all.filter { lengths.sequence != lengths.total || $0.past == 0 }
    }

    func name(_ input: ValueID) -> String { function[input].name ?? "?" }

    /// Whether an input says which keys are not padding.
    func isPaddingMask(_ input: ValueID) -> Bool {
        let type = function.type(input)
        guard type.rank == 2, type.extents[1] == lengths.total else { return false }
        return type.extents[1] != lengths.sequence || name(input).contains("mask")
    }

    /// Refuses inputs other than small tables of whole numbers.
    func checkInputs() throws(Refusal) {
        for input in inputs {
            let type = function.type(input)
            guard [.int32, .int64, .bool].contains(type.elementType), type.rank == 2 else {
                throw Refusal(reason: "it reads the input '\(name(input))' of type \(type)")
            }
        }
    }

    /// Elements of the largest value that is evaluated: a mask over some thousands of tokens, as exporters store it.
    private static let mostElements = 1 << 24

    /// The value for a sample, with `element(input, column)` in every row of each input.
    func evaluate(_ sample: Sample, _ element: (ValueID, Int) -> Int) throws(Refusal) -> Tensor {
        let symbols = try bindings(sample)
        var values: [ValueID: Tensor] = [:]
        for input in inputs {
            let type = try bound(input, symbols)
            let elements = (0..<type.shape.elementCount).map { element(input, $0 % type.shape[1]) }
            switch type.elementType {
            case .int64: values[input] = Tensor(elements.map { Int64($0) }, type.shape)
            case .bool: values[input] = Tensor(elements.map { $0 != 0 }, type.shape)
            default: values[input] = Tensor(elements.map { Int32($0) }, type.shape)
            }
        }
        for operation in operations {
            var types: [TensorType] = []
            for result in operation.results { types.append(try bound(result, symbols)) }
            do throws(DeviceError) {
                let results = try Interpreter.evaluate(
                    operation,
                    operation.operands.compactMap { values[$0] },
                    resultTypes: types,
                    symbols: symbols,
                    constants: constants
                )
                for (id, tensor) in zip(operation.results, results) { values[id] = tensor }
            } catch {
                throw Refusal(reason: "it cannot be evaluated: \(error)")
            }
        }
        guard let tensor = values[value] else { throw Refusal(reason: "it has no value") }
        return tensor
    }

    private func bound(_ value: ValueID, _ symbols: [String: Int]) throws(Refusal) -> TensorType {
        guard let type = function.type(value).bound(symbols) else {
            throw Refusal(reason: "a value \(function.type(value)) that it is made from has no known size")
        }
        guard type.shape.elementCount <= Self.mostElements else {
            throw Refusal(reason: "a value \(type) that it is made from is too large to be looked at")
        }
        return type
    }

    private func bindings(_ sample: Sample) throws(Refusal) -> [String: Int] {
        var symbols: [String: Int] = [:]
        for type in function.values.map(\.type) {
            for symbol in type.symbols { symbols[symbol] = sample.past }
        }
        if let symbol = lengths.batch.symbol { symbols[symbol] = 2 }
        if let symbol = lengths.sequence.symbol { symbols[symbol] = sample.sequence }
        if let symbol = lengths.total.symbol { symbols[symbol] = sample.total }
        guard lengths.sequence.value(symbols) == sample.sequence, lengths.total.value(symbols) == sample.total,
            let batch = lengths.batch.value(symbols), batch > 0
        else { throw Refusal(reason: "its lengths \(lengths.sequence) and \(lengths.total) are not free") }
        return symbols
    }
}
