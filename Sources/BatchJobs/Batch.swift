/// A job: all lines of a file, each asked of one endpoint.
package struct Batch: Sendable, Hashable, Codable {
    /// Where it is; the raw values are OpenAI's.
    package enum Status: String, Sendable, Codable, CaseIterable {
        case validating
        case inProgress = "in_progress"
        case finalizing
        case cancelling
        case completed
        case failed
        case expired
        case cancelled

        /// Whether nothing more will happen.
        package var isEnd: Bool {
            switch self {
            case .validating, .inProgress, .finalizing, .cancelling: false
            case .completed, .failed, .expired, .cancelled: true
            }
        }
    }

    /// Lines of the file, and those of them that have their results.
    package struct Counts: Sendable, Hashable, Codable {
        package var total: Int
        package var completed: Int
        package var failed: Int

        package init(total: Int = 0, completed: Int = 0, failed: Int = 0) {
            self.total = total
            self.completed = completed
            self.failed = failed
        }

        package var unfinished: Int { total - completed - failed }
    }

    /// Why a file cannot be worked on.
    package struct Fault: Error, Sendable, Hashable, Codable {
        /// OpenAI's word for it, such as `invalid_json_line`.
        package var code: String
        package var message: String
        package var param: String?
        /// Counted from 1; nil for the whole file.
        package var line: Int?

        package init(_ code: String, _ message: String, param: String? = nil, line: Int? = nil) {
            self.code = code
            self.message = message
            self.param = param
            self.line = line
        }
    }

    package var id: String
    package var owner: String
    package var endpoint: String
    package var inputFile: String
    package var window: String
    package var metadata: [String: String]?
    package var created: Int
    /// When unfinished lines are given up.
    package var expires: Int
    /// Seconds for which its files are kept.
    package var outputLifetime: Int
    package private(set) var status = Status.validating
    /// When each status was reached, by its raw value.
    private var reached: [String: Int] = [:]
    package var counts = Counts()
    package var faults: [Fault] = []
    package var outputFile: String?
    package var errorFile: String?

    package init(
        id: String,
        owner: String,
        endpoint: String,
        inputFile: String,
        window: String,
        metadata: [String: String]?,
        created: Int,
        expires: Int,
        outputLifetime: Int
    ) {
        self.id = id
        self.owner = owner
        self.endpoint = endpoint
        self.inputFile = inputFile
        self.window = window
        self.metadata = metadata
        self.created = created
        self.expires = expires
        self.outputLifetime = outputLifetime
    }

    package mutating func enter(_ status: Status, at time: Int) {
        self.status = status
        reached[status.rawValue] = time
    }

    /// When a status was reached; nil when it was not.
    package func time(of status: Status) -> Int? { reached[status.rawValue] }
}
