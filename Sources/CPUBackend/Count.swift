import XIR

/// A product of extents, made ready at load so that a run only multiplies.
struct Count {
    private struct Term {
        var symbol: Int
        var coefficient: Int
    }

    private struct Factor {
        var constant: Int
        var terms: [Term]
    }

    private var fixed = 1
    private var factors: [Factor] = []

    /// `symbols` numbers the symbols that runs bind; nil when an extent mentions another one.
    init?(_ extents: some Sequence<Extent>, symbols: [String: Int]) {
        for extent in extents {
            if let value = extent.fixed {
                fixed *= value
                continue
            }
            var factor = Factor(constant: extent.constant, terms: [])
            for term in extent.terms {
                guard let symbol = symbols[term.symbol] else { return nil }
                factor.terms.append(Term(symbol: symbol, coefficient: term.coefficient))
            }
            factors.append(factor)
        }
    }

    /// The product under a run's symbols, in the order in which they were numbered.
    func callAsFunction(_ symbols: [Int]) -> Int {
        var product = fixed
        for factor in factors {
            product *= factor.terms.reduce(factor.constant) { $0 + $1.coefficient * symbols[$1.symbol] }
        }
        return product
    }
}
