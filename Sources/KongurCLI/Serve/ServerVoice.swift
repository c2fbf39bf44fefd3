import Logging

/// What `kongur serve` says of itself: lines for a person, or where the log is JSON lines of the log.
struct ServerVoice {
    let output: LogOutput

    private var isForPeople: Bool { output.format == .text }

    func note(_ text: String) {
        if isForPeople { Console.note("kongur: \(text)") } else { output.write(.info, text) }
    }

    func warn(_ text: String) {
        if isForPeople { Console.warn(text) } else { output.write(.warning, text) }
    }

    /// Says why the server ends; false where that is the program's business, as for a person.
    func fail(_ text: String) -> Bool {
        guard !isForPeople else { return false }
        output.write(.critical, text)
        output.flush()
        return true
    }
}
