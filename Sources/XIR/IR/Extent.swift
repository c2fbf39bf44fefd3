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
        // The smallest number has no quotient by -1.
        if divisor == -1 { return self * -1 }
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

    /// No number of an extent from outside is further from 0, so that sums and products of a few stay exact.
    package static let largestNumber = 1 << 40

    /// Whether no number in it is beyond `largestNumber`.
    package var isInRange: Bool {
        let range = -Self.largestNumber...Self.largestNumber
        return range.contains(constant) && terms.allSatisfy { range.contains($0.coefficient) }
    }

    /// True when it is never negative and never falls as symbols rise, which are not negative themselves.
    ///
    /// What is as large as this extent then fits wherever it fits at the symbols' limits.
    package var isMonotonic: Bool { constant >= 0 && terms.allSatisfy { $0.coefficient >= 0 } }

    /// The smallest value while each symbol is between 0 and its limit; nil when there is none or it does not fit in an
    /// `Int`.
    package func least(_ limits: [String: Int]) -> Int? {
        var falling = Extent(constant)
        falling.terms = terms.filter { $0.coefficient < 0 }
        return falling.value(limits)
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

extension Extent {
    /// Reads the form that `description` writes: terms `12`, `past` or `2*past` joined by `+` and `-`, without spaces.
    ///
    /// Nil when the text is anything else, or a number is above `largestNumber`.
    package init?(parsing text: some StringProtocol) {
        var sum = Extent(0)
        var rest = Substring(text)
        guard !rest.isEmpty, rest.utf8.count <= 1024 else { return nil }
        var isFirst = true
        while !rest.isEmpty {
            var sign = 1
            if rest.first == "-" || (rest.first == "+" && !isFirst) {
                sign = rest.removeFirst() == "-" ? -1 : 1
            } else if !isFirst {
                return nil
            }
            isFirst = false
            let end = rest.firstIndex { $0 == "+" || $0 == "-" } ?? rest.endIndex
            guard let term = Extent(term: rest[..<end]) else { return nil }
            sum = sum + term * sign
            rest = rest[end...]
        }
        self = sum
    }

    private init?(term: Substring) {
        let factors = term.split(separator: "*", omittingEmptySubsequences: false)
        guard let last = factors.last, factors.count <= 2 else { return nil }
        var coefficient = 1
        if factors.count == 2 {
            guard let number = Extent.number(factors[0]) else { return nil }
            coefficient = number
        }
        if let number = Extent.number(last) {
            guard factors.count == 1 else { return nil }
            self = Extent(number)
        } else {
            guard Extent.isSymbol(last) else { return nil }
            self = Extent(symbol: String(last)) * coefficient
        }
    }

    private static func number(_ text: Substring) -> Int? {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(text), number <= largestNumber
        else { return nil }
        return number
    }

    /// Letters, digits and underscores, not starting with a digit.
    package static func isSymbol(_ text: some StringProtocol) -> Bool {
        guard let first = text.utf8.first, !(0x30...0x39).contains(first) else { return false }
        return text.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x5F
        }
    }
}
