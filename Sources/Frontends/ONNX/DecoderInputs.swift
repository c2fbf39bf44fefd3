import ONNX
import Tensors
import XIR

/// The extents of a graph's inputs, with one name for each length that the inputs of a decoder share.
///
/// Exporters give each axis a symbol of its own, or none, though a decoder runs only when they agree. Inputs named as
/// Optimum names them are read as `input_ids [batch, sequence]`, `position_ids [batch, sequence]`, `attention_mask
/// [batch, past + sequence]`, and inputs of four axes as past keys and values `[batch, heads, past, width]`. Axes of a
/// fixed length, and inputs of other names, stay as they are.
struct DecoderInputs {
    private(set) var extents: [String: [Extent]] = [:]
    private var anonymous = 0

    init(_ inputs: [ValueInfo]) {
        for input in inputs { extents[input.name] = input.dimensions?.map { extent($0) } }
        guard let ids = extents["input_ids"], ids.count == 2 else { return }
        let (batch, sequence) = (ids[0], ids[1])
        let pasts = inputs.filter { $0.elementType.isFloatingPoint && $0.dimensions?.count == 4 }.map(\.name)
        // A past of the sequence's own name would be as long as the sequence; it is told apart by another name.
        let names = Set(batch.terms.map(\.symbol) + sequence.terms.map(\.symbol))
        let symbol = pasts.compactMap { extents[$0]?[2].symbol }.first { !names.contains($0) } ?? "past"
        let past = Extent(symbol: symbol)
        for name in pasts { agree(name, [batch, nil, past, nil]) }
        agree("position_ids", [batch, sequence])
        agree("attention_mask", [batch, pasts.isEmpty ? sequence : past + sequence])
    }

    /// The same with a batch of one row; nil when the batch is no symbol.
    var withOneRow: DecoderInputs? {
        guard let batch = extents["input_ids"]?.first, batch.symbol != nil else { return nil }
        var single = self
        single.extents = extents.mapValues { $0.map { $0 == batch ? 1 : $0 } }
        return single
    }

    /// Gives the open axes of an input the extents that are known.
    private mutating func agree(_ name: String, _ known: [Extent?]) {
        guard let given = extents[name], given.count == known.count else { return }
        extents[name] = zip(given, known).map { $0.fixed == nil ? $1 ?? $0 : $0 }
    }

    private mutating func extent(_ dimension: ValueInfo.Dimension) -> Extent {
        switch dimension {
        case .fixed(let value): return Extent(value)
        case .named(let name):
            if let extent = Extent(parsing: name.filter { $0 != " " }) { return extent }
            let symbol = String(name.map { Extent.isSymbol(String($0)) || $0.isNumber ? $0 : "_" })
            return Extent(symbol: Extent.isSymbol(symbol) ? symbol : "_" + symbol)
        case .unknown:
            anonymous += 1
            return Extent(symbol: "unknown_\(anonymous)")
        }
    }
}
