import Tokenizers

/// Reads `chat_template_kwargs`: variables of the model's chat template, such as `enable_thinking`.
enum TemplateVariables {
    private static let mostVariables = 64

    static func variables(_ fields: RequestFields) throws(APIError) -> JSONObject {
        let key = "chat_template_kwargs"
        guard let value = fields.value(key) else { return JSONObject() }
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
        return variables
    }
}
