/// The extents of a tensor, outermost first; an empty shape is a scalar.
package struct Shape: Sendable, Hashable, ExpressibleByArrayLiteral {
    package var dimensions: [Int]

    package init(_ dimensions: [Int]) {
        self.dimensions = dimensions
    }

    package init(arrayLiteral elements: Int...) {
        dimensions = elements
    }

    package var rank: Int { dimensions.count }

    package subscript(axis: Int) -> Int { dimensions[axis] }

    /// The number of elements, or nil when an extent is negative or the product does not fit in an `Int`.
    package var checkedElementCount: Int? {
        var count = 1
        for dimension in dimensions {
            if dimension < 0 { return nil }
            let (product, overflow) = count.multipliedReportingOverflow(by: dimension)
            if overflow { return nil }
            count = product
        }
        return count
    }

    /// The number of elements of a shape that is known to be sound.
    package var elementCount: Int {
        dimensions.reduce(1, *)
    }

    /// Elements to step over for one step along each axis, in row-major order.
    package var strides: [Int] {
        var strides = [Int](repeating: 1, count: rank)
        var stride = 1
        for axis in (0..<rank).reversed() {
            strides[axis] = stride
            stride *= dimensions[axis]
        }
        return strides
    }
}

extension Shape: CustomStringConvertible {
    package var description: String {
        "[" + dimensions.map(String.init).joined(separator: ", ") + "]"
    }
}

/// What a tensor is, without its values: element type and shape.
package struct TensorType: Sendable, Hashable {
    package var elementType: ElementType
    package var shape: Shape

    package init(_ elementType: ElementType, _ shape: Shape) {
        self.elementType = elementType
        self.shape = shape
    }

    package var byteCount: Int { shape.elementCount * elementType.byteCount }
}

extension TensorType: CustomStringConvertible {
    package var description: String { "\(elementType.rawValue)\(shape)" }
}
