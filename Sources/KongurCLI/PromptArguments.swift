import ArgumentParser
import Tokenizers

/// How conversations become prompts.
struct PromptArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Variables of the chat template as a JSON object, such as '{\"enable_thinking\": false}'.",
            valueName: "json"
        )
    )
    var chatTemplateKwargs: TemplateVariables?

    @Flag(help: "Let a message that spells a control token, such as <|im_end|>, write one. By default it is text.")
    var allowSpecialTokens = false
}

/// Variables of a chat template, as a JSON object.
struct TemplateVariables: ExpressibleByArgument {
    var variables: JSONObject

    init?(argument: String) {
        guard let object = (try? JSONValue(parsing: argument))?.object,
            object.keys.allSatisfy({ !ChatTemplate.reservedVariables.contains($0) })
        else { return nil }
        variables = object
    }
}
