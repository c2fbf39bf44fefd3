import Testing

@testable import Tokenizers

struct ChatTemplateTests {
    private func render(_ source: String, _ variables: JSONObject = JSONObject()) throws -> String {
        try ChatTemplate(source: source).render(
            messages: [ChatMessage(role: "user", content: "hi")],
            variables: variables,
            now: 1_735_732_800
        )
    }

    @Test("chat_template.jinja counts before the configuration's template, and named templates are found")
    func loading() throws {
        let named = #"{"chat_template": [{"name": "default", "template": "d"}, {"name": "tool_use", "template": "t"}]}"#
        let single =
            #"{"bos_token": {"content": "<b>"}, "eos_token": "<e>", "chat_template": "{{ bos_token }}{{ eos_token }}"}"#
        func load(_ files: [String: String], _ name: String? = nil, tools: [JSONValue]? = nil) throws -> String? {
            try TinyTokenizer.withFolder(files.mapValues { Array($0.utf8) }) { folder in
                try ChatTemplate.load(directory: folder, name: name)?.render(messages: [], tools: tools)
            }
        }
        #expect(try load(["tokenizer_config.json": single]) == "<b><e>")
        #expect(try load(["tokenizer_config.json": named]) == "d")
        #expect(try load(["tokenizer_config.json": named], "tool_use") == "t")
        #expect(try load(["tokenizer_config.json": named], "other") == nil)
        #expect(try load(["tokenizer_config.json": single, "chat_template.jinja": "j{{ eos_token }}"]) == "j<e>")
        #expect(try load([:]) == nil)
        // Requests with tools take the template for tools, wherever it is.
        #expect(try load(["tokenizer_config.json": named], tools: ["x"]) == "t")
        #expect(try load(["tokenizer_config.json": single], tools: ["x"]) == "<b><e>")
        let further = ["chat_template.jinja": "d", "additional_chat_templates/tool_use.jinja": "{{ tools[0] }}"]
        #expect(try load(further) == "d")
        #expect(try load(further, tools: ["x"]) == "x")
        #expect(try load(["chat_template.json": #"{"chat_template": "p"}"#]) == "p")
        let nameless = #"{"chat_template": [{"name": "a", "template": "a"}, {"name": "b", "template": "b"}]}"#
        #expect(TinyTokenizer.failure { _ = try load(["tokenizer_config.json": nameless]) }?.code == .templateFailed)
    }

    @Test("special tokens are also found in special_tokens_map.json")
    func specialTokensMap() throws {
        let map = #"{"bos_token": {"content": "<b>"}, "eos_token": "<e>", "additional_special_tokens": ["<x>"]}"#
        func load(_ configuration: String) throws -> String? {
            let files = [
                "special_tokens_map.json": map, "tokenizer_config.json": configuration,
                "chat_template.jinja": "{{ bos_token }}{{ eos_token }}{{ additional_special_tokens }}",
            ]
            return try TinyTokenizer.withFolder(files.mapValues { Array($0.utf8) }) { folder in
                try ChatTemplate.load(directory: folder)?.render(messages: [])
            }
        }
        #expect(try load("{}") == "<b><e>['<x>']")
        #expect(try load(#"{"eos_token": "<own>"}"#) == "<b><own>['<x>']")
        #expect(try load(#"{"bos_token": null}"#) == "<b><e>['<x>']")
        #expect(try load(#"{"bos_token": null, "added_tokens_decoder": {}}"#) == "<e>['<x>']")
    }

    @Test("a refusal by the template carries its message and line")
    func refusal() {
        let error = TinyTokenizer.failure { _ = try render("\n{{ raise_exception('no ' ~ messages[0].role) }}") }
        #expect(error?.code == .templateRefused)
        #expect(error?.message.contains("line 2: no user") == true)
    }

    @Test("dates are written in the format asked for")
    func dates() throws {
        #expect(try render("{{ strftime_now('%Y') }}") == "2025")
    }

