package import Tokenizers

/// What two forms of a model are compared on: sequences of tokens, of which those after the prompt are judged.
package struct JudgedText: Sendable, Hashable {
    package struct Sequence: Sendable, Hashable {
        package var tokenIDs: [Int]
        /// Tokens at the start that are given and not judged; at least 1.
        package var promptCount: Int

        package init(_ tokenIDs: [Int], promptCount: Int) {
            self.tokenIDs = tokenIDs
            self.promptCount = max(1, promptCount)
        }
    }

    package var sequences: [Sequence]

    /// The tokens that are judged.
    package var judgedCount: Int { sequences.reduce(0) { $0 + max(0, $1.tokenIDs.count - $1.promptCount) } }

    package init(_ sequences: [Sequence]) {
        self.sequences = sequences
    }

    /// A text in pieces of `length` tokens, up to `limit` tokens in all; each token but a piece's first is judged.
    ///
    /// Throws `.invalidInput` for a text of fewer than two tokens.
    package init(_ text: String, tokenizer: Tokenizer, length: Int, limit: Int) throws {
        let tokenIDs = tokenizer.encode(text, addSpecialTokens: false).prefix(limit)
        guard tokenIDs.count > 1, length > 1 else {
            throw KongurError(.invalidInput, "the text has \(tokenIDs.count) tokens; to judge by it takes at least 2")
        }
        sequences = stride(from: 0, to: tokenIDs.count, by: length).compactMap { start in
            let piece = tokenIDs[start..<min(start + length, tokenIDs.count)]
            return piece.count > 1 ? Sequence(Array(piece), promptCount: 1) : nil
        }
    }
}

extension JudgedText {
    /// A little of what reasoning models write, for models that come without a text of their own.
    package static let sample = """
        We are asked for the number of ordered pairs (a, b) of positive integers such that a + b = 1000 and neither a nor b has a \
        digit equal to zero. Let's count the pairs in which at least one digit is zero and subtract them from 999. First suppose \
        that the last digit of a is zero. Then the last digit of b is zero as well, and a can be 10, 20, ..., 990, which gives 99 \
        pairs. Otherwise both last digits are between 1 and 9 and add up to 10, so the tens digits add up to 9. If the tens digit \
        of a is zero, that of b is 9, and the other way round. A number below 10 or below 100 has no digit there, which is not the \
        same as a zero, so the cases must be kept apart. Wait, let me check this for a small example: 8 + 992 = 1000 is a good \
        pair, since 8 has no zero and neither has 992. So the answer is \\boxed{738}.

        Consider the function f(x) = x^3 - 3x + 1. Its derivative is f'(x) = 3x^2 - 3, which vanishes at x = -1 and x = 1. Since \
        f(-2) = -1, f(-1) = 3, f(1) = -1 and f(2) = 3, the intermediate value theorem gives three real roots, one in each of the \
        intervals (-2, -1), (-1, 1) and (1, 2). Therefore the equation has exactly three solutions.

        def smallest_divisor(n: int) -> int:
            # Every composite number has a divisor up to its square root.
            d = 2
            while d * d <= n:
                if n % d == 0:
                    return d
                d += 1
            return n

        assert smallest_divisor(91) == 7
        for n in range(2, 20):
            print(n, "is prime" if smallest_divisor(n) == n else "is composite")
        """
}
