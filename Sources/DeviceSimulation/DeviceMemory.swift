package import DeviceRuntime

/// The memory of a simulated device: what each owner holds, and no more than the device has.
package struct DeviceMemory: Sendable {
    package enum Owner: String, Sendable, Hashable, CaseIterable {
        case weights
        /// Keys and values.
        case states
        /// Intermediate values.
        case arena
        /// What a step is given and gives back.
        case transfers
    }

    package let byteCount: Int
    package private(set) var held: [Owner: Int] = [:]

    package init(byteCount: Int) {
        self.byteCount = byteCount
    }

    package var usedByteCount: Int { held.values.reduce(0, +) }

    /// Takes memory for all owners, or none.
    ///
    /// Throws `.outOfMemory`, with what each would hold, when it does not fit.
    package mutating func allocate(_ bytes: [Owner: Int], on device: String) throws(DeviceError) {
        let wanted = bytes.values.reduce(0, +)
        guard wanted <= byteCount - usedByteCount else {
            let parts = Owner.allCases.compactMap { owner in bytes[owner].map { "\(owner.rawValue) \($0)" } }
            throw DeviceError(
                .outOfMemory,
                "'\(device)' has \(byteCount) bytes of memory, of which \(usedByteCount) are taken; the program needs \(wanted): \(parts.joined(separator: ", ")). Ask for a smaller cache with --cache-mib, keep weights in fewer bits, or take a larger device"
            )
        }
        held.merge(bytes, uniquingKeysWith: +)
    }

    package mutating func free(_ bytes: [Owner: Int]) {
        held.merge(bytes) { $0 - $1 }
    }
}
