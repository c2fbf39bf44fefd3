import DeviceRuntime
package import Tensors

/// How many rows a step has of which sequences: all that its cost depends on.
package struct BatchShape: Sendable, Hashable {
    package struct Entry: Sendable, Hashable {
        /// Rows of the sequence in this step, and its tokens after it.
        package var rows: Int
        package var context: Int

        package init(rows: Int, context: Int) {
            self.rows = rows
            self.context = context
        }

        /// Pairs of a row and a token that it attends to.
        var attended: Double { Double(rows) * (Double(context) - Double(rows - 1) / 2) }
    }

    package var sequences: [Entry]
    /// Rows whose logits are wanted.
    package var outputs: Int
    /// Blocks in a row of the block tables.
    package var table: Int

    package init(_ sequences: [Entry], outputs: Int, table: Int) {
        self.sequences = sequences
        self.outputs = outputs
        self.table = table
    }

    package var tokens: Int { sequences.reduce(0) { $0 + $1.rows } }

    /// Pairs of a row and a token that it attends to, of all sequences.
    var attended: Double { sequences.reduce(0) { $0 + $1.attended } }

    /// One prompt from its beginning.
    package static func prefill(_ tokens: Int, blockSize: Int) -> BatchShape {
        BatchShape([Entry(rows: tokens, context: tokens)], outputs: 1, table: (tokens + blockSize - 1) / blockSize)
    }

    /// One token for each of so many sequences, which attends to `context` tokens with itself.
    package static func decode(batch: Int, context: Int, blockSize: Int) -> BatchShape {
        BatchShape(
            [Entry](repeating: Entry(rows: 1, context: context), count: batch),
            outputs: batch,
            table: (context + blockSize - 1) / blockSize
        )
    }

    /// What a step program's run binds its symbols to.
    package var symbols: [String: Int] {
        [
            StepProgram.tokens: tokens, StepProgram.sequences: sequences.count, StepProgram.outputs: outputs,
            StepProgram.table: table,
        ]
    }
}

extension BatchShape {
    /// Of the inputs of a step program, which `Program.bind` has checked.
    package init(inputs: [Tensor]) {
        func integers(_ name: String) -> [Int] {
            guard let index = StepProgram.inputs.firstIndex(of: name) else { return [] }
            return inputs[index].withBytes { $0.bindMemory(to: Int32.self).map { Int($0) } }
        }
        func length(_ name: String, axis: Int) -> Int {
            guard let index = StepProgram.inputs.firstIndex(of: name) else { return 0 }
            return inputs[index].shape[axis]
        }
        let starts = integers(StepProgram.sequenceStarts)
        let contexts = integers(StepProgram.contextLengths)
        self.init(
            contexts.enumerated().map { Entry(rows: starts[$0 + 1] - starts[$0], context: $1) },
            outputs: length(StepProgram.outputRows, axis: 0),
            table: length(StepProgram.blockTables, axis: 1)
        )
    }
}
