/// One broken rule of a module, and where it is broken.
package struct Diagnostic: Sendable, Hashable {
    /// The number of the invariant in the specification: 3 for V3.
    package var rule: Int
    package var function: String
    /// Which operation of the function, counted from 0; nil when the function as a whole is at fault.
    package var operation: Int?
    package var operationName: String?
    /// What is wrong.
    package var message: String

    package init(
        _ rule: Int,
        function: String,
        operation: Int? = nil,
        operationName: String? = nil,
        _ message: String
    ) {
        self.rule = rule
        self.function = function
        self.operation = operation
        self.operationName = operationName
        self.message = message
    }
}

extension Diagnostic: CustomStringConvertible {
    package var description: String {
        var place = "function '\(function)'"
        if let operation { place += ", operation \(operation)" }
        if let operationName { place += " (\(operationName))" }
        return "\(place): V\(rule): \(message)"
    }
}

extension XIRError {
    /// One error that lists the diagnostics; past ten it only counts them.
    package init(_ diagnostics: [Diagnostic]) {
        let shown = 10
        var lines = diagnostics.prefix(shown).map(\.description)
        if diagnostics.count > shown { lines.append("and \(diagnostics.count - shown) more") }
        self.init(.verification, lines.joined(separator: "\n"))
    }
}
