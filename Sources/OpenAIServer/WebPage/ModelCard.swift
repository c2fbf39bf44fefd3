/// What a model's card says of it to people who are about to ask: what it is for, and questions that it answers rightly.
package struct ModelCard: Encodable, Sendable, Equatable {
    package struct Example: Encodable, Sendable, Equatable {
        /// By language, such as `en` and `zh`.
        package var title: [String: String]
        package var text: String

        package init(title: [String: String], text: String) {
            self.title = title
            self.text = text
        }
    }

    /// The language of the examples, as `lang` attributes write it.
    package var language: String
    /// By language.
    package var summary: [String: String]
    package var examples: [Example]

    package init(language: String, summary: [String: String], examples: [Example]) {
        self.language = language
        self.summary = summary
        self.examples = examples
    }
}
