package import Checkpoints
package import DeviceSimulation

extension DecoderShape {
    /// The sizes that a checkpoint's configuration says.
    package init(_ configuration: ModelConfiguration) {
        self.init(
            vocabulary: configuration.vocabularySize,
            hidden: configuration.hiddenSize,
            intermediate: configuration.intermediateSize,
            layers: configuration.layerCount,
            heads: configuration.headCount,
            keyValueHeads: configuration.keyValueHeadCount,
            headDim: configuration.headDim,
            contextLength: configuration.contextLength,
            tiesEmbeddings: configuration.tiesWordEmbeddings,
            hasQueryKeyValueBias: configuration.hasQueryKeyValueBias,
            hasAttentionOutputBias: configuration.hasAttentionOutputBias,
            hasMLPBias: configuration.hasMLPBias,
            hasQueryKeyNorm: configuration.hasQueryKeyNorm
        )
    }
}
