package import Tensors

/// Finds the values of symbols one after the other, from extents in which a single symbol is unknown.
///
/// From `[batch, sequence]` and `[batch, past+sequence]` follow `batch`, `sequence` and then `past`.
package enum SymbolSolving {
    /// The symbols whose values follow from the shapes of values of these types.
    package static func determined(by types: [ValueType]) -> Set<String> {
        var determined: Set<String> = []
        solve(types.flatMap(\.extents), isKnown: { determined.contains($0) }) { _, term in
            determined.insert(term.symbol).inserted
        }
        return determined
    }

    /// The values of the symbols in `types` when values of these types have the given shapes.
    ///
    /// Nil when the shapes do not fit the types: another rank, two different values for a symbol, a negative or a
    /// fractional one, or one that does not follow.
    package static func values(of types: [ValueType], shapes: [Shape]) -> [String: Int]? {
        guard types.count == shapes.count, zip(types, shapes).allSatisfy({ $0.rank == $1.rank }) else { return nil }
        var lengths: [Extent: Int] = [:]
        for (type, shape) in zip(types, shapes) {
            for (extent, length) in zip(type.extents, shape.dimensions) { lengths[extent] = length }
        }
        var symbols: [String: Int] = [:]
        solve(types.flatMap(\.extents), isKnown: { symbols[$0] != nil }) { extent, term in
            guard let length = lengths[extent],
                let known = extent.value(symbols.merging([term.symbol: 0]) { value, _ in value }),
                let value = quotient(length, minus: known, by: term.coefficient)
            else { return false }
            symbols[term.symbol] = value
            return true
        }
        for (type, shape) in zip(types, shapes) where type.bound(symbols)?.shape != shape { return nil }
        return symbols
    }

    private static func solve(
        _ extents: [Extent],
        isKnown: (String) -> Bool,
        bind: (Extent, Extent.Term) -> Bool
    ) {
        var open = extents
        var progress = true
        while progress {
            progress = false
            open.removeAll { extent in
                let unknown = extent.terms.filter { !isKnown($0.symbol) }
                guard unknown.count <= 1 else { return false }
                if let term = unknown.first, bind(extent, term) { progress = true }
                return true
            }
        }
    }

    /// (length - known) / divisor, when that is a whole number and not negative.
    private static func quotient(_ length: Int, minus known: Int, by divisor: Int) -> Int? {
        let (rest, overflow) = length.subtractingReportingOverflow(known)
        guard !overflow, divisor != 0, rest != .min, rest % divisor == 0, rest / divisor >= 0 else { return nil }
        return rest / divisor
    }
}
