import GRDB

/// A part of a list.
package struct Page<Element: Sendable>: Sendable {
    package var elements: [Element]
    /// Whether the list goes on behind it.
    package var hasMore: Bool
}

/// Which part of a list is wanted.
package struct PageRequest: Sendable, Hashable {
    /// The element before the first one; nil begins with the list.
    package var after: String?
    package var limit: Int
    package var isAscending: Bool

    package init(after: String? = nil, limit: Int, isAscending: Bool = false) {
        self.after = after
        self.limit = limit
        self.isAscending = isAscending
    }

    /// Rows of `table` that are an owner's and, where it is given, of a purpose, in the order in which they came.
    ///
    /// Throws `.notFound` when `after` is nothing of the owner's.
    func rows(
        _ table: String,
        owner: String,
        purpose: String? = nil,
        _ database: Database
    ) throws -> (rows: [Row], hasMore: Bool) {
        var bound = isAscending ? Int64.min : Int64.max
        if let after {
            let sql = "SELECT number FROM \(table) WHERE id = ? AND owner = ?"
            guard let number = try Int64.fetchOne(database, sql: sql, arguments: [after, owner]) else {
                throw BatchError(.notFound, "'after' names nothing that is in the list")
            }
            bound = number
        }
        var sql = "SELECT * FROM \(table) WHERE owner = ? AND number \(isAscending ? ">" : "<") ?"
        var arguments: StatementArguments = [owner, bound]
        if let purpose {
            sql += " AND purpose = ?"
            arguments += [purpose]
        }
        sql += " ORDER BY number \(isAscending ? "ASC" : "DESC") LIMIT ?"
        arguments += [limit + 1]
        let rows = try Row.fetchAll(database, sql: sql, arguments: arguments)
        return (Array(rows.prefix(limit)), rows.count > limit)
    }
}
