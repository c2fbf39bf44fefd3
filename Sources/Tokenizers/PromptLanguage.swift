/// What language a prompt is probably written in.
package enum PromptLanguage {
    /// A Han character says about as much as a short word, so a third of the letters makes most of a text.
    private static let share = 0.3

    /// Whether Han characters are a large enough share of the letters that the text reads as Chinese.
    ///
    /// Digits, punctuation and signs of formulas do not count. False for a text without letters.
    package static func isMostlyChinese(_ text: String) -> Bool {
        var letters = 0
        var han = 0
        for scalar in text.unicodeScalars where scalar.properties.isAlphabetic {
            letters += 1
            if scalar.properties.isIdeographic { han += 1 }
        }
        return letters > 0 && Double(han) >= share * Double(letters)
    }
}
