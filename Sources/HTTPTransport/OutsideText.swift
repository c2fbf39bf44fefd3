extension String {
    /// The beginning of a text that another machine has sent, on one line and without control characters, for messages.
    package var shortened: String {
        let line = String(
            prefix(200).map {
                $0.unicodeScalars.contains { $0.value < 32 || (127...159).contains($0.value) } ? " " : $0
            }
        )
        return count > 200 ? line + "..." : line
    }
}
