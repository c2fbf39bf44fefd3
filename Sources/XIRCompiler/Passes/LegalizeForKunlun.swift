import Tensors
package import XIR

/// Makes a step function into one of the operations that Kunlun's operator library offers, in the types that it takes.
///
/// Activations become f16, vectors (norm weights, biases) f32, and logits f32. Products wider than `widestProduct` are
/// split by columns: a single one of 248,320 columns is known to give wrong numbers on a card. Every operation that the
/// library does not have is named in the error; nothing is left to run elsewhere.
package struct LegalizeForKunlun: Pass {
    package let name = "legalize-for-kunlun"
    /// The most output features of one product.
    let widestProduct: Int

    package init(widestProduct: Int) {
        self.widestProduct = widestProduct
    }

    package func run(on module: inout Module) throws(CompilerError) -> PassOutcome {
        var outcome = PassOutcome()
        var constants = module.constants
        for index in module.functions.indices {
            let function = module.functions[index]
            try requireLegal(function)
            let results = Set(function.results.map(\.value))
            var rewriter = FunctionRewriter(function)
            do throws(XIRError) {
                module.functions[index] = try rewriter.rebuild { (operation, rewriter) throws(XIRError) in
                    if operation.name == "constant" { return nil }
                    outcome.rewrites += 1
                    let isResult = operation.results.contains(where: results.contains)
                    return try legal(operation, isResult: isResult, &rewriter, &constants)
                }
            } catch {
                throw CompilerError(.unsupportedOperation, "\(name): \(error.message)", cause: error)
            }
        }
        module.constants = constants
        module.removeUnusedConstants()
        return outcome
    }

    /// Throws naming every operation that the library does not have.
    private func requireLegal(_ function: Function) throws(CompilerError) {
        var reasons: [String] = []
        for operation in function.operations {
            guard let reason = KunlunOperations.refusal(of: operation, in: function), !reasons.contains(reason) else {
                continue
            }
            reasons.append(reason)
        }
        guard reasons.isEmpty else {
            throw CompilerError(
                .unsupportedOperation,
                "--target kunlun: Kunlun's operator library lacks \(reasons.joined(separator: "; "))"
            )
        }
    }

    private func legal(
        _ operation: Operation,
        isResult: Bool,
        _ rewriter: inout FunctionRewriter,
        _ constants: inout [String: Constant]
    ) throws(XIRError) -> [ValueID] {
        var operands: [ValueID] = []
        for operand in operation.operands { operands.append(vector(operand, &rewriter, &constants)) }
        var attributes = operation.attributes
        switch operation.name {
        case "embedding": attributes["to"] = .elementType(.float16)
        case "linear", "quantized_linear":
            attributes["to"] = .elementType(isResult ? .float32 : .float16)
            return [try product(operation.name, operands, attributes, &rewriter, &constants)]
        default: break
        }
        var results = try rewriter.append(operation.name, operands, attributes)
        if isResult, rewriter.type(results[0]).elementType == .float16 {
            results[0] = try rewriter.value("cast", [results[0]], ["to": .elementType(.float32)])
        }
        return results
    }

    /// A vector of weights in f32, as the library takes them; every other value as it is.
    private func vector(
        _ value: ValueID,
        _ rewriter: inout FunctionRewriter,
        _ constants: inout [String: Constant]
    ) -> ValueID {
        let type = rewriter.type(value)
        guard type.rank == 1, type.elementType.isFloatingPoint, type.elementType != .float32,
            let name = rewriter.definition(value, "constant")?.string("name"), let tensor = constants[name]?.tensor
        else { return value }
        let constant = Constant.tensor(Tensor(tensor.floats, tensor.shape))
        constants["\(name).f32"] = constant
        return rewriter.constant("\(name).f32", constant)
    }

    /// One product, or several side by side where it is too wide for one.
    private func product(
        _ name: String,
        _ operands: [ValueID],
        _ attributes: [String: Attribute],
        _ rewriter: inout FunctionRewriter,
        _ constants: inout [String: Constant]
    ) throws(XIRError) -> ValueID {
        guard let features = rewriter.type(operands[1]).extents[0].fixed, features > widestProduct else {
            return try rewriter.value(name, operands, attributes)
        }
        var parts: [ValueID] = []
        for start in stride(from: 0, to: features, by: widestProduct) {
            let range = start..<min(start + widestProduct, features)
            var own = [operands[0]]
            for operand in operands.dropFirst() {
                guard let name = rewriter.definition(operand, "constant")?.string("name"),
                    let tensor = constants[name]?.tensor
                else { throw XIRError(.inference, "the weights of a product of \(features) columns are not constants") }
                let constant = Constant.tensor(tensor.rows(range))
                let part = "\(name)[\(range.lowerBound)..<\(range.upperBound)]"
                constants[part] = constant
                own.append(rewriter.constant(part, constant))
            }
            parts.append(try rewriter.value(name, own, attributes))
        }
        let axis = rewriter.type(parts[0]).rank - 1
        return try rewriter.value("concat", parts, ["axis": .integer(axis)])
    }
}

/// The operations that Kunlun's operator library offers a decoder, and in which shapes.
enum KunlunOperations {
    /// Why an operation of a step function with f32 activations has no counterpart, naming it; nil when it has one.
    static func refusal(of operation: Operation, in function: Function) -> String? {
        let types = operation.operands.map { function.type($0) }
        func named(_ reason: String) -> String {
            "'\(operation.name)' of (\(types.map(\.description).joined(separator: ", ")))\(reason)"
        }
        guard names.contains(operation.name) else { return named("") }
        let weights = operation.operands.dropFirst()
        switch operation.name {
        case "embedding" where types[0].elementType != .int32 || types[1].elementType != .float16:
            return named(": it looks up i32 ids in a table of f16")
        case "linear" where types[1].elementType != .float16:
            return named(": it multiplies weights of f16")
        case "quantized_linear"
        where operation.integer("group") != types[1].extents[1].fixed || types[2].elementType != .float32:
            return named(": it multiplies int8 with one f32 scale for each row")
        case "rotary" where types[0].rank != 3:
            return named(": it turns rows of [tokens, heads, head_dim]")
        case "cache_write" where types[0].elementType != .float16,
            "rotary_cache_write" where types[4].elementType != .float16,
            "paged_attention" where types[1].elementType != .float16:
            return named(": its cache is f16")
        case "linear", "quantized_linear":
            let constants = Set(function.operations.filter { $0.name == "constant" }.flatMap(\.results))
            return weights.allSatisfy(constants.contains) ? nil : named(": its weights are constants")
        default: return nil
        }
    }

    private static let names: Set<String> = [
        "constant", "reshape", "slice", "concat", "gather", "cast", "embedding", "linear", "quantized_linear",
        "rms_norm",
        "add_rms_norm", "rotary", "cache_write", "rotary_cache_write", "paged_attention", "swiglu", "silu", "add",
        "mul",
    ]
}
