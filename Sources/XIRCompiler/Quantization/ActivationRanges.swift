package import DeviceRuntime
import Tensors
package import XIR

/// How large the channels get of what each product with weights takes, over a text that was run.
package struct ActivationRanges: Sendable, Hashable {
    /// The largest magnitude in each channel, by the weights' name.
    package private(set) var magnitudes: [String: [Float]] = [:]

    /// Runs tokens as one sequence through an imported decoder.
    ///
    /// Throws what recognising the decoder and running it throw. Cost: a prefill with the weights as they are stored.
    package init(
        of module: Module,
        tokens: [Int],
        on device: any Device,
        options: CompilerOptions
    ) throws(CompilerError) {
        let probe = try ActivationProbe(module, on: device, options: options, capacity: tokens.count)
        var magnitudes: [String: [Float]] = [:]
        try probe.run(tokens) { product throws(CompilerError) in
            let input = product.input.floats
            let width = product.input.shape[1]
            var largest = magnitudes[product.weight] ?? [Float](repeating: 0, count: width)
            for start in stride(from: 0, to: input.count, by: width) {
                for i in 0..<width { largest[i] = max(largest[i], input[start + i].magnitude) }
            }
            magnitudes[product.weight] = largest
        }
        self.magnitudes = magnitudes
    }
}
