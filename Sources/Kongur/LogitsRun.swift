package import DeviceRuntime
package import Tensors

/// Computes the logits of every token of a text, with the same program that generates.
package struct LogitsRun {
    private let model: CompiledModel
    private let executable: any Executable
    private let tokenCount: Int

    /// Loads the model's program with a cache for `tokenCount` tokens.
    ///
    /// Throws `.invalidInput` when they are more than the context, and what the device throws.
    package init(_ model: CompiledModel, device: any Device, tokenCount: Int) throws {
        guard tokenCount > 0 else { throw KongurError(.invalidInput, "there are no tokens: give at least one") }
        guard tokenCount <= model.contextLength else {
            throw KongurError(
                .invalidInput,
                "\(tokenCount) tokens are more than the model's context of \(model.contextLength)"
            )
        }
        let blockSize = model.cache.blockSize
        let blocks = (tokenCount + blockSize - 1) / blockSize
        executable = try device.load(model.program, symbols: [StepProgram.cacheBlocks: blocks])
        self.model = model
        self.tokenCount = tokenCount
    }

    /// Gives `body` the logits of a few tokens at a time, `[rows, vocabulary]` float32, in order.
    ///
    /// A tensor is valid until `body` returns. Throws `.invalidInput` for a token outside the vocabulary.
    package func run(_ tokenIDs: [Int], _ body: (Tensor) throws -> Void) throws {
        precondition(tokenIDs.count == tokenCount, "loaded for another number of tokens")
        for id in tokenIDs where !(0..<model.vocabularySize).contains(id) {
            throw KongurError(
                .invalidInput,
                "token \(id) is not in the vocabulary of \(model.vocabularySize) tokens"
            )
        }
        let limits = model.program.limits
        let step = min(limits[StepProgram.tokens] ?? tokenCount, limits[StepProgram.outputs] ?? tokenCount)
        for start in stride(from: 0, to: tokenCount, by: max(1, step)) {
            let range = start..<min(start + step, tokenCount)
            try body(executable.run(inputs(tokenIDs, range))[0])
        }
    }

    /// One sequence, whose blocks lie one after the other.
    private func inputs(_ tokenIDs: [Int], _ range: Range<Int>) -> [Tensor] {
        let blocks = (range.upperBound + model.cache.blockSize - 1) / model.cache.blockSize
        let positions = Self.vector(Array(range))
        return [
            Self.vector(Array(tokenIDs[range])), positions, positions,
            Self.vector([0, range.count]), Self.vector([range.upperBound]),
            Tensor((0..<blocks).map(Int32.init), [1, blocks]), Self.vector(Array(0..<range.count)),
        ]
    }

    private static func vector(_ values: [Int]) -> Tensor {
        Tensor(values.map { Int32($0) }, [values.count])
    }
}