    @Test("arguments that came as JSON text become objects")
    func toolArguments() throws {
        let call: JSONValue = ["function": ["name": "f", "arguments": .string(#"{"x": [1]}"#)]]
        let parsed = ChatMessage.withParsedArguments(call)
        #expect(parsed["function"]?["arguments"] == ["x": [1]])
        let broken: JSONValue = ["function": ["name": "f", "arguments": .string("{")]]
        #expect(ChatMessage.withParsedArguments(broken) == broken)
    }

    @Test(
        "a hostile template ends in an error",
        arguments: [
            "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
            "{% set ns = namespace(s='x') %}{% for i in range(99) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}{{ ns.s }}",
            "{{ 'x' * 9999999999 }}", "{{ 'x' * 9223372036854775807 }}",
            "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
            "{% set ns = namespace(l=[]) %}{% for i in range(9999) %}{% set ns.l = [ns.l] %}{% endfor %}",
            "{% set ns = namespace(l=[1]) %}{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l }}",
            "{% set ns = namespace(l=[1]) %}{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l | tojson }}",
            "{% set ns = namespace(l=[1]) %}{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l == [ns.l[0], 2] }}",
            "{% set ns = namespace(l=[1]) %}{% for i in range(60) %}{% set ns.l = ns.l + ns.l %}{% endfor %}",
            "{% set s = 'ab' * 9999999 %}{% for i in range(999) %}{{ s.replace('a', 'bb') }}{% endfor %}",
            "{{ " + String(repeating: "(", count: 100_000), "{{ " + String(repeating: "[", count: 100_000),
            "{{ " + String(repeating: "not ", count: 100_000) + "1 }}",
            "{{ " + String(repeating: "-", count: 100_000) + "1 }}",
            "{{ 1" + String(repeating: " + 1", count: 100_000) + " }}",
            "{{ a" + String(repeating: ".a", count: 100_000) + " }}",
            "{{ 1" + String(repeating: " if 1 else 1", count: 100_000) + " }}",
            "{{ a" + String(repeating: "|d(1", count: 10_000) + String(repeating: ")", count: 10_000) + " }}",
            String(repeating: "{% if 1 %}", count: 100_000), String(repeating: "{% for x in [1] %}", count: 100_000),
            "{{ 9223372036854775807 + 1 }}", "{{ -9223372036854775807 - 2 }}", "{{ (-9223372036854775807 - 1) // -1 }}",
            "{{ 10 ** 64 }}", "{{ [1][::0] }}", "{{ range(0, 99999999999999999) }}", "{{ 99999999999999999999 }}",
            "{{ '' | indent(99999999999) }}", "{{ 1 % 0 }}", "{{ {} | tojson(indent=99999999) }}",
            // What is searched for is nearly there, everywhere.
            "{% set a = 'a' * 200000 %}{% set b = 'a' * 100000 ~ 'b' %}{% for i in range(9999) %}{{ b in a }}{% endfor %}",
            "{% set a = 'a' * 200000 %}{% set b = 'a' * 100000 ~ 'b' %}{% for i in range(9999) %}{{ a.find(b) }}{% endfor %}",
            "{% set a = 'a' * 200000 %}{% set b = 'b' ~ 'a' * 100000 %}{% for i in range(9999) %}{{ a.rfind(b) }}{% endfor %}",
            "{% set a = 'a' * 200000 %}{% set b = 'a' * 100000 ~ 'b' %}{% for i in range(9999) %}{{ a.replace(b, '')|length }}{% endfor %}",
            "{% set a = 'a b ' * 50000 %}{% for i in range(9999) %}{{ a.split()|length }}{% endfor %}",
            "{% for i in range(9999) %}{{ range(99999)|sort|first }}{{ range(99999)|unique|list|length }}{% endfor %}",
            "{% set a = 'a' * 999999 %}{% set b = 'a' * 999999 %}{% for i in range(99999) %}{{ a == b }}{{ a < b }}{% endfor %}",
            "{% set a = 'Σ.' * 99999 %}{% for i in range(99999) %}{{ a.lower()|length }}{% endfor %}",
            "{% set k = 'a' * 999999 %}{% set d = {k: 1} %}{% for i in range(99999) %}{{ d[k] }}{% endfor %}",
            "{% for i in range(99999) %}{{ ('a-' * 99999)|wordwrap(3)|length }}{% endfor %}",
            "{% for i in range(99999) %}{{ ('<' * 99999)|striptags|length }}{{ ('(' * 99999)|urlize|length }}{% endfor %}",
            "{% for i in range(99999) %}{{ ('ab ' * 99999)|pprint|length }}{% endfor %}",
            "{% for i in range(99999) %}{{ [1]|batch(999999, 0)|list|length }}{{ [1]|slice(999999)|list|length }}{% endfor %}",
            "{% set l = ['a' * 99999] * 100 %}{% for i in range(99999) %}{{ loop.changed(l) }}{{ (l ~ '')|length }}{% endfor %}",
            "{% macro m() %}{{ varargs|length }}{% endmacro %}{% for i in range(9999) %}{{ m(*([1] * 999999)) }}{% endfor %}",
            "{% macro m(n) %}{% for i in range(10) %}{{ m(n) }}{% endfor %}{% endmacro %}{{ m(1) }}",
            "{% for i in [1, 2] recursive %}{{ loop([1, 2]) }}{% endfor %}",
            "{{ 'a'.zfill(9223372036854775807) }}", "{{ 'a'|center(9223372036854775807) }}",
            "{{ ('\t' * 99999).expandtabs(9223372036854775807) }}", "{{ '%*d' % (9223372036854775807, 1) * 99 }}",
            "{{ ('a' * 9999999).replace('', 'b' * 9999999) }}", "{{ ('\n' * 99999)|indent(99999) }}",
            "{% for i in range(9999) %}{{ '{:1000000}'.format(1)|length }}{% endfor %}",
        ]
    )
    func hostile(source: String) {
        let error = TinyTokenizer.failure { _ = try render(source) }
        #expect(error != nil)
        #expect(error?.message.hasPrefix("chat template") == true)
    }

    @Test("namespaces that hold each other end with the rendering")
    func cycles() throws {
        let source = """
            {% set a = namespace() %}{% set b = namespace() %}{% set a.b = b %}{% set b.a = a %}{% set a.me = [a] %}
            {%- for i in range(5000) %}{% set n = namespace(before=a.last) %}{% set a.last = n %}{% endfor %}{{ a == b }}
            """
        #expect(try render(source) == "False")
    }

    @Test("deep variables are refused")
    func deepVariables() {
        var value: JSONValue = 1
        for _ in 0..<200 { value = [value] }
        var variables = JSONObject()
        variables["x"] = value
        #expect(TinyTokenizer.failure { _ = try render("", variables) }?.code == .limitExceeded)
    }

    @Test("a template with bytes changed anywhere renders or is an error, never a trap")
    func mutations() throws {
        let base =
            "{%- for m in messages[::-1] if m.role is defined %}{{ loop.index0 ~ m['content'].split('h')[-1] | tojson(indent=2) }}"
            + "{% set ns = namespace(a=1) %}{% set ns.a = ns.a * 2 // 3 - -1 %}{% else %}x{% endfor %}{# c #}{{ [1, 'a', {'b': none}] }}"
        let pieces = [
            "{{", "}}", "{%", "%}", "#}", "'", "(", ")", "[", "]", "|", ".", " if ", " in ", "-", "\\", "\n", "é", "9",
            "is ",
        ]
        var state: UInt64 = 11
        func random(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        for _ in 0..<3000 {
            var scalars = Array(base.unicodeScalars)
            for _ in 0...random(3) {
                let place = random(scalars.count)
                if random(2) == 0 {
                    scalars.replaceSubrange(place..<min(scalars.count, place + random(6)), with: [])
                } else {
                    scalars.insert(contentsOf: pieces[random(pieces.count)].unicodeScalars, at: place)
                }
            }
            var view = String.UnicodeScalarView()
            view.append(contentsOf: scalars)
            let source = String(view)
            do throws(TokenizerError) {
                _ = try ChatTemplate(source: source).render(messages: [ChatMessage(role: "user", content: "hi")])
            } catch {
                #expect(error.message.hasPrefix("chat template"), "\(source)")
            }
        }
    }
}
