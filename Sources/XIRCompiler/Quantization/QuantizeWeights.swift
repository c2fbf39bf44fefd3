import DeviceRuntime
import Tensors
package import XIR

/// Turns the weights of `linear` and `embedding` into whole numbers with a scale for each group of inputs.
///
/// Symmetric: scale = largest magnitude / 127, rounded up to float16, and weight = round(w / scale), ties to even; for 4 bits
/// largest magnitude / 7 or somewhat less, whichever has the least squared error. Where it is asked for, large
/// channels of activations are first moved into the weights (`Smoothing`). Vectors (norms, biases) stay in floating point. A matrix with numbers that are not
/// finite, or too large for a float16 scale, is refused and stays as it is.
package struct QuantizeWeights: Pass {
    package let name = "quantize-weights"
    /// What the name of a matrix in whole numbers ends with.
    static let numbersSuffix = ".numbers"

    let largest: Int
    /// Inputs that share a scale; nil for one scale, in float32, for each row, and look-ups left as they are.
    let group: Int?
    let smooths: Bool
    let ranges: ActivationRanges?

    /// `bits` is 8 or 4; a `group` of nil is what Kunlun takes; `ranges` are measured activations to smooth by, where there are any.
    package init(bits: Int, group: Int?, smooths: Bool = false, ranges: ActivationRanges? = nil) {
        largest = bits == 4 ? 7 : 127
        self.group = group
        self.smooths = smooths
        self.ranges = ranges
    }

    /// The pass that these options ask for, if any.
    package init?(_ options: CompilerOptions) {
        guard case .packed(let packing, let group) = options.weights, packing != .bfloat16 else { return nil }
        let bits = packing == .int4 ? 4 : 8
        self.init(
            bits: bits,
            group: options.target == .kunlun ? nil : group,
            smooths: options.smooth,
            ranges: options.activationRanges
        )
    }

    package func run(on module: inout Module) throws(CompilerError) -> PassOutcome {
        var outcome = PassOutcome()
        var constants = module.constants
        for index in module.functions.indices {
            let function = module.functions[index]
            let smoothing = smoothing(of: function, constants)
            var rewriter = FunctionRewriter(function)
            do throws(XIRError) {
                module.functions[index] = try rewriter.rebuild { (operation, rewriter) throws(XIRError) in
                    switch operation.name {
                    case "embedding" where group == nil: nil
                    case "linear", "embedding":
                        try quantize(operation, smoothing, &rewriter, &constants, &outcome)
                    case "rms_norm":
                        try smoothing?.vectors[operation.results[0]].flatMap { factors throws(XIRError) in
                            guard let weight = multiplied(operation.operands[1], factors, &rewriter, &constants) else {
                                return nil
                            }
                            return try rewriter.append(
                                "rms_norm",
                                [operation.operands[0], weight],
                                operation.attributes
                            )
                        }
                    default: nil
                    }
                }
            } catch {
                throw CompilerError(.invalidModule, "\(name): \(error.message)", cause: error)
            }
        }
        module.constants = constants
        module.removeUnusedConstants()
        return outcome
    }

    /// How channels move between weights first; nil for not at all.
    func smoothing(of function: Function, _ constants: [String: Constant]) -> Smoothing? {
        guard smooths else { return nil }
        let choice = SmoothingFactors(group: group ?? 1 << 30, largest: largest)
        let smoothing = Smoothing(function, constants: constants, ranges: ranges, choice: choice)
        // All or nothing: a factor on one side without its inverse on the other would change the model.
        return smoothing.largest <= Float(largest) * QuantizedWeights.largestScale ? smoothing : nil
    }

    private func quantize(
        _ operation: Operation,
        _ smoothing: Smoothing?,
        _ rewriter: inout FunctionRewriter,
        _ constants: inout [String: Constant],
        _ outcome: inout PassOutcome
    ) throws(XIRError) -> [ValueID]? {
        guard let name = rewriter.definition(operation.operands[1], "constant")?.string("name"),
            let tensor = constants[name]?.tensor, tensor.elementType.isFloatingPoint
        else { return nil }
        guard rewriter.type(operation.operands[0]).elementType != .int64 else {
            outcome.refuse("'\(operation.name)' takes numbers of 64 bits")
            return nil
        }
        let inputs = tensor.shape[1]
        let (numbers, scales) = (name + Self.numbersSuffix, "\(name).scales")
        if constants[numbers] == nil {
            let factors = smoothing?.matrices[name]
            guard let quantized = QuantizedWeights(tensor, largest: largest, group: group, factors: factors) else {
                outcome.refuse("'\(name)' has numbers that are not finite, or too large for a float16 scale")
                return nil
            }
            constants[numbers] = .tensor(quantized.numbers)
            constants[scales] = .tensor(quantized.scales)
        }
        outcome.rewrites += 1
        guard let first = constants[numbers], let second = constants[scales] else { return nil }
        var operands = [operation.operands[0], rewriter.constant(numbers, first), rewriter.constant(scales, second)]
        operands += operation.operands.dropFirst(2).map { bias in
            smoothing?.vectors[operation.results[0]].flatMap { multiplied(bias, $0, &rewriter, &constants) } ?? bias
        }
        return try rewriter.append("quantized_\(operation.name)", operands, ["group": .integer(group ?? inputs)])
    }

    /// A vector that is a constant, multiplied; nil when it is not one.
    private func multiplied(
        _ vector: ValueID,
        _ factors: [Float],
        _ rewriter: inout FunctionRewriter,
        _ constants: inout [String: Constant]
    ) -> ValueID? {
        guard let name = rewriter.definition(vector, "constant")?.string("name"), let tensor = constants[name]?.tensor
        else { return nil }
        let constant = Constant.tensor(Tensor(zip(tensor.floats, factors).map(*), tensor.shape))
        var (fresh, number) = ("\(name).smoothed", 1)
        while constants[fresh] != nil {
            number += 1
            fresh = "\(name).smoothed.\(number)"
        }
        constants[fresh] = constant
        return rewriter.constant(fresh, constant)
    }
}
