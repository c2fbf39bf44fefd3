extension DecodingError {
    /// Where in the JSON the fault is, and what it is.
    package var place: String {
        func path(_ context: Context, _ last: (any CodingKey)? = nil) -> String {
            (context.codingPath + [last].compactMap(\.self)).map(\.stringValue).joined(separator: ".")
        }
        switch self {
        case .keyNotFound(let key, let context): return "'\(path(context, key))' is missing"
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            return "'\(path(context))' is of the wrong type: \(context.debugDescription)"
        case .dataCorrupted(let context):
            return context.codingPath.isEmpty
                ? "is not JSON: \(context.debugDescription)" : "'\(path(context))': \(context.debugDescription)"
        @unknown default: return "\(self)"
        }
    }
}
