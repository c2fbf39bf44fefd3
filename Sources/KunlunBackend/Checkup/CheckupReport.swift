/// What `kongur doctor` found out about a Kunlun installation and a card: what a hardware owner can send back.
package struct CheckupReport: Sendable, Encodable {
    /// One library.
    package struct Library: Sendable, Encodable {
        package var purpose: String
        package var path: String?
        package var version: String?
        package var reason: String?
        package var present: [String]
        package var missing: [String]
        package var tried: [String]
    }

    /// What the runtime and libxpuml say about the device.
    package struct DeviceFacts: Sendable, Encodable {
        package var name: String
        /// Where it is on the bus, by which libxpuml's facts were found.
        package var address: String?
        package var product: String?
        package var driver: String?
        /// Attributes of the runtime by their names in ck_xpu.h.
        package var attributes: [String: UInt64]
        package var memoryByteCount: Int?
        package var usedMemoryByteCount: Int?
        package var temperature: Double?
        package var power: Double?
    }

    /// A block of memory that was written, copied back and compared, and how fast that was.
    package struct Transfer: Sendable, Encodable {
        package var byteCount: Int
        package var isIntact: Bool
        package var toDevice: Double
        package var toHost: Double

        private enum CodingKeys: String, CodingKey {
            case byteCount = "bytes"
            case isIntact = "intact"
            case toDevice = "to_device_bytes_per_second"
            case toHost = "to_host_bytes_per_second"
        }
    }

    /// An operation at one of the model's shapes beside the reference.
    package struct Operation: Sendable, Encodable {
        package var operation: String
        package var operands: [String]
        package var rows: Int
        /// `device`, or `cpu` where the library lacks it.
        package var ranOn: String
        /// Of the difference to the reference, relative to it: Euclidean norms.
        package var error: Double?
        package var tolerance: Double
        package var seconds: Double?
        /// Why it did not run.
        package var failure: String?

        package var isGood: Bool { failure == nil && (error ?? .infinity) <= tolerance }

        private enum CodingKeys: String, CodingKey {
            case operation, operands, rows
            case ranOn = "ran_on"
            case error, tolerance, seconds, failure
        }
    }

    /// What public sources leave open about one of the vendor's calls, and what holds on this card.
    package struct Reading: Sendable, Encodable {
        package struct Choice: Sendable, Encodable {
            package var choice: String
            package var isUsed: Bool
            /// The operation that it is about, run so.
            package var check: Operation

            private enum CodingKeys: String, CodingKey {
                case choice
                case isUsed = "in_use"
                case check
            }
        }

        package var name: String
        package var choices: [Choice]
    }

    /// Tokens at temperature 0 beside the reference's.
    package struct Tokens: Sendable, Encodable {
        /// The form of the weights: `f16` or `int8`.
        package var weights: String
        package var device: [Int]
        package var reference: [Int]
        package var seconds: Double

        package var isEqual: Bool { device == reference }
    }

    package var kongur: String
    package var libraries: [Library]
    package var device: DeviceFacts?
    package var transfers: [Transfer] = []
    package var operations: [Operation] = []
    /// Products of very many columns, in one and split: the known fault.
    package var wideProducts: [Operation] = []
    package var readings: [Reading] = []
    package var tokens: [Tokens] = []
    /// What is wrong, one sentence each; empty when all is well.
    package var problems: [String] = []
    /// What would be faster, one sentence each.
    package var hints: [String] = []

    private enum CodingKeys: String, CodingKey {
        case kongur, libraries, device, transfers, operations
        case wideProducts = "wide_products"
        case readings, tokens, problems, hints
    }
}
