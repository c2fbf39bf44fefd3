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

    /// Some tokens of a sequence, whose logits come together.
    package struct Piece {
        package var range: Range<Int>
        fileprivate var sequence: SingleSequence
    }

    /// The tokens in pieces, to be given to `logits` in order.
    ///
    /// Throws `.invalidInput` for a token outside the vocabulary.
    package func pieces(_ tokenIDs: [Int]) throws -> [Piece] {
        precondition(tokenIDs.count <= tokenCount, "loaded for fewer tokens")
        for id in tokenIDs where !(0..<model.vocabularySize).contains(id) {
            throw KongurError(
                .invalidInput,
                "token \(id) is not in the vocabulary of \(model.vocabularySize) tokens"
            )
        }
        let limits = model.program.limits
        let step = min(limits[StepProgram.tokens] ?? tokenCount, limits[StepProgram.outputs] ?? tokenCount)
        let sequence = SingleSequence(tokenIDs, blockSize: model.cache.blockSize)
        return stride(from: 0, to: tokenIDs.count, by: max(1, step)).map { start in
            Piece(range: start..<min(start + step, tokenIDs.count), sequence: sequence)
        }
    }

    /// The logits of a piece, `[rows, vocabulary]` float32; valid until the next one's.
    package func logits(_ piece: Piece) throws -> Tensor {
        try executable.run(piece.sequence.inputs(piece.range))[0]
    }

    /// Gives `body` the logits of a few tokens at a time, in order.
    ///
    /// A tensor is valid until `body` returns.
    package func run(_ tokenIDs: [Int], _ body: (Tensor) throws -> Void) throws {
        for piece in try pieces(tokenIDs) { try body(logits(piece)) }
    }

    /// The tokens and what the model finds likeliest after them, up to `count` tokens more or a stop token.
    package func greedyContinuation(of tokenIDs: [Int], count: Int) throws -> [Int] {
        var (tokens, computed) = (tokenIDs, 0)
        while tokens.count < min(tokenIDs.count + count, tokenCount) {
            var last: [Float] = []
            let pieces = try pieces(tokens)
            // After the prompt, each token is a piece of its own.
            for piece in pieces where piece.range.upperBound > computed {
                let rest = max(piece.range.lowerBound, computed)..<piece.range.upperBound
                last = try logits(Piece(range: rest, sequence: piece.sequence)).floats.suffix(model.vocabularySize)
            }
            computed = tokens.count
            let best = last.indices.max { last[$0] < last[$1] } ?? 0
            tokens.append(best)
            if model.stopTokenIDs.contains(best) { break }
        }
        return tokens
    }
}
