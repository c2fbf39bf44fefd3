import Tensors
package import XIR

/// Turns the weights of `linear` and `embedding` into whole numbers with a scale for each group of inputs.
///
/// Symmetric: scale = largest magnitude / 127, rounded up to float16, and weight = round(w / scale), ties to even; for 4 bits
/// largest magnitude / 7 or somewhat less, whichever has the least squared error. Vectors (norms, biases) stay as they are. A matrix with numbers that are not finite, or too large for a
/// float16 scale, is refused and stays as it is.
package struct QuantizeWeights: Pass {
    package let name = "quantize-weights"
    let largest: Int
    let group: Int

    /// `bits` is 8 or 4.
    package init(bits: Int, group: Int) {
        largest = bits == 4 ? 7 : 127
        self.group = group
    }

    package func run(on module: inout Module) throws(CompilerError) -> PassOutcome {
        var outcome = PassOutcome()
        var constants = module.constants
        for index in module.functions.indices {
            var rewriter = FunctionRewriter(module.functions[index])
            do throws(XIRError) {
                module.functions[index] = try rewriter.rebuild { (operation, rewriter) throws(XIRError) in
                    guard operation.name == "linear" || operation.name == "embedding",
                        let name = rewriter.definition(operation.operands[1], "constant")?.string("name"),
                        let tensor = constants[name]?.tensor, tensor.elementType.isFloatingPoint
                    else { return nil }
                    guard rewriter.type(operation.operands[0]).elementType != .int64 else {
                        outcome.refuse("'\(operation.name)' takes numbers of 64 bits")
                        return nil
                    }
                    let (numbers, scales) = ("\(name).numbers", "\(name).scales")
                    if constants[numbers] == nil {
                        guard let quantized = QuantizedWeights(tensor, largest: largest, group: group) else {
                            outcome.refuse(
                                "'\(name)' has numbers that are not finite, or too large for a float16 scale"
                            )
                            return nil
                        }
                        constants[numbers] = .tensor(quantized.numbers)
                        constants[scales] = .tensor(quantized.scales)
                    }
                    outcome.rewrites += 1
                    guard let first = constants[numbers], let second = constants[scales] else { return nil }
                    let weights = [rewriter.constant(numbers, first), rewriter.constant(scales, second)]
                    return try rewriter.append(
                        "quantized_\(operation.name)",
                        [operation.operands[0]] + weights + operation.operands.dropFirst(2),
                        ["group": .integer(group)]
                    )
                }
            } catch {
                throw CompilerError(.invalidModule, "\(name): \(error.message)", cause: error)
            }
        }
        module.constants = constants
        module.removeUnusedConstants()
        return outcome
    }
}

/// A matrix in whole numbers, with scales for groups of columns.
struct QuantizedWeights {
    /// int8 [rows, columns].
    let numbers: Tensor
    /// float16 [rows, groups].
    let scales: Tensor

    /// Nil when a number is not finite or too large.
    ///
    /// Cost: one pass over the matrix.
    init?(_ matrix: Tensor, largest: Int, group: Int) {
        let (rows, columns) = (matrix.shape[0], matrix.shape[1])
        let groups = (columns + group - 1) / group
        var numbers = MutableTensor(TensorType(.int8, [rows, columns]))
        var scales = MutableTensor(TensorType(.float16, [rows, groups]))
        var row = [Float](repeating: 0, count: columns)
        let isSound = numbers.withMutableElements(of: Int8.self) { numbers in
            scales.withMutableElements(of: UInt16.self) { scales in
                for r in 0..<rows {
                    matrix.copyRow(r, to: &row)
                    for g in 0..<groups {
                        let range = g * group..<min(columns, (g + 1) * group)
                        var magnitude: Float = 0
                        for i in range { magnitude = max(magnitude, row[i].magnitude) }
                        // NaN is not below anything, and so refused too.
                        guard magnitude <= Float(largest) * 65504, row[range].allSatisfy({ $0.magnitude <= magnitude })
                        else { return false }
                        let bits = Self.scale(row[range], magnitude, largest)
                        scales[r * groups + g] = bits
                        let scale = Half.float(bitPattern: bits)
                        let inverse = scale > 0 ? 1 / scale : 0
                        for i in range {
                            numbers[r * columns + i] = Int8(Self.rounded(row[i] * inverse, largest))
                        }
                    }
                }
                return true
            }
        }
        guard isSound else { return nil }
        matrix.discard()
        self.numbers = numbers.freeze()
        self.scales = scales.freeze()
    }

    /// A whole number from -largest to largest.
    private static func rounded(_ value: Float, _ largest: Int) -> Float {
        // Adding it leaves the nearest whole number, ties to even, in the lowest bits; faster than a call.
        let rounding: Float = 0x1.8p23
        let nearest = (value + rounding) - rounding
        return min(max(nearest, -Float(largest)), Float(largest))
    }

    /// The float16 bits of a group's scale: for 8 bits that of the largest magnitude; for 4 bits, where cutting off the
    /// largest may be worth it, the one of some candidates with the least squared error.
    private static func scale(_ values: ArraySlice<Float>, _ magnitude: Float, _ largest: Int) -> UInt16 {
        let whole = Half.bitPatternRoundedUp(magnitude / Float(largest))
        guard largest < 127, magnitude > 0 else { return whole }
        var (best, least) = (whole, Float.infinity)
        for share in [1, 0.95, 0.9, 0.85, 0.8, 0.75] as [Float] {
            let bits = Half.bitPatternRoundedUp(magnitude * share / Float(largest))
            let scale = Half.float(bitPattern: bits)
            let inverse = 1 / scale
            var error: Float = 0
            for value in values {
                let difference = rounded(value * inverse, largest) * scale - value
                error += difference * difference
            }
            if error < least { (best, least) = (bits, error) }
        }
        return best
    }
}
