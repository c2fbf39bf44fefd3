import XIR

/// What a name of an ONNX graph stands for while it is imported: a value of XIR, whole numbers that are known
/// symbolically (such as the result of `Shape`), or both.
struct ImportedValue {
    /// Whole numbers of a scalar or a vector, as extents.
    struct Numbers: Hashable {
        var extents: [Extent]
        var isScalar: Bool

        init(_ extents: [Extent], isScalar: Bool = false) {
            self.extents = extents
            self.isScalar = isScalar
        }

        /// The numbers of an operation on two operands, element by element; nil when any is not known.
        static func combined(_ x: Numbers?, _ y: Numbers?, _ operation: (Extent, Extent) -> Extent?) -> Numbers? {
            guard let x, let y, x.extents.count == y.extents.count || x.isScalar || y.isScalar else { return nil }
            let count = x.isScalar ? y.extents.count : x.extents.count
            let results = (0..<count).compactMap { index in
                operation(x.extents[x.isScalar ? 0 : index], y.extents[y.isScalar ? 0 : index])
            }
            guard results.count == count else { return nil }
            return Numbers(results, isScalar: x.isScalar && y.isScalar)
        }
    }

    var value: ValueID?
    var numbers: Numbers?

    init(_ value: ValueID?, numbers: Numbers? = nil) {
        self.value = value
        self.numbers = numbers
    }

    init(_ numbers: Numbers) {
        self.numbers = numbers
    }
}
