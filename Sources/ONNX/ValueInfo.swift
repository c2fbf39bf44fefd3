package import Tensors

/// The type of a graph's input or output.
package struct ValueInfo: Sendable, Hashable {
    package enum Dimension: Sendable, Hashable {
        case fixed(Int)
        /// Axes with the same name have the same length.
        case named(String)
        case unknown
    }

    package var name: String
    package var elementType: ElementType
    /// Nil when the file does not even say how many axes there are.
    package var dimensions: [Dimension]?

    package init(_ name: String, _ elementType: ElementType, _ dimensions: [Dimension]?) {
        self.name = name
        self.elementType = elementType
        self.dimensions = dimensions
    }
}

extension ValueInfo.Dimension: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral {
    package init(integerLiteral value: Int) { self = .fixed(value) }
    package init(stringLiteral value: String) { self = .named(value) }
}
