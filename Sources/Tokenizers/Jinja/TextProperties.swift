/// What kind of text this is: Python's `str.is...` methods, and the words of regular expressions.
extension Text {
    /// The answer of a method such as "isalpha"; nil when there is none of that name.
    func property(_ name: String) -> Bool? {
        switch name {
        case "isspace": consists { Self.isSpace($0) }
        case "isdecimal": consists { $0.properties.numericType == .decimal }
        case "isdigit": consists { Self.isDigit($0) }
        case "isnumeric": consists { Self.isNumeric($0) }
        case "isalpha": consists { CharacterClass($0) == .letter }
        case "isalnum": consists { CharacterClass($0) == .letter || Self.isNumeric($0) }
        case "isascii": units.allSatisfy { $0 & Self.scalarMask < 0x80 }
        case "isprintable": units.allSatisfy { Self.isPrintable(Self.scalar($0)) }
        case "isidentifier":
            consists { $0 == "_" || $0.properties.isIDContinue }
                && units.first.map { Self.scalar($0) == "_" || Self.scalar($0).properties.isIDStart } ?? false
        case "islower":
            hasCase {
                $0.isLowercase
            } without: {
                $0.isUppercase || Self.isTitle($0)
            }
        case "isupper":
            hasCase {
                $0.isUppercase
            } without: {
                $0.isLowercase || Self.isTitle($0)
            }
        case "istitle": isTitle
        default: nil
        }
    }

    private func consists(of isPart: (Unicode.Scalar) -> Bool) -> Bool {
        !isEmpty && units.allSatisfy { isPart(Self.scalar($0)) }
    }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.numericType == .decimal || scalar.properties.numericType == .digit
    }

    private static func isNumeric(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.numericType != nil }

    private static func isTitle(_ properties: Unicode.Scalar.Properties) -> Bool {
        properties.generalCategory == .titlecaseLetter
    }

    private func hasCase(
        _ wanted: (Unicode.Scalar.Properties) -> Bool,
        without other: (Unicode.Scalar.Properties) -> Bool
    ) -> Bool {
        var isFound = false
        for unit in units {
            let properties = Self.scalar(unit).properties
            if other(properties) { return false }
            isFound = isFound || wanted(properties)
        }
        return isFound
    }

    private var isTitle: Bool {
        var (isFound, inWord) = (false, false)
        for unit in units {
            let properties = Self.scalar(unit).properties
            if properties.isUppercase || Self.isTitle(properties) {
                if inWord { return false }
                (isFound, inWord) = (true, true)
            } else if properties.isLowercase {
                if !inWord { return false }
            } else {
                inWord = false
            }
        }
        return isFound
    }

    /// `\w`.
    static func isWord(unit: UInt32) -> Bool {
        let scalar = scalar(unit)
        return scalar == "_" || CharacterClass(scalar) == .letter || isNumeric(scalar)
    }
}
