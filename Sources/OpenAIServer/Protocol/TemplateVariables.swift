import Tokenizers

/// Reads `chat_template_kwargs`: variables of the model's chat template; `enable_thinking`, which hosted services take beside it,
/// is one of them.
enum TemplateVariables {
    private static let mostVariables = 64

    static func variables(_ fields: RequestFields) throws(APIError) -> JSONObject {
        let key = "chat_template_kwargs"
        var switched = JSONObject()
        if let isOn = try fields.bool("enable_thinking") { switched["enable_thinking"] = .bool(isOn) }
        guard let value = fields.value(key) else { return switched }
        guard let variables = value.object, variables.count <= mostVariables else {
            throw fields.wrong(key, value, "an object of at most \(mostVariables) variables of the chat template")
        }
        let reserved = ChatTemplate.reservedVariables.union(["chat_template", "tokenize"])
        if let name = variables.keys.first(where: reserved.contains) {
            throw .invalid(
                "\(key).\(name)",
                "'\(key).\(name)' is no variable of the chat template that a request can set"
            )
        }
        if let inner = variables["enable_thinking"], let outer = switched["enable_thinking"], inner != outer {
            throw .invalid(
                "enable_thinking",
                "'enable_thinking' and '\(key).enable_thinking' say different things: send one"
            )
        }
        return switched.merging(variables)
    }
}
