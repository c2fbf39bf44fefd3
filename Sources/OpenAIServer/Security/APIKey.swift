import Crypto
import InferenceEngine

/// A key that clients show, known by its hash alone.
package struct APIKey: Sendable, Hashable {
    package enum Role: String, Sendable {
        /// Asks the model.
        case user
        /// Sees the server's state as well.
        case admin
    }

    /// Who holds it; told in logs.
    package var name: String
    package var role: Role
    /// SHA-256 of the key.
    package var hash: [UInt8]
    /// See `Account.weight`.
    package var weight: Int

    package init(name: String, role: Role, hash: [UInt8], weight: Int = 1) {
        self.name = name
        self.role = role
        self.hash = hash
        self.weight = weight
    }

    package init(name: String, role: Role, key: String, weight: Int = 1) {
        self.init(name: name, role: role, hash: Self.hash(key), weight: weight)
    }

    package static func hash(_ key: String) -> [UInt8] {
        Array(SHA256.hash(data: Array(key.utf8)))
    }

    /// A new key: 256 random bits.
    package static func generate() -> String {
        "kongur-"
            + (0..<4).map { _ in
                let text = String(UInt64.random(in: .min ... .max), radix: 16)
                return String(repeating: "0", count: 16 - text.count) + text
            }.joined()
    }

    /// What a weight can be.
    package static let weights = Account.weights

    /// What keeps one holder's prompts in the cache from the others.
    var cacheSalt: String { hash.map { String($0, radix: 16) }.joined(separator: ".") }
}
