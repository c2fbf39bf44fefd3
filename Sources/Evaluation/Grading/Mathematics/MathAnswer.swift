/// What an answer says: a value, several of them, or a condition.
indirect enum MathAnswer {
    case value(MathExpression, unit: String?)
    /// Several values without an order: with commas between them, or in braces.
    case list([MathAnswer])
    /// A point, a vector or an interval: in brackets, which tell a closed end from an open one.
    case tuple(open: Character, close: Character, [MathAnswer])
    case union([MathAnswer])
    case matrix([[MathAnswer]])
    /// `x = 5`, `f(x) = 3`, `x \in [0,1)`, `(a,b) = (1,2)`: what is found and its value.
    case named(String, MathAnswer)
    case equation(MathExpression, MathExpression)
    /// The first is less than the second, or as much where not `strict`.
    case inequality(MathExpression, MathExpression, strict: Bool)
    case inequation(MathExpression, MathExpression)
    case residue(MathExpression, modulus: MathExpression)
    case ratio([MathExpression])
    case emptySet
    /// One or several words, in small letters, and their value where they could be a variable or a product.
    case word(String, value: MathExpression?)
    /// The letter of a choice with the value that it stands for.
    case choice(String, MathAnswer?)
}
