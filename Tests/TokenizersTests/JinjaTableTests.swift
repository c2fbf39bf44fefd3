import Testing

@testable import Tokenizers

/// Exact equality with jinja2, over every filter, test, global, method and statement.
@Suite(.enabled(if: Oracle.isAvailable, Oracle.skipped))
struct JinjaTableTests {
    @Test("every expression is what it is in jinja2, or is refused as there")
    func table() throws {
        let folder = try Oracle.run("jinja_table.py", as: "jinja")
        let table = try Oracle.json(folder + "/cases.json")
        let cases = table["cases"]?.array ?? []
        #expect(cases.count > 1000)
        var variables = JSONObject()
        for (name, value) in zip(table["variables"]?.object?.keys ?? [], table["variables"]?.object?.values ?? []) {
            variables[name] = value
        }
        var wrong: [String] = []
        for sample in cases {
            let expected = sample["text"]?.string
            var found: String?
            var failure = ""
            do throws(TokenizerError) {
                let renderer = Renderer(try Parser.parse(sample["template"]?.string ?? ""), now: 1_735_732_800)
                for (name, value) in zip(variables.keys, variables.values) {
                    renderer.define(name, try renderer.value(value, .user))
                }
                found = try renderer.render().text
            } catch {
                failure = error.message
            }
            guard found.map({ Array($0.utf8) }) != expected.map({ Array($0.utf8) }) else { continue }
            wrong.append("\(sample["name"]?.string ?? ""): \(found ?? failure); jinja2: \(expected ?? "an error")")
        }
        #expect(wrong.isEmpty, "\(wrong.prefix(10).joined(separator: "\n"))")
    }

    @Test("the table has every filter, test and global of Jinja")
    func isWhole() throws {
        let folder = try Oracle.run("jinja_table.py", as: "jinja-names", [])
        let text = try Oracle.json(folder + "/cases.json").json
        for name in Renderer.filters.keys where name != "random" { #expect(text.contains(name), "\(name)") }
        for name in Renderer.tests { #expect(text.contains(name), "\(name)") }
        for name in Renderer.stringMethods { #expect(text.contains("." + name), "\(name)") }
    }
}
