extension String {
    /// The beginning of a text that another machine has sent, on one line and without control characters, for messages.
    package var shortened: String {
        let line = String(prefix(200).map { $0.hasControl ? " " : $0 })
        return count > 200 ? line + "..." : line
    }
}

extension Character {
    /// Whether a terminal may take it, or a part of it, for a command.
    package var hasControl: Bool {
        unicodeScalars.contains { $0.properties.generalCategory == .control }
    }
}
