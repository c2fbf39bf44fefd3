package import DeviceRuntime
import Foundation
package import XIRCompiler

/// What quantising a model cost: the error of each product with weights, and how far its predictions moved.
package struct QuantizationReport: Sendable, Hashable, Encodable {
    package struct Layer: Sendable, Hashable, Encodable {
        package var weight: String
        /// [features, inputs].
        package var shape: [Int]
        /// ‖quantised - exact‖ / ‖exact‖ of the product.
        package var error: Double
        /// The largest magnitude of its activations over their root mean square.
        package var peak: Double
    }

    package var quantization: String
    package var layers: [Layer]
    package var predictions: LogitsComparison

    package init(quantization: String, layers: [LayerError], predictions: LogitsComparison) {
        self.quantization = quantization
        self.layers = layers.map {
            Layer(weight: $0.weight, shape: [$0.features, $0.inputs], error: $0.error, peak: $0.peak)
        }
        self.predictions = predictions
    }
}

extension ModelCompilation {
    /// Tokens of a text over which activations are measured.
    package static let calibrationTokens = 512

    /// Measures how large activations get over a text, with the weights as they are stored, and smooths by it from now on.
    package mutating func calibrate(on device: any Device, over text: JudgedText) throws {
        let tokens = text.sequences.flatMap(\.tokenIDs).prefix(min(Self.calibrationTokens, contextLength))
        options.activationRanges = try ActivationRanges(
            of: module,
            tokens: Array(tokens),
            on: device,
            options: options
        )
        options.smooth = true
    }

    /// What can say the errors of this compilation's products.
    package func layerErrors(on device: any Device, over text: JudgedText) throws -> LayerErrors {
        // Two runs of the probe, since each packs all weights once.
        let tokens = text.sequences.flatMap(\.tokenIDs).prefix(min(64, contextLength))
        return try LayerErrors(of: module, tokens: Array(tokens), on: device, options: options)
    }

    /// The same model with its weights as they are stored.
    package func exact() throws -> CompiledModel {
        var stored = self
        stored.options.weights = .stored
        return try stored.run().model
    }
}
