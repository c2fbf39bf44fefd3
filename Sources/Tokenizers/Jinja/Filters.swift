/// `value | name(arguments)`: the filters of Jinja 3.1.
extension Renderer {
    /// Every filter with the names of its parameters; nil where they are checked by the filter itself.
    static let filters: [String: [String]?] = [
        "abs": [], "attr": ["name"], "batch": ["linecount", "fill_with"], "capitalize": [], "center": ["width"],
        "count": [], "d": ["default_value", "boolean"], "default": ["default_value", "boolean"],
        "dictsort": ["case_sensitive", "by", "reverse"], "e": [], "escape": [], "filesizeformat": ["binary"],
        "first": [], "float": ["default"], "forceescape": [], "format": nil,
        "groupby": ["attribute", "default", "case_sensitive"], "indent": ["width", "first", "blank"],
        "int": ["default", "base"], "items": [], "join": ["d", "attribute"], "last": [], "length": [], "list": [],
        "lower": [], "map": nil, "max": ["case_sensitive", "attribute"], "min": ["case_sensitive", "attribute"],
        "pprint": [], "random": [], "reject": nil, "rejectattr": nil, "replace": ["old", "new", "count"], "reverse": [],
        "round": ["precision", "method"], "safe": [], "select": nil, "selectattr": nil,
        "slice": ["slices", "fill_with"],
        "sort": ["reverse", "case_sensitive", "attribute"], "string": [], "striptags": [],
        "sum": ["attribute", "start"], "title": [],
        "tojson": ["ensure_ascii", "indent", "separators", "sort_keys"], "trim": ["chars"],
        "truncate": ["length", "killwords", "end", "leeway"], "unique": ["case_sensitive", "attribute"], "upper": [],
        "urlencode": [], "urlize": ["trim_url_limit", "nofollow", "target", "rel", "extra_schemes"], "wordcount": [],
        "wordwrap": ["width", "break_long_words", "wrapstring", "break_on_hyphens"], "xmlattr": ["autospace"],
    ]

    func apply(_ name: String, to value: Value, _ arguments: CallArguments, line: Int) throws(TokenizerError) -> Value {
        try work.enter()
        defer { work.leave() }
        guard let parameters = Self.filters[name] else { throw failure("the filter '\(name)' is not known", line) }
        if let parameters {
            try arguments.check(parameters) { (reason) in failure("'\(name)' \(reason)", line) }
        }
        if let result = try textFilter(name, value, arguments, line) { return result }
        if let result = try sequenceFilter(name, value, arguments, line) { return result }
        if let result = try markupFilter(name, value, arguments, line) { return result }
        return try valueFilter(name, value, arguments, line)
    }

    private func valueFilter(
        _ name: String,
        _ value: Value,
        _ arguments: CallArguments,
        _ line: Int
    ) throws(TokenizerError) -> Value {
        switch name {
        case "tojson": return try string(try json(value, arguments, line))
        case "length", "count": return .int(try length(value, line))
        case "default", "d":
            let replacesFalse = arguments.value(1, "boolean")?.isTrue ?? false
            guard value.isUndefined || (replacesFalse && !value.isTrue) else { return value }
            return arguments.value(0, "default_value") ?? .text("")
        case "attr":
            let attribute = try text(of: arguments.value(0, "name") ?? .none).string
            return try member(attribute, of: value) ?? .undefined(what: "\(value.kind) has no attribute '\(attribute)'")
        case "int": return try wholeNumber(value, arguments, line)
        case "float":
            if case .undefined(let what) = value { throw failure(what, line) }
            var found = number(value)
            if case .string(let text) = value {
                try work.charge(text: text.count)
                found = PythonNumber.double(text.string)
            }
            return found.map { .double($0) } ?? arguments.value(0, "default") ?? .double(0)
        case "abs":
            if let whole = int(value) {
                return whole < 0 ? try arithmetic("-", .int(0), .int(whole), line) : .int(whole)
            }
            guard let value = number(value) else { throw failure("'abs' needs a number", line) }
            return .double(value.magnitude)
        case "round": return try rounded(value, arguments, line)
        default: throw failure("the filter '\(name)' is not known", line)
        }
    }

    func length(_ value: Value, _ line: Int) throws(TokenizerError) -> Int {
        switch value {
        case .undefined: return 0
        case .string(let text): return text.count
        case .list(let list): return list.items.count
        case .dictionary(let dictionary): return dictionary.fields.count
        case .loop(let loop): return loop.items.items.count
        default: throw failure("\(value.kind) has no length", line)
        }
    }

    private func wholeNumber(
        _ value: Value,
        _ arguments: CallArguments,
        _ line: Int
    ) throws(TokenizerError) -> Value {
        let standard = arguments.value(0, "default") ?? .int(0)
        switch value {
        case .undefined(let what): throw failure(what, line)
        case .string(let text):
            try work.charge(text: text.count)
            guard let base = int(arguments.value(1, "base") ?? .int(10)) else {
                throw failure("the base of 'int' must be a whole number", line)
            }
            let content = text.string
            if let whole = PythonNumber.int(content, base: base) { return .int(whole) }
            // "42.23" is 42.
            guard let number = PythonNumber.double(content), number.isFinite else { return standard }
            return .int(try whole(number, line))
        case .double(let number): return number.isNaN ? standard : .int(try whole(number, line))
        default: return int(value).map { .int($0) } ?? standard
        }
    }

    func whole(_ number: Double, _ line: Int) throws(TokenizerError) -> Int {
        guard let whole = Int(exactly: number.rounded(.towardZero)) else {
            throw failure("the number \(pythonText(number)) does not fit in 64 bits", line)
        }
        return whole
    }

    private func rounded(_ value: Value, _ arguments: CallArguments, _ line: Int) throws(TokenizerError) -> Value {
        let method = try text(of: arguments.value(1, "method") ?? .text("common")).string
        guard ["common", "ceil", "floor"].contains(method) else {
            throw failure("the method of 'round' is common, ceil or floor", line)
        }
        guard let places = int(arguments.value(0, "precision") ?? .int(0)), -400...400 ~= places,
            let number = number(value)
        else { throw failure("'round' needs a number and a whole precision", line) }
        if method == "common" {
            guard let whole = int(value) else { return .double(PythonNumber.rounded(number, places: places)) }
            if places >= 0 { return .int(whole) }
            guard places > -19 else { return .int(0) }
            let scale = (0..<(-places)).reduce(1) { product, _ in product * 10 }
            let (quotient, remainder) = (whole / scale, whole % scale)
            let twice = remainder.magnitude.multipliedReportingOverflow(by: 2)
            let isUp =
                twice.overflow || twice.partialValue > scale.magnitude
                || twice.partialValue == scale.magnitude && quotient % 2 != 0
            return try arithmetic("*", .int(quotient + (isUp ? whole.signum() : 0)), .int(scale), line)
        }
        let scale = PythonNumber.power(10, Double(places))
        let scaled = number * scale
        guard scaled.isFinite, scale > 0 else { throw failure("the number is too large for 'round'", line) }
        return .double(scaled.rounded(method == "ceil" ? .up : .down) / scale)
    }
}
