import Tensors
import XIR

/// Factors that move large channels of activations into the weights that take them, before these are quantised (SmoothQuant,
/// Xiao et al., 2023).
///
/// Channel j of what a product takes is divided by s(j), and column j of its weights multiplied by it. The division costs
/// nothing: it goes into what makes the channel, the weights of an RMSNorm, the rows of `up` before a SwiGLU, or the rows of
/// the values before attention. `SmoothingFactors` chooses s(j), powers of two, which change no bits of a floating-point
/// weight, from the largest magnitudes of a channel's activations and weights. Activations are taken as measured, or else as
/// their makers' weights let expect for random inputs.
///
/// Left alone is what others use as well: weights that two operations share, and channels that do not come from one of those.
struct Smoothing {
    /// What a matrix's rows and columns are multiplied with; nil for all ones.
    struct Factors {
        var rows: [Float]?
        var columns: [Float]?
    }

    /// By the matrix's name.
    private(set) var matrices: [String: Factors] = [:]
    /// What vectors, the weights of norms and biases, are multiplied with, by the operation that takes them.
    private(set) var vectors: [ValueID: [Float]] = [:]
    /// The largest magnitude that a matrix with factors comes to have.
    private(set) var largest: Float = 0

    private let function: Function
    private let constants: [String: Constant]
    private let ranges: ActivationRanges?
    private let choice: SmoothingFactors
    private let chains: UseDefChains
    private var readers: [String: Int] = [:]

    /// Finds the factors of a step function that is recognised and not yet fused.
    ///
    /// Cost: reads each matrix once or twice.
    init(
        _ function: Function,
        constants: [String: Constant],
        ranges: ActivationRanges?,
        choice: SmoothingFactors
    ) {
        self.function = function
        self.constants = constants
        self.ranges = ranges
        self.choice = choice
        chains = UseDefChains(function)
        for operation in function.operations where operation.name == "constant" {
            let uses = chains.uses(of: operation.results[0]).count
            if let name = operation.string("name") { readers[name, default: 0] += uses }
        }
        // Rows first: they change the magnitudes in the columns.
        for operation in function.operations where operation.name == "linear" {
            smoothGated(operation)
            smoothAttended(operation)
        }
        for operation in function.operations where operation.name == "rms_norm" { smoothNormed(operation) }
        for (name, factors) in matrices {
            guard let maxima = constants[name]?.tensor?.columnMaxima(rows: factors.rows) else { continue }
            let columns = factors.columns ?? maxima.map { _ in 1 }
            largest = zip(maxima, columns).map(*).reduce(largest, max)
        }
    }

    // MARK: Where factors may go

    /// Weights of a norm, for the products that take what it gives.
    private mutating func smoothNormed(_ norm: Operation) {
        let uses = chains.uses(of: norm.results[0])
        let takers = uses.map { function.operations[$0.operation] }
        guard !chains.isResult(norm.results[0]), !takers.isEmpty, uses.allSatisfy({ $0.operand == 0 }),
            let weight = vector(norm.operands[1])
        else { return }
        let products = takers.compactMap { product($0) }
        guard products.count == takers.count else { return }
        var (columns, activations) = ([Float](repeating: 0, count: weight.count), weight.map(\.magnitude))
        for product in products {
            guard let maxima = product.tensor.columnMaxima(rows: matrices[product.name]?.rows) else { return }
            columns = zip(columns, maxima).map(max)
        }
        if let measured = ranges?.magnitudes[products[0].name] { activations = measured }
        guard let factors = choice.choose(activations: activations, weights: columns) else { return }
        for product in products { matrices[product.name, default: Factors()].columns = factors }
        vectors[norm.results[0]] = factors.map { 1 / $0 }
    }

    /// Rows of `up` in swiglu(gate, up), for the product that takes it.
    private mutating func smoothGated(_ taker: Operation) {
        guard let down = product(taker), let swiglu = maker(of: taker.operands[0], "swiglu"),
            swiglu.operands.count == 2,
            let upward = maker(of: swiglu.operands[1], "linear"), let up = product(upward),
            let columns = down.tensor.columnMaxima(rows: nil)
        else { return }
        var activations = ranges?.magnitudes[down.name]
        if activations == nil, let gate = maker(of: swiglu.operands[0], "linear").flatMap({ product($0) }) {
            let inputs = inputMagnitudes(upward)
            activations = zip(gate.tensor.rowNorms(columns: inputs), up.tensor.rowNorms(columns: inputs)).map(*)
        }
        guard let activations, let factors = choice.choose(activations: activations, weights: columns) else { return }
        matrices[down.name, default: Factors()].columns = factors
        divideRows(of: upward, up.name, by: factors)
    }

