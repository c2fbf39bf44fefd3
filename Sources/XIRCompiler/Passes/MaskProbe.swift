import ReferenceBackend
import Tensors
import XIR

/// Finds out what an additive attention mask means, by evaluating it on the reference.
///
/// A mask is accepted when, for several lengths and paddings, it is 0 exactly where query i may see key j (j no later
/// than i, and not padding) and below -10,000 elsewhere. Rows that see nothing are not compared. A mask with whole-number
/// constants of its own (such as the width of a sliding window) is refused, since small lengths would not show it.
struct MaskProbe {
    enum Meaning {
        /// Causal; with the padding mask `[batch, total]` that it reads, if it reads one.
        case causal(padding: ValueID?)
        case refused(String)
    }

    let function: Function
    let constants: [String: Constant]
    let sequence: Extent
    let total: Extent
    let batch: Extent

    func meaning(of mask: ValueID) -> Meaning {
        var needed: Set<ValueID> = [mask]
        var operations: [Operation] = []
        for operation in function.operations.reversed() where operation.results.contains(where: needed.contains) {
            operations.append(operation)
            needed.formUnion(operation.operands)
        }
        operations.reverse()
        let inputs = function.parameters.map(\.value).filter(needed.contains)
        for operation in operations where operation.name == "constant" {
            guard let name = operation.string("name"), let tensor = constants[name]?.tensor else {
                return .refused("it needs constants whose values are not there")
            }
            guard tensor.elementCount <= 4096 else { return .refused("it reads the large constant '\(name)'") }
            if !tensor.elementType.isFloatingPoint, tensor.elementType != .bool,
                let value = tensor.integers?.first(where: { abs($0) > 1 && abs($0) < 1 << 30 })
            {
                return .refused("it depends on the number \(value), as a sliding window would")
            }
        }
        var padding: ValueID?
        for input in inputs {
            let type = function.type(input)
            guard !type.elementType.isFloatingPoint, type.rank == 2 else {
                return .refused("it reads the input '\(function[input].name ?? "?")' of type \(type)")
            }
            if type.extents[1] == total, type.elementType == .int64, type.extents[1] != sequence || isMask(input) {
                padding = input
            }
        }
        for (sequenceLength, pastLength) in [(1, 0), (5, 0), (1, 6), (4, 3)] {
            if sequence == total, pastLength > 0 { continue }
            for pads in 0...1 {
                if pads > 0, padding == nil { continue }
                let reason = difference(
                    mask,
                    operations,
                    inputs,
                    padding,
                    sequenceLength: sequenceLength,
                    pastLength: pastLength,
                    pads: pads
                )
                if let reason { return .refused(reason) }
            }
        }
        return .causal(padding: padding)
    }

    private func isMask(_ input: ValueID) -> Bool {
        function[input].name?.contains("mask") == true
    }

    /// Why the mask is not causal with the first `pads` keys padded, or nil when it is.
    private func difference(
        _ mask: ValueID,
        _ operations: [Operation],
        _ inputs: [ValueID],
        _ padding: ValueID?,
        sequenceLength: Int,
        pastLength: Int,
        pads: Int
    ) -> String? {
        let totalLength = sequenceLength + pastLength
        var symbols: [String: Int] = [:]
        for type in function.values.map(\.type) {
            for symbol in type.symbols { symbols[symbol] = pastLength }
        }
        if let symbol = batch.symbol { symbols[symbol] = 2 }
        if let symbol = sequence.symbol { symbols[symbol] = sequenceLength }
        if let symbol = total.symbol { symbols[symbol] = totalLength }
        guard sequence.value(symbols) == sequenceLength, total.value(symbols) == totalLength,
            let batchSize = batch.value(symbols), batchSize > 0
        else { return "its lengths \(sequence) and \(total) are not free" }

        var values: [ValueID: Tensor] = [:]
        for input in inputs {
            guard let type = function.type(input).bound(symbols) else { return "its inputs have unknown sizes" }
            let columns = type.shape[1]
            let elements = (0..<type.shape[0]).flatMap { _ in
                (0..<columns).map { column -> Int64 in
                    input == padding ? (column < pads ? 0 : 1) : Int64(pastLength + column)
                }
            }
            values[input] =
                type.elementType == .int64
                ? Tensor(elements, type.shape) : Tensor(elements.map { Int32($0) }, type.shape)
        }
        do {
            for operation in operations {
                let operands = operation.operands.compactMap { values[$0] }
                let types = operation.results.compactMap { function.type($0).bound(symbols) }
                let results = try Interpreter.evaluate(
                    operation,
                    operands,
                    resultTypes: types,
                    symbols: symbols,
                    constants: constants
                )
                for (id, tensor) in zip(operation.results, results) { values[id] = tensor }
            }
        } catch {
            return "it cannot be evaluated: \(error)"
        }
        guard let tensor = values[mask] else { return "it has no value" }
        return compare(tensor, batchSize, sequenceLength, pastLength, pads)
    }

    private func compare(_ mask: Tensor, _ batch: Int, _ sequence: Int, _ past: Int, _ pads: Int) -> String? {
        let full: [Extent] = [Extent(batch), 1, Extent(sequence), Extent(past + sequence)]
        let extents = mask.shape.dimensions.map { Extent($0) }
        guard mask.elementType.isFloatingPoint, OperationDefinition.broadcast(extents, full) == full else {
            return "its type \(mask.type) does not fit the scores"
        }
        let padded = [Int](repeating: 1, count: 4 - mask.shape.rank) + mask.shape.dimensions
        let strides = Shape(padded).strides
        let floats = mask.floats
        for row in 0..<batch {
            for query in 0..<sequence where past + query >= pads {
                for key in 0..<past + sequence {
                    let index = [row, 0, query, key].enumerated().reduce(0) { sum, axis in
                        sum + (padded[axis.offset] == 1 ? 0 : axis.element * strides[axis.offset])
                    }
                    let visible = key <= past + query && key >= pads
                    if visible ? floats[index] != 0 : !(floats[index] < -10_000) {
                        return
                            "it is \(floats[index]) where query \(past + query) \(visible ? "sees" : "must not see") key \(key)"
                    }
                }
            }
        }
        return nil
    }
}
