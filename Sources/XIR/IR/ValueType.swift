package import Tensors

/// The type of a value in XIR: an element type and an extent for each axis, written `f32[tokens, 1536]`.
package struct ValueType: Sendable, Hashable {
    package var elementType: ElementType
    package var extents: [Extent]

    package init(_ elementType: ElementType, _ extents: [Extent]) {
        self.elementType = elementType
        self.extents = extents
    }

    package init(_ type: TensorType) {
        elementType = type.elementType
        extents = type.shape.dimensions.map { Extent($0) }
    }

    package var rank: Int { extents.count }

    /// The number of elements as an extent, or nil when two symbolic axes multiply.
    package var elementCount: Extent? {
        extents.reduce(Extent(1) as Extent?) { $0?.multiplied(by: $1) }
    }

    /// The concrete type under a binding of symbols, or nil when one is unbound, negative or too large.
    package func bound(_ symbols: [String: Int]) -> TensorType? {
        var dimensions: [Int] = []
        for extent in extents {
            guard let value = extent.value(symbols) else { return nil }
            dimensions.append(value)
        }
        let shape = Shape(dimensions)
        guard let count = shape.checkedElementCount,
            !count.multipliedReportingOverflow(by: elementType.byteCount).overflow
        else { return nil }
        return TensorType(elementType, shape)
    }

    /// The symbols that the extents mention.
    package var symbols: Set<String> {
        Set(extents.flatMap { $0.terms.map(\.symbol) })
    }
}

extension ValueType: CustomStringConvertible {
    package var description: String {
        elementType.rawValue + "[" + extents.map(\.description).joined(separator: ", ") + "]"
    }
}

extension ValueType {
    /// Reads the form that `description` writes, such as `f32[tokens, 1536]`; nil when the text is anything else.
    package init?(parsing text: some StringProtocol) {
        guard let open = text.firstIndex(of: "["), text.last == "]",
            let elementType = ElementType(rawValue: String(text[..<open]))
        else { return nil }
        let inside = text[text.index(after: open)...].dropLast()
        self.init(elementType, [])
        if inside.isEmpty { return }
        for part in inside.split(separator: ",", omittingEmptySubsequences: false) {
            guard let extent = Extent(parsing: part.drop { $0 == " " }) else { return nil }
            extents.append(extent)
        }
    }
}
