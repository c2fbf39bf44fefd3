import Tokenizers

/// What numbers are multiples of, as `multipleOf` says: so many units of the last of some decimal places.
struct DecimalStep {
    private static let mostCount = 100_000
    private static let mostDigits = 6

    /// In units of the last place.
    let count: Int
    /// Places behind the point.
    let digits: Int

    /// Nil without the keyword.
    ///
    /// Throws `.unsupported` for steps that are too large or too fine to be followed.
    init?(_ schema: JSONObject, at path: SchemaPath) throws(GrammarError) {
        guard let value = schema["multipleOf"] else { return nil }
        let parts: (Int, Int)?
        switch value {
        case .int(let whole) where whole > 0: parts = (whole, 0)
        case .double(let fraction) where fraction > 0 && fraction.isFinite: parts = Self.parts(fraction)
        default: throw GrammarError(.invalidSchema, path, "'multipleOf' is a number above 0")
        }
        guard let (count, digits) = parts, count <= Self.mostCount else {
            throw GrammarError(
                .unsupported,
                path,
                "the 'multipleOf' \(value.json): supported are up to \(Self.mostCount), and \(Self.mostDigits) decimal places",
                keyword: "multipleOf"
            )
        }
        (self.count, self.digits) = (count, digits)
    }

    /// The shortest decimal number that is read as this one.
    private static func parts(_ value: Double) -> (Int, Int)? {
        for digits in 0...mostDigits {
            let power = (0..<digits).reduce(1) { power, _ in power * 10 }
            guard let count = Int(exactly: (value * Double(power)).rounded()), count > 0, count <= mostCount else {
                continue
            }
            if Double(count) / Double(power) == value { return (count, digits) }
        }
        return nil
    }
}
