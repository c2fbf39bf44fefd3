import Crypto

/// What an answer depends on, as one hash: the same for equal requests, in every process and on every machine.
package struct CacheKey: Sendable, Hashable, CustomStringConvertible {
    /// SHA-256.
    package let digest: [UInt8]

    /// The key of values by name; `CanonicalForm` says how any value is spelled.
    ///
    /// Cost: a walk over everything that the values hold.
    package init(_ parts: KeyValuePairs<String, Any>) {
        var form = CanonicalForm()
        for (name, value) in parts {
            form.add(name)
            form.add(value)
        }
        digest = Array(SHA256.hash(data: form.bytes))
    }

    /// The digest in hexadecimal.
    package var description: String {
        digest.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
}
