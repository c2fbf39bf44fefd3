package import Tensors

/// A compile-time parameter of an operation.
package enum Attribute: Sendable, Hashable {
    case integer(Int)
    case float(Double)
    case bool(Bool)
    case string(String)
    case elementType(ElementType)
    case integers([Int])
    case extents([Extent])
}

extension Attribute {
    /// Whether its whole numbers are within those of an extent.
    package var isInRange: Bool {
        switch self {
        case .integer(let value): Extent(value).isInRange
        case .integers(let values): values.allSatisfy { Extent($0).isInRange }
        case .extents(let extents): extents.allSatisfy(\.isInRange)
        case .float, .bool, .string, .elementType: true
        }
    }
}
