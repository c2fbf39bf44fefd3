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
