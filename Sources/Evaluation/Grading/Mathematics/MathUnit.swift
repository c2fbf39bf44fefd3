/// Units behind a value.
///
/// They do not make an answer wrong where one side leaves them out; two that are known and differ do.
enum MathUnit {
    /// Where the unit at the end of the tokens begins, and its name; nil where there is none.
    static func split(_ tokens: ArraySlice<MathToken>) -> (start: Int, name: String)? {
        // The shortest start that is a value is sought from the left, so that `5\text{ m/s}` is one unit.
        var start: Int?
        var depth = 0
        for index in tokens.indices {
            if case .symbol(let symbol) = tokens[index] {
                if "([{".contains(symbol) { depth += 1 }
                if ")]}".contains(symbol) { depth -= 1 }
            }
            guard depth == 0, index > tokens.startIndex else { continue }
            switch tokens[index] {
            case .word: start = index
            case .letters(let run) where tokens[index - 1] == .space:
                // Bare letters behind a number may be variables; longer words and known units are none.
                if known[run.lowercased()] != nil || run.count > 3 && MathParser.functions[run] == nil { start = index }
            default: break
            }
            if start != nil { break }
        }
        // `25^{\text{th}}`, which is in braces.
        if start == nil { return ordinal(tokens) }
        guard var first = start else { return nil }
        let name = unitName(tokens[first...])
        guard let name else { return nil }
        while first > tokens.startIndex, tokens[first - 1] == .space { first -= 1 }
        return first > tokens.startIndex ? (first, name) : nil
    }

    private static func ordinal(_ tokens: ArraySlice<MathToken>) -> (start: Int, name: String)? {
        let suffixes = ["th", "st", "nd", "rd"]
        for suffix in suffixes {
            for token in [MathToken.word(suffix), .letters(suffix)] {
                for form: [MathToken] in [
                    [.symbol("^"), .symbol("{"), token, .symbol("}")], [.symbol("^"), token], [token],
                ] where tokens.count > form.count && tokens.suffix(form.count).elementsEqual(form) {
                    if form.count == 1, case .number = tokens[tokens.endIndex - 2] {
                    } else if form.count == 1 {
                        continue
                    }
                    return (tokens.endIndex - form.count, "")
                }
            }
        }
        return nil
    }

    /// The unit in one spelling; "" where it is none that is known; nil where something else than a unit is there.
    private static func unitName(_ tokens: ArraySlice<MathToken>) -> String? {
        var name = ""
        var isKnown = true
        for token in tokens {
            switch token {
            case .word(let word), .letters(let word):
                let unit = known[word.lowercased()]
                if unit == nil, !silent.contains(word.lowercased()) { isKnown = false }
                name += unit ?? ""
            case .number(let power): name += power
            case .symbol("/"): name += "/"
            case .symbol("^"), .symbol("{"), .symbol("}"), .space, .symbol("."), .command("cdot"), .symbol("("),
                .symbol(")"),
                .symbol("-"):
                continue
            default: return nil
            }
        }
        return isKnown ? name : ""
    }

    private static let silent: Set<String> = ["th", "st", "nd", "rd", "per", "of"]

    /// Spellings of units that differ in more than taste.
    private static let known: [String: String] = {
        var result: [String: String] = [:]
        for (name, spellings) in [
            ("mm", "mm millimeter millimeters millimetre millimetres"),
            ("cm", "cm centimeter centimeters centimetre centimetres"),
            ("m", "m meter meters metre metres"), ("km", "km kilometer kilometers kilometre kilometres"),
            ("in", "in inch inches"), ("ft", "ft foot feet"), ("yd", "yd yard yards"), ("mi", "mi mile miles"),
            ("mg", "mg milligram milligrams"), ("g", "g gram grams"), ("kg", "kg kilogram kilograms"),
            ("lb", "lb lbs pound pounds"), ("oz", "oz ounce ounces"), ("ml", "ml milliliter milliliters millilitres"),
            ("l", "l liter liters litre litres"), ("s", "s sec second seconds"), ("min", "min minute minutes"),
            ("h", "h hr hrs hour hours"), ("day", "day days"), ("week", "week weeks"), ("year", "year years"),
            ("degree", "degree degrees"), ("rad", "rad radian radians"), ("dollar", "dollar dollars usd"),
            ("cent", "cent cents"), ("%", "percent"), ("mph", "mph"), ("kph", "kph"),
        ] {
            for spelling in spellings.split(separator: " ") { result[String(spelling)] = name }
        }
        return result
    }()
}
