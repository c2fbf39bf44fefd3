import Logging

extension Logger {
    /// What is logged here is expected.
    static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}
