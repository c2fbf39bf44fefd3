/// Whose a request is: accounts share what an engine can do.
package struct Account: Sendable, Hashable {
    package var name: String
    /// Its share beside those of others: twice the weight is twice the work.
    package var weight: Int

    /// What a weight can be.
    package static let weights = 1...1000

    /// All who have no name are one.
    package static let anonymous = Account("")

    package init(_ name: String, weight: Int = 1) {
        self.name = name
        self.weight = min(max(weight, Self.weights.lowerBound), Self.weights.upperBound)
    }
}
