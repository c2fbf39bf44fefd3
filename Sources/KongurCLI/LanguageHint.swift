import Tokenizers

/// A word to people who ask in Chinese.
enum LanguageHint {
    static let text = "kongur: note: small reasoning models are often better in English; try asking in English"

    static func isMostlyChinese(_ prompt: String) -> Bool {
        PromptLanguage.isMostlyChinese(prompt)
    }
}
