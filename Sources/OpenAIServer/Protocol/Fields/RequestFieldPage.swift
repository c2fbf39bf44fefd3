import Tokenizers

/// The page of the documentation that lists the known request fields, as Markdown.
package enum RequestFieldPage {
    package static var markdown: String {
        var text = """
            # Request fields

            What the server does with each field of a request that OpenAI's interfaces or the servers like it know: vLLM, llama.cpp, SGLang, \
            TGI and hosted services. This page is made from the table in the code that the server checks requests with: \
            `kongur serve --print-request-fields > docs/request-fields.md`.

            - **obeyed**: the answer is as the field says. On a route that does not have the field, a value that asks for something is a 400.
            - **accepted**: the field cannot change the answer.
            - **refused**: a 400 whose `param` is the field and whose `code` is `unsupported_parameter`. Values that ask for nothing are accepted: \
            `null`, and those that are listed.

            A field that is not listed here is passed over, and the response names it in the header `X-Kongur-Ignored`; with \
            `kongur serve --strict-fields` it is a 400 whose `code` is `unknown_parameter`. Lines of batches are read like requests.


            """
        for section in KnownFields.sections {
            text += "## \(section.title)\n\n| field | known to | routes | | |\n|---|---|---|---|---|\n"
            for field in section.fields { text += row(field) }
            text += "\n"
        }
        return String(text.dropLast())
    }

    private static func row(_ field: RequestField) -> String {
        let routes =
            field.routes.count == CompletionEndpoint.allCases.count
            ? "all"
            : CompletionEndpoint.allCases.filter(field.routes.contains).map { "`\($0.rawValue)`" }.joined(
                separator: ", "
            )
        var note = field.note
        let treatment: String
        switch field.treatment {
        case .obeyed: treatment = "obeyed"
        case .accepted: treatment = "accepted"
        case .refused(let neutral):
            treatment = "**refused**"
            note = note.prefix(1).uppercased() + note.dropFirst() + "."
            if !neutral.isEmpty {
                note += " Accepted: \(neutral.map { "`\($0.json)`" }.joined(separator: ", "))."
            }
        }
        let dialects = field.dialects.map(\.rawValue).joined(separator: ", ")
        return "| `\(field.name)` | \(dialects) | \(routes) | \(treatment) | \(note.replacing("|", with: "\\|")) |\n"
    }
}