    /// Rows of the values, for the product that takes what attention gives; query heads that share a value head share factors.
    private mutating func smoothAttended(_ taker: Operation) {
        guard let output = product(taker), let attention = maker(of: taker.operands[0], "paged_attention"),
            let write = definition(attention.operands[2]), write.name == "cache_write",
            let made = maker(of: write.operands[1], "linear"), let values = product(made),
            let columns = output.tensor.columnMaxima(rows: nil), let heads = attention.integer("heads"),
            heads > 0, columns.count % heads == 0
        else { return }
        let headDim = columns.count / heads
        let kvHeads = values.tensor.shape[0] / headDim
        guard kvHeads > 0, kvHeads * headDim == values.tensor.shape[0], heads % kvHeads == 0 else { return }
        let channels = columns.indices.map { $0 / headDim / (heads / kvHeads) * headDim + $0 % headDim }
        var weights = [Float](repeating: 0, count: kvHeads * headDim)
        var activations = weights
        for (column, magnitude) in columns.enumerated() {
            weights[channels[column]] = max(weights[channels[column]], magnitude)
        }
        if let measured = ranges?.magnitudes[output.name] {
            for (column, magnitude) in measured.enumerated() {
                activations[channels[column]] = max(activations[channels[column]], magnitude)
            }
        } else {
            activations = values.tensor.rowNorms(columns: inputMagnitudes(made))
        }
        guard let factors = choice.choose(activations: activations, weights: weights, channels: channels) else {
            return
        }
        matrices[output.name, default: Factors()].columns = channels.map { factors[$0] }
        divideRows(of: made, values.name, by: factors)
    }

    private mutating func divideRows(of product: Operation, _ name: String, by factors: [Float]) {
        let inverse = factors.map { 1 / $0 }
        matrices[name, default: Factors()].rows = inverse
        if product.operands.count > 2 { vectors[product.results[0]] = inverse }
    }

    // MARK: Looking around

    private func definition(_ value: ValueID) -> Operation? {
        chains.definition(of: value).map { function.operations[$0] }
    }

    /// The operation of this name that makes a value which nothing else uses, through changes of shape alone.
    private func maker(of value: ValueID, _ name: String) -> Operation? {
        guard let operation = definition(value), chains.uses(of: value).count == 1, !chains.isResult(value) else {
            return nil
        }
        if operation.name == "reshape" { return maker(of: operation.operands[0], name) }
        return operation.name == name ? operation : nil
    }

    /// A product with weights of its own, and a bias that is a constant if it has one.
    private func product(_ operation: Operation) -> (name: String, tensor: Tensor)? {
        guard operation.name == "linear", let constant = definition(operation.operands[1]),
            let name = constant.string("name"), readers[name] == 1, let tensor = constants[name]?.tensor,
            tensor.elementType.isFloatingPoint, operation.operands.dropFirst(2).allSatisfy({ vector($0) != nil })
        else { return nil }
        return (name, tensor)
    }

    private func vector(_ value: ValueID) -> [Float]? {
        guard let name = definition(value)?.string("name"), let tensor = constants[name]?.tensor, tensor.shape.rank == 1
        else { return nil }
        return tensor.floats
    }

    /// What a product's channels are like for a random input: the weights of the norm before it, or ones.
    private func inputMagnitudes(_ product: Operation) -> [Float] {
        if let norm = definition(product.operands[0]), norm.name == "rms_norm", let weight = vector(norm.operands[1]) {
            return weight
        }
        let width = function.type(product.operands[1]).extents[1].fixed ?? 0
        return [Float](repeating: 1, count: width)
    }
}

extension Tensor {
    /// The largest magnitude in each column of a matrix, its rows multiplied first; nil when one is not finite.
    fileprivate func columnMaxima(rows factors: [Float]?) -> [Float]? {
        var (row, maxima) = ([Float](repeating: 0, count: shape[1]), [Float](repeating: 0, count: shape[1]))
        for r in 0..<shape[0] {
            copyRow(r, to: &row)
            let factor = factors?[r] ?? 1
            row.withUnsafeBufferPointer { row in
                maxima.withUnsafeMutableBufferPointer { maxima in
                    for i in maxima.indices {
                        let magnitude = row[i].magnitude * factor
                        // NaN is not below anything, and so stays.
                        maxima[i] = magnitude <= maxima[i] ? maxima[i] : magnitude
                    }
                }
            }
        }
        discard()
        return maxima.allSatisfy(\.isFinite) ? maxima : nil
    }

    /// The length of each row of a matrix, its columns multiplied first.
    fileprivate func rowNorms(columns factors: [Float]) -> [Float] {
        var row = [Float](repeating: 0, count: shape[1])
        let norms = (0..<shape[0]).map { r in
            copyRow(r, to: &row)
            var sum = SIMD8<Float>()
            var i = 0
            while i + 8 <= row.count {
                var product = SIMD8<Float>()
                for lane in 0..<8 { product[lane] = row[i + lane] * factors[i + lane] }
                sum += product * product
                i += 8
            }
            var rest = sum.sum()
            while i < row.count {
                rest += row[i] * factors[i] * row[i] * factors[i]
                i += 1
            }
            return rest.squareRoot()
        }
        discard()
        return norms
    }
}
