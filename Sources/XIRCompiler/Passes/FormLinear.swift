import Tensors
import XIR

/// Turns a matrix product with a constant, and an addition of a constant vector to it, into `linear`.
///
/// Weights keep the layout [out, in] and the element type of the checkpoint; a constant that stands as [in, out] (as
/// some exporters write it) is transposed once, here.
struct FormLinear: RewritePattern {
    let roots = ["matmul", "add"]

    enum Match {
        case product(x: ValueID, weight: String, transposed: Bool)
        case bias(linear: Operation, bias: String)
    }

    func match(_ operation: Operation, _ matcher: PatternMatcher) -> PatternMatch<Match> {
        operation.name == "matmul" ? matchProduct(operation, matcher) : matchBias(operation, matcher)
    }

    private func matchProduct(_ operation: Operation, _ matcher: PatternMatcher) -> PatternMatch<Match> {
        let (x, y) = (operation.operands[0], operation.operands[1])
        guard matcher.type(y).rank == 2 else { return .none }
        guard matcher.type(x).elementType == .float32 else {
            return .refused("a matrix product of \(matcher.type(x)) is not in float32")
        }
        let source = matcher.source(y)
        if let transpose = matcher.definition(source, "transpose") {
            guard let name = matcher.constantName(transpose.operands[0]) else { return .none }
            return .matched(.product(x: x, weight: name, transposed: true))
        }
        guard let name = matcher.constantName(y) else { return .none }
        guard matcher.constants[name]?.tensor != nil else {
            return .refused("the values of constant '\(name)' are needed to transpose it")
        }
        return .matched(.product(x: x, weight: name, transposed: false))
    }

    private func matchBias(_ operation: Operation, _ matcher: PatternMatcher) -> PatternMatch<Match> {
        let result = matcher.type(operation.results[0])
        guard
            let (product, bias) = matcher.operands(operation, first: { matcher.definition($0, "linear") != nil }),
            let linear = matcher.definition(product, "linear"), linear.operands.count == 2,
            let name = matcher.constantName(bias)
        else { return .none }
        guard matcher.type(bias).extents == [result.extents[result.rank - 1]] else {
            return .refused("the bias '\(name)' is \(matcher.type(bias)), not a vector as long as a row")
        }
        return .matched(.bias(linear: linear, bias: name))
    }

    func rewrite(
        _ match: Match,
        _ operation: Operation,
        _ rewriter: inout FunctionRewriter,
        _ constants: inout [String: Constant]
    ) throws(XIRError) -> [ValueID] {
        switch match {
        case .product(let x, let weight, true):
            return try rewriter.append("linear", [x, reference(weight, &rewriter, constants)])
        case .product(let x, let weight, false):
            let name = "\(weight).transposed"
            if constants[name] == nil, let tensor = constants[weight]?.tensor {
                constants[name] = .tensor(tensor.transposedMatrix())
            }
            return try rewriter.append("linear", [x, reference(name, &rewriter, constants)])
        case .bias(let linear, let bias):
            return try rewriter.append("linear", linear.operands + [reference(bias, &rewriter, constants)])
        }
    }

    private func reference(_ name: String, _ rewriter: inout FunctionRewriter, _ constants: [String: Constant])
        throws(XIRError) -> ValueID
    {
        guard let constant = constants[name] else { throw XIRError(.inference, "constant '\(name)' is missing") }
        return rewriter.constant(name, constant)
    }
}

extension Tensor {
    /// The transpose of a matrix, in a new buffer.
    func transposedMatrix() -> Tensor {
        let (rows, columns, width) = (shape[0], shape[1], elementType.byteCount)
        var result = MutableTensor(TensorType(elementType, [columns, rows]))
        result.withMutableBytes { target in
            withBytes { source in
                guard let to = target.baseAddress, let from = source.baseAddress else { return }
                for row in 0..<rows {
                    for column in 0..<columns {
                        (to + (column * rows + row) * width)
                            .copyMemory(from: from + (row * columns + column) * width, byteCount: width)
                    }
                }
            }
        }
        return result.freeze()
    }
}
