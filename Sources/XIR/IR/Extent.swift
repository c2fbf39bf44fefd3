/// The length of one axis: a whole number, a symbol such as `tokens`, or a sum of them such as `past + 2*sequence + 1`.
///
/// Kept in one canonical form (symbols in alphabetical order, no zero coefficients), so that equal sums are equal values.
package struct Extent: Sendable, Hashable {
    package struct Term: Sendable, Hashable {
        package var symbol: String
        package var coefficient: Int
    }

    package private(set) var constant: Int
    package private(set) var terms: [Term]

    package init(_ constant: Int) {
        self.constant = constant
        terms = []
    }

    package init(symbol: String) {
        constant = 0
        terms = [Term(symbol: symbol, coefficient: 1)]
    }

    /// The number, when no symbol is involved.
    package var fixed: Int? { terms.isEmpty ? constant : nil }

    /// The symbol, when the extent is exactly one symbol.
    package var symbol: String? {
        constant == 0 && terms.count == 1 && terms[0].coefficient == 1 ? terms[0].symbol : nil
    }

    package static func + (left: Extent, right: Extent) -> Extent {
        var sum = left
        sum.constant &+= right.constant
        for term in right.terms { sum.add(term) }
        return sum
    }

    package static func - (left: Extent, right: Extent) -> Extent {
        left + right * -1
    }

    package static func * (left: Extent, factor: Int) -> Extent {
        var product = Extent(left.constant &* factor)
        guard factor != 0 else { return product }
        product.terms = left.terms.map { Term(symbol: $0.symbol, coefficient: $0.coefficient &* factor) }
        return product
    }

    /// The product, when at most one side has symbols.
    package func multiplied(by other: Extent) -> Extent? {
        if let factor = other.fixed { return self * factor }
        if let factor = fixed { return other * factor }
        return nil
    }

    /// The quotient, when `divisor` divides every coefficient exactly.
    package func divided(by divisor: Int) -> Extent? {
        guard divisor != 0, constant % divisor == 0, terms.allSatisfy({ $0.coefficient % divisor == 0 }) else {
            return nil
        }
        var quotient = Extent(constant / divisor)
        quotient.terms = terms.map { Term(symbol: $0.symbol, coefficient: $0.coefficient / divisor) }
        return quotient
    }

    /// The value under a binding of symbols, or nil when a symbol is unbound or the sum overflows.
    package func value(_ symbols: [String: Int]) -> Int? {
        var total = constant
        for term in terms {
            guard let symbol = symbols[term.symbol] else { return nil }
            let (product, productOverflow) = symbol.multipliedReportingOverflow(by: term.coefficient)
            let (sum, sumOverflow) = total.addingReportingOverflow(product)
            guard !productOverflow, !sumOverflow else { return nil }
            total = sum
        }
        return total
    }

    private mutating func add(_ term: Term) {
        if let index = terms.firstIndex(where: { $0.symbol >= term.symbol }) {
            if terms[index].symbol == term.symbol {
                terms[index].coefficient &+= term.coefficient
                if terms[index].coefficient == 0 { terms.remove(at: index) }
            } else {
                terms.insert(term, at: index)
            }
        } else {
            terms.append(term)
        }
    }
}

extension Extent: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral {
    package init(integerLiteral value: Int) { self.init(value) }
    package init(stringLiteral value: String) { self.init(symbol: value) }
}

extension Extent: CustomStringConvertible {
    package var description: String {
        if terms.isEmpty { return String(constant) }
        var text = ""
        for term in terms {
            if !text.isEmpty { text += term.coefficient < 0 ? "-" : "+" } else if term.coefficient < 0 { text += "-" }
            text += term.coefficient.magnitude == 1 ? term.symbol : "\(term.coefficient.magnitude)*\(term.symbol)"
        }
        if constant != 0 { text += constant < 0 ? "\(constant)" : "+\(constant)" }
        return text
    }
}
