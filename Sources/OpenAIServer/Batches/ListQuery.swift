import BatchJobs
import Hummingbird

/// The query of a list.
struct ListQuery: Sendable {
    private let request: Request

    init(_ request: Request) {
        self.request = request
    }

    /// A word out of a few; nil when it is not given.
    func word(_ name: String, of words: [String]) throws(APIError) -> String? {
        guard let word = text(name) else { return nil }
        guard words.contains(word) else {
            throw .invalid(name, "'\(name)' is \(words.joined(separator: " or "))")
        }
        return word
    }

    /// The page that is asked for.
    func page(limit: Int, most: Int) throws(APIError) -> PageRequest {
        let asked = text("limit")
        let count = asked.map { Int($0) ?? 0 } ?? limit
        guard (1...most).contains(count) else {
            throw .invalid("limit", "'limit' is a whole number from 1 to \(most)")
        }
        let order = try word("order", of: ["asc", "desc"])
        return PageRequest(after: text("after"), limit: count, isAscending: order == "asc")
    }

    private func text(_ name: String) -> String? {
        request.uri.queryParameters[name[...]].map { String($0) }
    }
}
