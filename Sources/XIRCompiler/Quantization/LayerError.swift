package import DeviceRuntime
import Tensors
package import XIR

/// What quantising costs one product with weights, apart from what it costs the products before it.
package struct LayerError: Sendable, Hashable {
    /// The name of the weights' constant.
    package var weight: String
    /// `[features, inputs]`.
    package var features: Int
    package var inputs: Int
    /// ‖quantised - exact‖ / ‖exact‖ of the product, for the activations of a text.
    package var error: Double
    /// The largest magnitude of the activations over their root mean square: what makes quantising hard.
    package var peak: Double
}

/// Compares each product of a quantised decoder with the same product in the weights as they are stored.
package struct LayerErrors {
    /// Sums over the rows that were seen.
    private struct Sums {
        var features = 0
        var inputs = 0
        var (error, norm, squares, largest) = (0.0, 0.0, 0.0, Float(0))
        var count = 0
    }

    private let options: CompilerOptions
    private let device: any Device
    private let probe: ActivationProbe
    private let tokens: [Int]

    /// Prepares an imported decoder; `tokens` are what it will be run on.
    ///
    /// Throws what `ActivationProbe` throws.
    package init(
        of module: Module,
        tokens: [Int],
        on device: any Device,
        options: CompilerOptions
    ) throws(CompilerError) {
        self.options = options
        self.device = device
        self.tokens = tokens
        probe = try ActivationProbe(module, on: device, options: options, capacity: tokens.count)
    }

    /// The errors of the module that `quantize-weights` made with the same options, in the order of the products.
    ///
    /// Cost: a prefill, and a packing of all weights for every few rows.
    package func measure(_ quantized: Module) throws(CompilerError) -> [LayerError] {
        guard let function = probe.module.function(named: StepProgram.name),
            let counterpart = quantized.function(named: StepProgram.name)
        else { return [] }
        let smoothing = QuantizeWeights(options)?.smoothing(of: function, probe.module.constants)
        var products: [String: Module] = [:]
        for operation in counterpart.operations where operation.name == "quantized_linear" {
            if let (name, product) = try Self.single(operation, counterpart, quantized.constants) {
                products[name] = product
            }
        }
        var (order, sums): ([String], [String: Sums]) = ([], [:])
        try probe.run(tokens) { product throws(CompilerError) in
            guard let module = products[product.weight] else { return }
            if sums[product.weight] == nil { order.append(product.weight) }
            let factors = smoothing?.matrices[product.weight]
            let input = Self.multiplied(product.input, factors?.columns.map { $0.map { 1 / $0 } })
            let expected = Self.multiplied(product.output, factors?.rows)
            let actual = try run(module, input)
            add(product.input, expected, actual, to: &sums[product.weight, default: Sums()])
        }
        return order.compactMap { name in
            sums[name].map { sums in
                LayerError(
                    weight: name,
                    features: sums.features,
                    inputs: sums.inputs,
                    error: (sums.error / max(sums.norm, .leastNormalMagnitude)).squareRoot(),
                    peak: Double(sums.largest)
                        / (sums.squares / Double(max(1, sums.count))).squareRoot().nextUp
                )
            }
        }
    }

    private func add(_ input: Tensor, _ expected: [Float], _ actual: [Float], to sums: inout Sums) {
        sums.inputs = input.shape[1]
        sums.features = expected.count / max(1, input.shape[0])
        for (left, right) in zip(actual, expected) {
            sums.error += Double(left - right) * Double(left - right)
            sums.norm += Double(right) * Double(right)
        }
        for value in input.floats {
            sums.squares += Double(value) * Double(value)
            sums.largest = max(sums.largest, value.magnitude)
        }
        sums.count += input.elementCount
    }

    /// A module that does nothing but one quantised product, and the name of its unquantised weights.
    private static func single(_ operation: Operation, _ function: Function, _ constants: [String: Constant])
        throws(CompilerError) -> (String, Module)?
    {
        let names = operation.operands.dropFirst().compactMap { operand in
            function.operations.first { $0.name == "constant" && $0.results[0] == operand }?.string("name")
        }
        let values = names.compactMap { constants[$0] }
        guard names.count == operation.operands.count - 1, values.count == names.count,
            let inputs = values[0].type.shape.dimensions.last, names[0].hasSuffix(QuantizeWeights.numbersSuffix)
        else { return nil }
        var builder = FunctionBuilder("product")
        do throws(XIRError) {
            var operands = [builder.input("x", ValueType(.float32, ["rows", Extent(inputs)]))]
            for (name, value) in zip(names, values) { operands.append(builder.constant(name, value.type)) }
            builder.result("y", try builder.value(operation.name, operands, operation.attributes))
        } catch {
            throw CompilerError(.invalidModule, error.message, cause: error)
        }
        let module = Module(
            functions: [builder.function],
            constants: Dictionary(zip(names, values)) { first, _ in first }
        )
        return (String(names[0].dropLast(QuantizeWeights.numbersSuffix.count)), module)
    }

    private func run(_ module: Module, _ input: [Float]) throws(CompilerError) -> [Float] {
        var module = module
        if case .packed(let packing, let group) = options.weights {
            _ = try PackWeights(packing, group: group).run(on: &module)
        }
        let width = module.functions[0].type(module.functions[0].parameters[0].value).extents[1].fixed ?? 1
        let rows = input.count / width
        let program = try ProgramEmitter.emit(
            module.functions[0],
            constants: module.constants,
            limits: ["rows": rows]
        )
        do {
            return try device.load(program, symbols: [:]).run([Tensor(input, [rows, width])])[0].floats
        } catch {
            throw CompilerError(.notRun, "a product does not run on \(device.name): \(error.message)", cause: error)
        }
    }

    /// The rows of a matrix, each multiplied by these factors.
    private static func multiplied(_ matrix: Tensor, _ factors: [Float]?) -> [Float] {
        var values = matrix.floats
        guard let factors else { return values }
        for index in values.indices { values[index] *= factors[index % factors.count] }
        return values
    }
}
